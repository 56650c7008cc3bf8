"""The web service beside a rack: what --http and its companions ask for, and whether it can be had.

asked() ──▶ listening(): the address is taken ──▶ the rack is opened ──▶ the server starts, and stops before the rack
"""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from orchestrator.model.errors import InvalidArgument, Refused

if TYPE_CHECKING:
    from orchestrator.interfaces.web.server import HttpServer
    from orchestrator.rack import Rack

USUAL = "127.0.0.1:8080"
NEEDED = ("fastapi", "uvicorn", "jinja2", "prometheus_client")
"""What the extra `service` installs."""
INSTALL = "install the extra: pip install 'drive-test-orchestrator[service]'"


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service is to answer."""

    host: str
    port: int
    hosts: tuple[str, ...] = ()
    """Further names that it answers to."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @classmethod
    def asked(
        cls, http: str | None, hosts: tuple[str, ...], tls_certificate: Path | None, tls_key: Path | None
    ) -> "Self | None":
        """None for `--http none`, and where nothing was said and the extra is not installed.

        Raises InvalidArgument for what is no address; Refused where --http was said and the extra is missing.
        """
        if (tls_certificate is None) is not (tls_key is None):
            raise InvalidArgument("TLS takes two files", remedy="give --tls-certificate and --tls-key")
        if http == "none":
            return None
        missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
        if missing and http is None:
            return None
        host, port = _address(http or USUAL)
        if missing:
            raise Refused(f"--http needs {', '.join(missing)}, not installed here", remedy=INSTALL)
        return cls(host, port, hosts, tls_certificate, tls_key)

    @contextmanager
    def listening(self) -> Iterator[Callable[["Rack"], "HttpServer"]]:
        """The address is taken while this lasts; what it gives starts the server on it, once a rack is open.

        Raises Refused: the port is taken, or others can reach the address and there are no tokens; ConfigError.
        """
        from orchestrator.interfaces.web.server import listen, serve_http  # FastAPI: only for those who serve
        from orchestrator.interfaces.web.tokens import Tokens

        kept = Tokens(tokens_path())
        tokens = kept if kept.list() else None
        with closing(listen(self.host, self.port, tokens)) as bound:
            yield partial(
                serve_http,
                host=self.host,
                port=self.port,
                tokens=tokens,
                hosts=self.hosts,
                tls_certificate=self.tls_certificate,
                tls_key=self.tls_key,
                bound=bound,
            )


def tokens_path() -> Path:
    from orchestrator.system.store import state_folder  # pydantic: only for those who need the folder

    return state_folder() / "tokens.json"


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not bare or (":" in bare and bare == host) or not port.isdecimal() or int(port) > 65_535:
        raise InvalidArgument(
            f"--http is {text!r}",
            remedy="it takes an address and a port, such as 127.0.0.1:8080 or [::1]:8080, or none",
        )
    return bare, int(port)
