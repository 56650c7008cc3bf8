"""One rack file has one owner: a lock that dies with its process, and says whose it is.

The lock file stands in /run/lock (else the folder for temporary files) under a name made from the rack file's real
path, and not beside it: editors replace a file, and a folder of settings may be read-only. It is never removed; what
counts is the kernel's lock on it (flock), so nothing stale is left by a crash.
"""

import fcntl
import hashlib
import os
import tempfile
import time
import weakref
from contextlib import suppress
from pathlib import Path

from orchestrator.model.errors import Refused

RUN_LOCK = Path("/run/lock")
LINGER_S = 1.0
"""Host seconds in which a killed owner's lock goes: the child that it was just starting has it too, until its exec."""


class Owner:
    """Owns the rack file until `release`, or until this process ends. Raises Refused, with the present owner's pid."""

    def __init__(self, rack_file: Path, folder: Path | None = None) -> None:
        real = rack_file.resolve()
        if folder is None:
            folder = RUN_LOCK if os.access(RUN_LOCK, os.W_OK) else Path(tempfile.gettempdir())
        lock = folder / f"orchestrator-{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}.lock"
        self.children = lock.with_suffix(".children")
        """The path for the record of the owner's child processes."""
        fd = _open(lock)
        self.release = weakref.finalize(self, _release, fd)
        try:
            _lock(fd)
        except OSError as exc:
            pid = _owner(fd) or "of another user"
            self.release()
            remedy = "ask that process, or end it first: one rack file has one owner"
            raise Refused(f"{rack_file} is owned by process {pid}", remedy=remedy) from exc
        with suppress(OSError):  # opened for reading only: another user's file, and the lock counts all the same
            os.pwrite(fd, f"{os.getpid():<20}".encode(), 0)


def _lock(fd: int) -> None:
    """At once, or LINGER_S after its owner's death. OSError: it is another's."""
    until = time.monotonic() + LINGER_S
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _owner(fd)
            if pid is None or Path("/proc", str(pid)).exists() or time.monotonic() >= until:
                raise
        time.sleep(0.005)


def _release(fd: int) -> None:
    """Closing alone would leave it to a child between fork and exec."""
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)


def _owner(fd: int) -> int | None:
    """As the lock says."""
    said = os.pread(fd, 20, 0).strip()
    return int(said) if said.isdigit() else None


def _open(path: Path) -> int:
    """Made if need be. In a sticky folder not even root may open another user's file with O_CREAT (protected_regular),
    so it is tried without first."""
    for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDWR, os.O_RDONLY):
        try:
            return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except (FileNotFoundError, FileExistsError, PermissionError) as exc:
            last = exc
    raise Refused(f"the lock {path} cannot be opened: {last.strerror}", remedy=f"remove {path}") from last
