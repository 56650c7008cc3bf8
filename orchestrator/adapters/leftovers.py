"""Children that a killed run left behind: found again by a record and by a token, and ended; nothing else is.

    a child starts ─▶ the run's token is in its environment; its pid and when it started in a row of the record
    a child ends   ─▶ its row is blank again
    next start     ─▶ the recorded that still are the same process, what lives in their sessions, and what carries
                      the token ─▶ SIGKILL ─▶ a new record with a new token

Both, because each has a gap. A run killed between the start of a child and its row has told only the child; a tool
that cleans its environment, as sudo does, is known only by its row. The same process is: same pid, same start time,
same boot. The row holds the clock just before and just after the start: a process of that pid which started in between
(stat field 22, in ticks: proc(5)) is the child, whose number nobody else could have then. That spares a look into
/proc, which costs each child 50 us (measured). A session whose leader is gone proves nothing, since another leader may
have had its number meanwhile: then the token decides. All this is for the death of a process, not of the host: nothing
is synced.
"""

import logging
import os
import re
import signal
import stat
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

MARK = "ORCHESTRATOR_OWNER"
"""The environment variable that carries the token."""
WAIT_S = 1.0
"""Host seconds that the killed have to be gone."""

_HEAD_BYTES, _ROW_BYTES = 128, 48
_LARGEST = 1 << 20
"""Bytes of a record that are read: 20,000 children."""
_HEAD = re.compile(rb"children 1 ([0-9a-f-]{36}) ([0-9a-f]{32}) *\n")
_ROW = re.compile(rb" *([0-9]{1,10}) +([0-9]{1,17}) +([0-9]{1,18})\n")
_BLANK = b" " * (_ROW_BYTES - 1) + b"\n"
_PAUSE_S = 0.01
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

log = logging.getLogger("orchestrator")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process of a killed run."""

    pid: int
    command: str
    gone: bool
    """False: it is another user's (sudo), or in uninterruptible sleep, and dies when that ends."""


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    session: int
    start: int
    """Clock ticks since boot."""
    has_ended: bool = field(compare=False)
    """A zombie is dead, whoever forgot to reap it."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What a record says of the run that wrote it."""

    mark: bytes
    children: dict[int, range]
    """By pid: the ticks in which it started."""


class ChildRecord:
    """The children of this run, in a file that outlives it. Any number of threads may call it.

    A file that cannot be written costs nothing but the next start's knowledge of what was left behind: it is logged.
    """

    def __init__(self, path: Path) -> None:
        self._path, token = path, os.urandom(16).hex()
        self.environment = {MARK: token}
        """Belongs into the environment of each child."""
        self._lock = threading.Lock()
        self._free: list[int] = []
        self._rows = 0
        self._fd: int | None = None
        try:
            path.unlink(missing_ok=True)  # also another user's, where the folder lets us
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._release = weakref.finalize(self, os.close, self._fd)
            os.pwrite(self._fd, f"children 1 {_boot_id()} {token}".ljust(_HEAD_BYTES - 1).encode() + b"\n", 0)
        except OSError as exc:
            log.warning("children that outlive this process will not be found again: %s: %s", path, exc.strerror)

    def note(self, pid: int, began: int) -> int | None:
        """A child was started, and is not reaped yet: its row. Microseconds; no fault of the file is raised.

        Args:
            began: `boot_ticks` before its start.
        """
        row = b"%10d %17d %18d\n" % (pid, began, boot_ticks())
        with self._lock:
            if self._fd is None:
                return None
            if self._free:
                number = self._free.pop()
            else:
                number, self._rows = self._rows, self._rows + 1
            self._write(number, row)
            return number

    def strike(self, number: int | None) -> None:
        """The child of this row is reaped."""
        with self._lock:
            if self._fd is not None and number is not None:
                self._write(number, _BLANK)
                self._free.append(number)

    def close(self) -> None:
        """Nothing is noted from now on. The file stays only while it names a child that has not ended."""
        with self._lock:
            if self._fd is None:
                return
            if len(self._free) == self._rows:
                with suppress(OSError):
                    self._path.unlink()
            self._fd = None
            self._release()

    def _write(self, number: int, row: bytes) -> None:
        assert self._fd is not None  # noqa: S101
        with suppress(OSError):  # the file system is full: the token still finds it
            os.pwrite(self._fd, row, _HEAD_BYTES + number * _ROW_BYTES)


