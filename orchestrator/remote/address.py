"""Where a service is, and the way there: plain or TLS, straight or through the environment's proxy."""

import base64
import http.client
import ipaddress
import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

from orchestrator.model.errors import ConfigError, InvalidArgument

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    scheme: str
    host: str
    port: int
    prefix: str = ""
    """Where a proxy has put the service below a path: "/rack7"."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises InvalidArgument for what is no http or https address, and for one that carries a password."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            parts, port = SplitResult("", "", "", "", ""), None
        strange = parts.query or parts.fragment or "@" in parts.netloc
        if parts.scheme not in PORTS or not parts.hostname or strange or port == 0:
            shown = "what was given" if "@" in url else repr(url)
            raise InvalidArgument(
                f"{shown} is no address of a service", remedy="it looks like https://bench-7:8443, and holds no token"
            )
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def netloc(self) -> str:
        """As the headers Host and Origin have it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return self.origin + self.prefix


class Way:
    """Opens connections to an address. Certificates are always checked."""

    def __init__(self, address: Address, cafile: str | Path | None = None) -> None:
        """`cafile`: PEM file of the authority that signed the service's certificate; None = the system's own.

        Raises ConfigError when it cannot be used.
        """
        self._address = address
        self._context: ssl.SSLContext | None = None
        if address.scheme == "https":
            try:
                self._context = ssl.create_default_context(cafile=cafile)
            except OSError as exc:  # ssl.SSLError is one
                raise ConfigError(f"the certificates in {cafile} cannot be used: {exc}") from exc
        self._proxy = _proxy_of(address)

    def target(self, path: str) -> str:
        """What the request line says: a proxy of plain http needs the whole address."""
        plain_proxy = self._proxy is not None and self._context is None
        return f"{self._address if plain_proxy else self._address.prefix}{path}"

    def headers(self) -> dict[str, str]:
        """For each request: the proxy's, where it sees them."""
        return _login(self._proxy) if self._proxy is not None and self._context is None else {}

    def open(self, timeout: float) -> http.client.HTTPConnection:
        """Not connected yet. `timeout`: host seconds of silence."""
        address, proxy = self._address, self._proxy
        host, port = (address.host, address.port) if proxy is None else (str(proxy.hostname), proxy.port or 80)
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=timeout)
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)
        if proxy is not None:
            connection.set_tunnel(address.host, address.port, _login(proxy))
        return connection


def _proxy_of(address: Address) -> SplitResult | None:
    """None for an address of this host, whatever the environment says."""
    if address.is_loopback or urllib.request.proxy_bypass(address.netloc):
        return None
    given = urllib.request.getproxies().get(address.scheme)
    if not given:
        return None
    found = urlsplit(given if "://" in given else f"http://{given}")
    if found.scheme != "http" or not found.hostname:
        raise ConfigError(
            f"{address.scheme}_proxy is no http proxy", remedy="correct it, or name the service's host in no_proxy"
        )
    return found


def _login(proxy: SplitResult | None) -> dict[str, str]:
    if proxy is None or proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
