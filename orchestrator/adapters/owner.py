"""One rack file has one owner: a lock that dies with its process, and says whose it is.

The lock file stands in /run/lock (else the folder for temporary files) under a name made from the rack file's real
path, and not beside it: editors replace a file, and a folder of settings may be read-only. It is never removed; what
counts is the kernel's lock on it (flock), so nothing stale is left by a crash.

    1234                http://127.0.0.1:8080        the owner's pid, and where it answers, if it does
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
PID_BYTES = 20
LOCKS = Path("/proc/locks")
LINGER_S = 1.0
"""Host seconds in which a killed owner's lock goes: the child that it was just starting has it too, until its exec."""


class Owner:
    """Owns the rack file until `release`, or until this process ends. Raises Refused, with the present owner's pid."""

    def __init__(self, rack_file: Path, folder: Path | None = None) -> None:
        lock = _lock_of(rack_file, folder)
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
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid():<{PID_BYTES}}".encode(), 0)


def announce(rack_file: Path, url: str, folder: Path | None = None) -> None:
    """Says where this process answers by HTTP, beside its pid; nothing where it does not own the file."""
    with suppress(OSError):
        fd = os.open(_lock_of(rack_file, folder), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if os.pread(fd, PID_BYTES, 0).decode("ascii", "replace").strip() == str(os.getpid()):
                os.pwrite(fd, url.encode(), PID_BYTES)
        finally:
            os.close(fd)


def address_of_owner(rack_file: Path, folder: Path | None = None) -> str:
    """Where the process that owns the file answers by HTTP; "" where nobody owns it, or the owner does not say.

    Believed of root, of ourselves, and of whom the rack file belongs to: anybody may put a lock file where it stands.
    Takes no lock, which could keep an owner out that begins at this moment.
    """
    try:
        fd = os.open(_lock_of(rack_file, folder), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        found, said = os.fstat(fd), os.pread(fd, 1000, 0).decode("ascii", "replace")
        if found.st_uid not in (0, os.geteuid(), rack_file.stat().st_uid):
            return ""
        held = (line.split() for line in LOCKS.read_text().splitlines() if " FLOCK " in line)
        lock = (said[:PID_BYTES].strip(), str(found.st_ino))
        is_owned = any((words[4], words[5].rpartition(":")[2]) == lock for words in held if len(words) > 5)
        return said[PID_BYTES:].strip() if is_owned else ""
    except OSError:
        return ""
    finally:
        os.close(fd)


def _lock_of(rack_file: Path, folder: Path | None) -> Path:
    if folder is None:
        folder = RUN_LOCK if os.access(RUN_LOCK, os.W_OK) else Path(tempfile.gettempdir())
    return folder / f"orchestrator-{hashlib.sha256(os.fsencode(rack_file.resolve())).hexdigest()[:16]}.lock"


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