def boot_ticks() -> int:
    """Now, as the start times of processes are told: clock ticks since boot."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _TICK_NS


def take_over(path: Path) -> ChildRecord:
    """End what the run before left behind, then begin a record of our own. Only the rack file's owner may call it."""
    kill_leftovers(path)
    return ChildRecord(path)


def kill_leftovers(path: Path) -> tuple[Leftover, ...]:
    """Kill what is left of the run that wrote this record, and log each. Blocks WAIT_S at most.

    Nothing is killed for a record that is damaged, of another boot, or not written by this user alone; and never a
    process of our own session, which may have been started by such a child.
    """
    run = _read(path)
    if run is None:
        return ()
    until = time.monotonic() + WAIT_S
    commands: dict[_Process, str] = {}
    denied: set[_Process] = set()
    while True:
        living = list(_belonging(run))
        for process in living:  # all of them first: one may end because another does
            commands.setdefault(process, _command(process.pid))
        denied.update(process for process in living if not _kill(process))
        if denied.issuperset(living) or time.monotonic() >= until:
            break
        time.sleep(_PAUSE_S)
    found = tuple(Leftover(process.pid, said, process not in living) for process, said in commands.items())
    for leftover in found:
        ended = "killed" if leftover.gone else "could not be killed; it may still use its drive"
        log.warning("left behind by an earlier run: process %d (%s): %s", leftover.pid, leftover.command, ended)
    return found


def kill_marked(mark: bytes) -> None:
    """Kill every process whose environment was given this `NAME=value`, and what they start meanwhile; WAIT_S at most.

    For marks that no other process has: a random one of a child that is being ended.
    """
    until = time.monotonic() + WAIT_S
    while True:
        found = [process for path in Path("/proc").glob("[0-9]*") if (process := _process(int(path.name)))]
        living = [p for p in found if not p.has_ended and p.pid != os.getpid() and mark in _environment(p.pid)]
        denied = [process for process in living if not _kill(process)]
        if denied == living or time.monotonic() >= until:
            return
        time.sleep(_PAUSE_S)


def _read(path: Path) -> _Run | None:
    """Of this boot and of this user, else None. O_NONBLOCK: in /tmp anybody may put a pipe there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
        data = os.read(fd, _LARGEST) if ours else b""
    finally:
        os.close(fd)
    head = _HEAD.fullmatch(data[:_HEAD_BYTES])
    if head is None:
        log.warning("%s is no record of children of this user: nothing is looked for", path)
        return None
    if head[1].decode() != _boot_id():
        return None
    rows = (data[at : at + _ROW_BYTES] for at in range(_HEAD_BYTES, len(data), _ROW_BYTES))
    children = {
        int(row[1]): range(int(row[2]), int(row[3]) + 1) for row in map(_ROW.fullmatch, rows) if row is not None
    }
    return _Run(f"{MARK}={head[2].decode()}".encode(), children)


def _belonging(run: _Run) -> Iterator[_Process]:
    """The run's processes that live now; leaders last, since they are the proof for their sessions."""
    found = [process for path in Path("/proc").glob("[0-9]*") if (process := _process(int(path.name)))]
    leaders = {process.pid for process in found if process.start in run.children.get(process.pid, ())}
    strange = {0, 1, os.getpid(), os.getsid(0)}
    for process in sorted(found, key=lambda process: process.pid in leaders):
        if process.pid in strange or process.session in strange or process.has_ended:
            continue
        if process.pid in leaders or process.session in leaders or run.mark in _environment(process.pid):
            yield process


def _kill(process: _Process) -> bool:
    """False where we may not. By pidfd, so that the number cannot come to mean another between look and signal."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        return True
    try:
        if _process(process.pid) == process:
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    finally:
        os.close(fd)


def _process(pid: int) -> _Process | None:
    """By /proc/PID/stat, from field 3 on: the name before it may hold blanks and brackets."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fields = os.read(fd, 4096).rpartition(b")")[2].split()
        finally:
            os.close(fd)
        return _Process(pid, int(fields[3]), int(fields[19]), fields[0] in (b"Z", b"X"))
    except (OSError, IndexError, ValueError):
        return None


def _environment(pid: int) -> list[bytes]:
    """As it was given to the program; nothing of another user's."""
    folder = Path("/proc", str(pid))
    try:
        return (folder / "environ").read_bytes().split(b"\0") if folder.stat().st_uid == os.geteuid() else []
    except OSError:
        return []


def _command(pid: int) -> str:
    """For a person."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
    except OSError:
        return "?"
    return "".join(c if c.isprintable() else "?" for c in words.decode("utf-8", "replace")[:200])


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
