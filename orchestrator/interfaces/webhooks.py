"""A signed webhook after Standard Webhooks 1.0: one POST, said again until it is taken, or too old.

    put(body) ──▶ bounded queue ──thread──▶ resolve once ──▶ may we reach it? ──▶ connect to that very address, POST
                       ▲                                                                  │
                       └────────────── 1, 2, 4 ... 300 s later, for a day ◀── no answer, or 408, 425, 429, 5xx

Headers: webhook-id (the same whenever it is said again), webhook-timestamp (Unix seconds of this try) and
webhook-signature ("v1,", then base64 of HMAC-SHA256 over "id.timestamp.body"). A redirect is an answer that is not
2xx, and no proxy of the environment is asked. The url is never logged: its path often is a password.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import ipaddress
import logging
import os
import secrets
import socket
import ssl
import stat
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.model.errors import ConfigError
from orchestrator.settings.alerts import Address, AlertSettings

TRY_S = 5.0
"""Host seconds of one try, beside the resolver's own time."""
LONGEST_PAUSE_S = 300.0
KEEP_S = 86_400.0
MOST = 1_000
"""That wait for one webhook; the oldest make way."""
PASSING = frozenset({408, 425, 429, *range(500, 600)})
"""HTTP statuses that may be another one later."""
SECRET_BYTES = range(24, 65)
"""Standard Webhooks 1.0, "Signature scheme"."""
_PREFIX = "whsec_"

_log = logging.getLogger("orchestrator.alerts")


class Unwanted(Exception):
    """It is of no use to say it again."""


def secret_of(rule: AlertSettings, folder: Path) -> bytes:
    """The key that signs. Raises ConfigError where there is none; the secret itself is in no error."""
    if rule.secret_env is not None:
        where, text = f"the environment variable {rule.secret_env}", os.environ.get(rule.secret_env, "")
    else:
        path = folder / Path(str(rule.secret_file)).expanduser()
        where = str(path)
        try:
            mode, text = path.stat().st_mode, path.read_text("ascii").strip()
        except (OSError, ValueError) as exc:
            raise ConfigError(f"alerts to {rule.host}: {path} cannot be read as a secret") from exc
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            raise ConfigError(f"{path} is a secret, and any user may read it", remedy=f"chmod o= {path}")
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in SECRET_BYTES:
        raise ConfigError(
            f"alerts to {rule.host}: {where} holds no secret: base64 of 24 to 64 bytes, {_PREFIX} before it or not",
            remedy=f'make one with: echo "{_PREFIX}$(openssl rand -base64 32)"',
        )
    return key


