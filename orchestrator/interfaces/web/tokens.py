"""Who may come in: tokens of 256 bits, shown once, kept as SHA-256 in a file of mode 0600 that is written atomically.

    add ──▶ "dto_..." (shown once)        check("dto_...") ──▶ Token or None        revoke(id)

A running service reads the file anew when it has changed, so a token is revoked at once. A fast hash suffices: what it
hides is random.
"""

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from pathlib import Path

from orchestrator.model.errors import ConfigError, InvalidArgument, NotFound


class Scope(StrEnum):
    """What a token lets one do; each includes those above it."""

    READ = "read"
    RUN = "run"
    """Start, pause, resume and cancel jobs."""
    ADMIN = "admin"
    """Release slots, and run code on the host: pytest suites."""


IMPLIED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.RUN: frozenset({Scope.READ, Scope.RUN}),
    Scope.ADMIN: frozenset(Scope),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: nobody can log in with it."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    """As given; `allowed` has what they include."""
    sha256: str
    created: datetime
    expires: datetime | None = None

    @property
    def allowed(self) -> frozenset[Scope]:
        return frozenset().union(*(IMPLIED[scope] for scope in self.scopes))


class Tokens:
    """The tokens of one file. Its methods may be called from any thread; they read or write a small file."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """A file that does not exist yet holds no tokens. `now`, `monotonic`: the two clocks that end a token."""
        self.path = path
        self._now, self._monotonic = now, monotonic
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()
        self._ends: dict[str, float] = {}

    def add(self, name: str, scopes: Iterable[str], *, lifetime: timedelta | None = None) -> str:
        """The new token, which is never shown again.

        Raises InvalidArgument for an empty name, no scope or an unknown one; ConfigError for an unusable file.
        """
        wanted = tuple(_scope(scope) for scope in scopes)
        if not wanted or not name.strip():
            raise InvalidArgument("a token takes a name and at least one scope: read, run, admin")
        if lifetime is not None and lifetime <= timedelta(0):
            raise InvalidArgument("a token's lifetime is more than nothing")
        secret, created = f"dto_{secrets.token_urlsafe(32)}", self._now()
        token = Token(
            secrets.token_hex(4), name, wanted, _hash(secret), created, created + lifetime if lifetime else None
        )
        with self._writing() as tokens:
            self._write((*tokens, token))
        return secret

    def list(self) -> tuple[Token, ...]:
        """All of them, the expired ones too. Raises ConfigError."""
        with self._lock:
            return self._read()

    def revoke(self, token_id: str) -> Token:
        """The token that is no more. Raises NotFound, ConfigError."""
        with self._writing() as tokens:
            found = next((token for token in tokens if token.id == token_id), None)
            if found is None:
                raise NotFound(f"no token {token_id!r}", remedy="list the tokens to see their ids")
            self._write(tuple(token for token in tokens if token != found))
        return found

    def check(self, secret: str) -> Token | None:
        """The token, unless it is unknown, revoked or expired. Takes as long whichever it is. Raises ConfigError."""
        given, found = _hash(secret), None
        for token in self.list():
            if compare_digest(token.sha256, given):
                found = token
        return found if found is not None and self.is_alive(found.id) else None

    def is_alive(self, token_id: str) -> bool:
        """Neither revoked nor expired, by the wall clock or, where that was set back, by the monotonic one."""
        found = next((token for token in self.list() if token.id == token_id), None)
        if found is None:
            return False
        return found.expires is None or (
            self._now() < found.expires and self._monotonic() < self._ends.get(found.id, float("inf"))
        )

    def _read(self) -> tuple[Token, ...]:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
            return ()
        seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if seen != self._seen:
            if stat.st_mode & 0o077:
                raise ConfigError(f"{self.path} may be read by others", remedy=f"chmod 600 {self.path}")
            try:
                self._tokens = tuple(map(_token, json.loads(self.path.read_text())["tokens"]))
            except (OSError, ValueError, KeyError, TypeError) as exc:
                raise ConfigError(f"{self.path} is not a file of tokens: {exc!r}") from exc
            self._seen = seen
            for token in self._tokens:
                if token.expires is not None:
                    left = (token.expires - self._now()).total_seconds()
                    self._ends.setdefault(token.id, self._monotonic() + left)
        return self._tokens

    @contextmanager
    def _writing(self) -> Iterator[tuple[Token, ...]]:
        """The tokens, while no other process changes them."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_name(f"{self.path.name}.lock").open("w")
        except OSError as exc:
            raise ConfigError(f"{self.path} cannot be written: {exc.strerror}") from exc
        with self._lock, lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()

    def _write(self, tokens: tuple[Token, ...]) -> None:
        text = json.dumps({"tokens": [_plain(token) for token in tokens]}, indent=1)
        try:
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f"{self.path.name}.")  # mode 0600
            try:
                with os.fdopen(handle, "w") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as exc:
            raise ConfigError(f"{self.path} cannot be written: {exc.strerror or exc}") from exc


def _scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise InvalidArgument(f"no scope {text!r}; a token takes read, run or admin") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "sha256": token.sha256,
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat() if token.expires else None,
    }


def _token(found: dict[str, str]) -> Token:
    expires = datetime.fromisoformat(found["expires"]) if found["expires"] else None
    scopes = tuple(Scope(scope) for scope in found["scopes"])
    return Token(found["id"], found["name"], scopes, found["sha256"], datetime.fromisoformat(found["created"]), expires)
