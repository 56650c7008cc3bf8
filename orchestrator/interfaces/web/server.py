"""The server: uvicorn in a thread, on a socket that is bound before anything else begins.

serve_http(rack, host, port) ──▶ HttpServer (it answers) ──stop()──▶ streams end, requests end, the thread ends
"""

import ipaddress
import logging
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import uvicorn
from fastapi import FastAPI

from orchestrator.interfaces.web.app import HOSTS, create_app
from orchestrator.interfaces.web.events import Feed
from orchestrator.interfaces.web.tokens import Tokens
from orchestrator.model.errors import ConfigError, Refused

if TYPE_CHECKING:
    from orchestrator.rack import Rack

START_S = 20.0
STOP_S = 3
"""Host seconds that a request may take to end when the server stops; uvicorn counts whole ones."""
STALLED_MS = 20_000
"""After so long without reading, the kernel ends a connection whose data does not go out (Linux TCP_USER_TIMEOUT)."""
MOST_AT_ONCE = 4_096
"""Connections and requests; beyond them 503."""


class HttpServer:
    """A service that runs. A context: leaving it stops it. The rack stays open."""

    def __init__(self, server: uvicorn.Server, bound: socket.socket, app: FastAPI, scheme: str) -> None:
        self._server, self._socket, self.app = server, bound, app
        self.feed: Feed = app.state.feed
        self._thread = threading.Thread(target=server.run, args=([bound],), name="web-server", daemon=True)
        host, self.port = bound.getsockname()[:2]
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        """Returns when it answers. Raises Refused when it does not within START_S."""
        self._thread.start()
        pause = threading.Event()
        for _ in range(int(START_S / 0.005)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            pause.wait(0.005)
        self.stop()
        raise Refused(f"the server at {self.url} did not start", remedy="the log has the reason")

    def stop(self) -> None:
        """Ends the streams first, then the requests; returns when the thread has ended, within STOP_S and a moment."""
        self.feed.end_soon()
        self._server.should_exit = True
        self._thread.join(STOP_S + 5)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve_http(
    rack: "Rack",
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    tokens: Tokens | None = None,
    hosts: tuple[str, ...] = (),
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    bound: socket.socket | None = None,
) -> HttpServer:
    """A server that answers. Stop it before the rack is closed.

    Args:
        port: 0 takes a free one.
        tokens: without them the address must be this host's own.
        hosts: further names it is reached by, besides `host` and those of this host.
        tls_certificate, tls_key: PEM files; without them a proxy speaks https, or nobody.
        bound: what `listen` gave for this address; None = it is asked now.
    Raises:
        Refused: no tokens for an address that others can reach; the port is taken.
        ConfigError: there is no such address, or the certificate cannot be used.
    """
    bound = bound or listen(host, port, tokens)
    app = create_app(rack, tokens=tokens, hosts=(*HOSTS, *((f"[{host}]" if ":" in host else host),), *hosts))
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
        limit_concurrency=MOST_AT_ONCE,
        ssl_certfile=tls_certificate,
        ssl_keyfile=tls_key,
    )
    try:
        config.load()
    except (OSError, ValueError) as exc:  # ssl.SSLError is an OSError
        bound.close()
        raise ConfigError(f"the certificate {tls_certificate} with the key {tls_key} cannot be used: {exc}") from exc
    server = HttpServer(uvicorn.Server(config), bound, app, "https" if tls_certificate else "http")
    server.start()
    return server


def listen(host: str, port: int, tokens: Tokens | None) -> socket.socket:
    """The address, taken: before a rack is opened, whose plans would begin for a service that cannot be.

    Raises as `serve_http`.
    """
    if not _is_loopback(host) and (tokens is None or not tokens.list()):
        raise Refused(
            f"{host} can be reached by others, and there are no tokens",
            remedy="make one with `orchestrator token add`, or serve on 127.0.0.1",
        )
    return _bind(host, port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # said, else asyncio sets no TCP_NODELAY
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)  # accepted ones inherit it
        bound.bind((host, port))
        bound.listen(2048)
    except OSError as exc:
        bound.close()
        if isinstance(exc, socket.gaierror):
            raise ConfigError(f"{host} is no address of this host: {exc.strerror}") from exc
        raise Refused(f"{host}:{port} cannot be served: {exc.strerror}", remedy="name another port or address") from exc
    return bound