def sign(key: bytes, letter_id: str, timestamp: int, body: bytes) -> str:
    digest = hmac.new(key, f"{letter_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@dataclass(frozen=True, slots=True)
class _Letter:
    id: str
    body: bytes
    since: float


class Webhook:
    """One rule's address, with the thread that speaks to it. `put` never waits."""

    def __init__(self, rule: AlertSettings, folder: Path, *, first_pause_s: float = 1.0) -> None:
        """Raises ConfigError for a secret that is not there. `first_pause_s`: doubled at each further try."""
        self.rule = rule
        self._key, self._first_pause_s = secret_of(rule, folder), first_pause_s
        self._url = urlsplit(rule.url)
        self._tls = ssl.create_default_context() if self._url.scheme == "https" else None
        self._letters: deque[_Letter] = deque(maxlen=MOST)
        self._changed, self._over, self._lost = threading.Condition(), False, 0
        self._thread = threading.Thread(target=self._run, name=f"webhook-{rule.host}", daemon=True)
        self._thread.start()

    def put(self, body: bytes) -> None:
        with self._changed:
            self._lost += len(self._letters) == MOST
            self._letters.append(_Letter(f"msg_{secrets.token_hex(12)}", body, time.monotonic()))
            self._changed.notify()

    def end_soon(self) -> None:
        """What waits gets one try more, until the first that fails."""
        with self._changed:
            self._over = True
            self._changed.notify()

    def join(self, timeout: float) -> None:
        self._thread.join(max(0.0, timeout))

    def _run(self) -> None:
        failures = 0
        while (letter := self._next()) is not None:
            try:
                trouble = self._say(letter)
                if trouble and time.monotonic() - letter.since > KEEP_S:
                    raise Unwanted(f"{trouble}, for a day")
            except Unwanted as exc:
                trouble = ""
                _log.error("an alert to %s is given up: %s", self.rule.host, exc)
            if not trouble:
                failures = 0
                self._drop(letter)
                continue
            failures += 1
            pause_s = min(LONGEST_PAUSE_S, self._first_pause_s * 2.0 ** min(failures - 1, 20))
            if failures == 1:
                _log.warning("an alert to %s is said again until it is taken: %s", self.rule.host, trouble)
            with self._changed:
                if self._changed.wait_for(lambda: self._over, pause_s) and failures > 1:
                    break
        if self._letters:
            _log.error("%d alerts to %s were never taken", len(self._letters), self.rule.host)

    def _next(self) -> _Letter | None:
        """Blocks until there is one; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._letters or self._over)
            if self._lost:
                _log.error("%d alerts to %s had to make way for newer ones", self._lost, self.rule.host)
                self._lost = 0
            return self._letters[0] if self._letters else None

    def _drop(self, letter: _Letter) -> None:
        with self._changed:
            if self._letters and self._letters[0] is letter:  # else it had to make way meanwhile
                self._letters.popleft()

    def _say(self, letter: _Letter) -> str:
        """ "" when it was taken; else why not. Raises Unwanted."""
        try:
            status = self._post(letter)
        except (OSError, HTTPException, UnicodeError) as exc:
            return str(getattr(exc, "strerror", None) or type(exc).__name__)
        if 200 <= status < 300:
            return ""
        if status in PASSING:
            return f"HTTP status {status}"
        raise Unwanted(f"HTTP status {status}" + ", and redirects are not followed" * (300 <= status < 400))

    def _post(self, letter: _Letter) -> int:
        now, host = int(time.time()), self.rule.host
        port = self._url.port or (443 if self._tls else 80)
        connection = _Pinned(host, port, self._addresses(host, port), self._tls)
        guard = threading.Timer(TRY_S, connection.cut)
        guard.daemon = True
        guard.start()
        try:
            connection.request(
                "POST",
                (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else ""),
                letter.body,
                {
                    "content-type": "application/json",
                    "user-agent": "drive-test-orchestrator",
                    "webhook-id": letter.id,
                    "webhook-timestamp": str(now),
                    "webhook-signature": sign(self._key, letter.id, now, letter.body),
                },
            )
            return connection.getresponse().status
        finally:
            guard.cancel()
            connection.close()

    def _addresses(self, host: str, port: int) -> list[Address]:
        """What the name stands for now: asked once, and nobody asks again. Raises Unwanted where one is forbidden."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
        for address in addresses:
            if not self.rule.may_reach(address):
                raise Unwanted(f"it stands for {address}, which the rack file does not allow")
        return addresses


class _Pinned(HTTPConnection):
    """To one of these addresses, whatever the name may stand for by now; its certificate must be the name's."""

    def __init__(self, host: str, port: int, addresses: list[Address], tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port)
        self._addresses, self._tls = addresses, tls
        self._until = time.monotonic() + TRY_S
        if tls is not None:
            self.default_port = 443

    def connect(self) -> None:
        last: OSError = TimeoutError("timed out")
        for address in self._addresses:
            if (left := self._until - time.monotonic()) <= 0:
                break
            try:
                self.sock = socket.create_connection((str(address), self.port), left)
            except OSError as exc:
                last = exc
                continue
            if self._tls is not None:
                self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)
            return
        raise last

    def cut(self) -> None:
        """From the guard's thread: whoever reads or writes is woken, also where a byte trickles in now and then."""
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
