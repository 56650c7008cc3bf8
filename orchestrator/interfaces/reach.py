"""Which rack a command works on: a service's, the one a file describes, or a simulated one.

    --url URL       that service, with the token
    --simulated     a rack without hardware, in this process
    --config FILE   the service that owns the file, where one does and says where it answers; else the rack is opened
                    in this process, if the command can do that
    nothing         ORCHESTRATOR_URL with the token; else the service at 127.0.0.1:8080, where one answers

A token is sent to an address that was named, and to no other: whoever has an account here can listen on a port.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Union

from orchestrator.interfaces.opening import open_rack
from orchestrator.interfaces.service import USUAL
from orchestrator.model.errors import ConfigError, InvalidArgument, NotPermitted, OrchestratorError, Refused

if TYPE_CHECKING:
    from orchestrator.rack import Rack
    from orchestrator.remote.rack import RemoteRack

AnyRack = Union["Rack", "RemoteRack"]
FIRST_S = 5.0
"""Host seconds to reach a service that was named."""
LATER_S = 60.0
"""To reach it again: a restart is over by then."""
WAYS = "give its file (--config FILE), or say --simulated, or name its service (--url URL)"


@dataclass(frozen=True, slots=True)
class Named:
    """What was said on the command line."""

    config: Path | None = None
    simulated: bool = False
    url: str | None = None
    token_file: Path | None = None
    cafile: Path | None = None

    def __post_init__(self) -> None:
        if (self.config is not None) + self.simulated + (self.url is not None) > 1:
            raise InvalidArgument("more than one rack was named", remedy=WAYS)
        if self.token_file is not None and self.address is None:
            raise InvalidArgument("a token is for a service that is named", remedy="give its address (--url URL)")

    @property
    def address(self) -> str | None:
        """What was named in so many words, here or in the environment."""
        if self.url is not None or self.config is not None or self.simulated:
            return self.url
        return os.environ.get("ORCHESTRATOR_URL") or None

    @property
    def words(self) -> list[str]:
        """The options that name it again, without those that have a default."""
        pairs = (("--config", self.config), ("--url", self.url), ("--token-file", self.token_file),
                 ("--cafile", self.cafile))  # fmt: skip
        found = [word for option, value in pairs if value is not None for word in (option, str(value))]
        return [*found, "--simulated"] if self.simulated else found


def open_any(named: Named) -> AnyRack:
    """The service's rack, or one in this process. A context. Raises InvalidArgument where none is named."""
    found = find_service(named)
    if found is not None:
        return found
    if named == Named():
        raise InvalidArgument("no rack was named, and no service answers on this host", remedy=WAYS)
    return open_rack(named.config, named.simulated)


def need_service(named: Named) -> "RemoteRack":
    """Raises Refused where no service runs the rack that is named, InvalidArgument where none is."""
    found = find_service(named)
    if found is not None:
        return found
    if named.config is not None:
        raise Refused(
            f"no service that can be asked runs {named.config}",
            remedy=f"start it (orchestrator serve --config {named.config}), or name its address (--url URL)",
        )
    raise InvalidArgument(f"no service answers at {USUAL}", remedy="name its address (--url URL)")


def find_service(named: Named) -> "RemoteRack | None":
    """None where none is named and none is there. Raises Unreachable for one that is named; NotPermitted."""
    if named.simulated:
        return None
    if named.address is not None:
        return _connect(named.address, read_token(named.token_file), named.cafile)
    if named.config is not None:
        from orchestrator.adapters.owner import address_of_owner

        url = address_of_owner(named.config)
        return _connect(url, None, named.cafile) if url else None
    return _usual()


def _usual() -> "RemoteRack | None":
    """Asked once, without a token. What answers there and is no service of ours is as nothing."""
    try:
        return _connect(f"http://{USUAL}", None, None, first_s=0.0)
    except NotPermitted:
        raise
    except OrchestratorError:
        return None


def _connect(url: str, token: str | None, cafile: Path | None, first_s: float | None = None) -> "RemoteRack":
    from orchestrator.remote.rack import RemoteRack

    try:
        rack = RemoteRack(url, token=token, timeout=FIRST_S if first_s is None else first_s, cafile=cafile)
    except NotPermitted as exc:
        remedy = exc.remedy
        if token is None:
            remedy = f"give --url {url}, and its token by ORCHESTRATOR_TOKEN or --token-file"
        raise NotPermitted(f"{url}: {exc.text}", remedy=remedy) from exc
    rack.timeout = LATER_S
    return rack


def read_token(file: Path | None) -> str | None:
    """Of the file, else of the environment. Raises ConfigError for a file that holds none, or that others can read."""
    if file is None:
        return os.environ.get("ORCHESTRATOR_TOKEN") or None
    try:
        with file.open(encoding="ascii") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise ConfigError(f"{file} can be read by others", remedy=f"chmod 600 {file}")
            token = opened.read(1000).strip()
    except (OSError, ValueError) as exc:
        raise ConfigError(f"the token in {file} cannot be read: {exc}") from exc
    if not token or not token.isprintable():
        raise ConfigError(f"{file} holds no token", remedy="it holds one line: what `orchestrator token add` showed")
    return token
