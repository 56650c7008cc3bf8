"""A pytest suite in a process of its own: JSON lines over a socket pair, its output's last lines, and always an end.

    begin ──▶ python -m pytest PATH ARGS ──says──▶ next ──▶ ... ──▶ Ended ─────────────────────┐
                      ▲                  ◀─answer──┘                                           ▼
                      └── close(why): PART_S to ask and be told why ─▶ SIGTERM, LEAVE_S ─▶ SIGKILL to all that is left

What may be left: its group, and whatever carries its mark in the environment, in whichever session. SIGTERM ends pytest
as Ctrl-C does, so that fixtures clean up. When our own process dies, the other end of the socket does, and the child
ends its group (interfaces/pytest_plugin/child.py); the rest is found by the record: adapters/leftovers.py.
Nothing here waits for what the child does not do: it may flood, stay silent, never read, or close its end.
"""

import importlib.util
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.adapters import suite_lines
from orchestrator.adapters.leftovers import ChildRecord, boot_ticks, kill_marked
from orchestrator.model.errors import JobCancelled, NoAnswer, OrchestratorError, ToolFailed, ToolMissing, ToolStuck
from orchestrator.model.errors import ToolTimeout as TooSlow
from orchestrator.model.ports import Event
from orchestrator.model.suite import CaseResult
from orchestrator.model.suite_talk import Apart, Asked, Began, Collected, Ended, Said

MARK = "ORCHESTRATOR_SUITE"
"""The environment variable that all the processes of one suite carry."""
FOLDER = "orchestrator-suite-"
"""How the names of its own temporary folders begin."""
PLUGIN = "orchestrator.interfaces.pytest_plugin.child"
PART_S, LEAVE_S, KILL_S = 0.5, 3.0, 2.0
"""Host seconds: for its requests to be refused, from SIGTERM to SIGKILL, and for SIGKILL to work."""
GONE_S = 5.0
"""Host seconds from the last that it says to the process's own end."""
MOST_LINE, MOST_CASES, MOST_JUNIT, MOST_TAIL = 256 << 10, 4 << 20, 1 << 20, 8 << 10
"""Bytes: of one line, of all tests' results, of the JUnit XML, and of its output that are kept."""
TAIL_LINES = 8
_SLICE_S = 0.05  # how late `stop` may be noticed
_SHOWN_S = 0.2  # a test that runs so long is told
_READ, _MOST_READS = 64 << 10, 100
_OURS = ("ORCHESTRATOR_TOKEN", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_WORKER")
"""Not for the child: what lets one into a service, and what tells of a pytest around us."""
_BEFORE_TESTS = (2, 3, 4)
"""How pytest ends where it came to no session: interrupted, broken, wrongly used."""
_INI = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


class PytestSuites:
    """The `Suites` port. Any number of threads may call it.

    Args:
        simulated: the drives are models.
        record: where each child is noted while it lives.
    """

    def __init__(self, *, simulated: bool = False, record: ChildRecord | None = None) -> None:
        self.simulated = simulated
        self._record = record

    def begin(self, path: str, args: tuple[str, ...], *, deadline_s: float, stop: Event) -> "PytestSuite":
        if importlib.util.find_spec("pytest") is None:
            raise ToolMissing(
                f"there is no pytest for {sys.executable}", remedy="pip install drive-test-orchestrator[pytest]"
            )
        try:
            return PytestSuite(path, args, deadline_s=deadline_s, stop=stop, record=self._record)
        except (OSError, ValueError) as error:  # no more processes or descriptors; a NUL in a word
            raise ToolFailed(f"pytest could not be started for {path}: {error}") from error


def working_folder(path: Path) -> Path:
    """Where people call pytest from: the nearest folder, from the suite's own upwards, with a configuration of pytest;
    the suite's own where there is none."""
    own = path if path.is_dir() else path.parent
    return next((folder for folder in (own, *own.parents) if any((folder / name).is_file() for name in _INI)), own)


class PytestSuite:
    """`Suite` over one child. `close` must be called."""

    def __init__(
        self, path: str, args: tuple[str, ...], *, deadline_s: float, stop: Event, record: ChildRecord | None = None
    ) -> None:
        file, colons, name = path.partition("::")
        whole = Path(file).absolute()
        self._stop, self._record, self._seconds = stop, record, deadline_s
        self._until = time.monotonic() + deadline_s
        self._lines = suite_lines.Lines(MOST_LINE)
        self._tail, self._case_bytes, self._asked = bytearray(), 0, 0
        self._status: int | None = None
        self._collected_at = self._finished_at = time.monotonic()
        self._begun: Began | None = None
        self._begun_at = self._silent_since = 0.0
        self._ended = self._closed = False
        self._folder = Path(tempfile.mkdtemp(prefix=FOLDER))
        self._mark = os.urandom(16).hex()
        self._socket, theirs = socket.socketpair()
        argv = [
            *(sys.executable, "-m", "pytest", "-p", PLUGIN, "-o", f"cache_dir={self._folder / 'cache'}"),
            *(f"{whole}{colons}{name}", *args),
            *("--rack", f"suite:{theirs.fileno()}", "--rack-no-record", f"--junitxml={self._folder / 'junit.xml'}"),
        ]
        env = {key: value for key, value in os.environ.items() if key not in _OURS}
        began = boot_ticks()
        try:
            self._child = subprocess.Popen(  # noqa: S603  the suite is code, whoever starts it may run it
                argv,
                cwd=working_folder(whole),
                env=env | {MARK: self._mark} | (record.environment if record else {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )
            self._row = record.note(self._child.pid, began) if record is not None else None
            self._gone_fd = self._followed()
        except (OSError, ValueError):
            self._socket.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            theirs.close()
        assert self._child.stdout is not None  # noqa: S101
        self._out = self._child.stdout.fileno()
        for fd in (self._socket.fileno(), self._out):
            os.set_blocking(fd, False)
        self._open = {self._socket.fileno(), self._out, self._gone_fd}

    def _followed(self) -> int:
        try:
            return os.pidfd_open(self._child.pid)
        except OSError:  # out of descriptors: without one it could not be followed
            self._kill()
            raise

    # -- what it says

    def next(self) -> Said | Asked:
        while True:
            if self._stop.is_set():
                raise JobCancelled("the suite was stopped")
            now = time.monotonic()
            if now >= self._until:
                raise TooSlow(
                    f"the suite did not end within {self._seconds:g} s; it last said: {self._last_lines()}",
                    remedy="give it a longer timeout_s",
                )
            if (line := self._lines.take()) is not None:
                if (said := self._read(line)) is not None:
                    return said
            elif self._is_gone():
                return self._end()
            elif self._begun is not None and now - self._begun_at >= _SHOWN_S:
                begun, self._begun = self._begun, None
                return begun
            else:
                self._pump()

    def answer(self, value: Any = None, error: OrchestratorError | None = None) -> None:
        self._write(suite_lines.answer(self._asked, value, error))

    def _write(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:  # it has gone, or closed its end: `next` says so
            return
        if sent < len(data):
            raise ToolFailed(
                "the suite asks and does not read what it is answered", remedy="see what writes to its line"
            )

    def _read(self, line: bytes) -> Said | Asked | None:
        """None for what is not to be told now. ToolFailed where it is no message."""
        said = suite_lines.read(line)
        if isinstance(said, suite_lines.Finished):
            self._status, self._finished_at = said.exit_status, time.monotonic()
            return None
        if isinstance(said, Began):
            self._begun, self._begun_at = said, time.monotonic()
            return None
        if isinstance(said, Asked):
            self._asked = said.number
        if isinstance(said, Collected):
            self._collected_at = time.monotonic()
        if isinstance(said, CaseResult | Apart):
            self._begun = None
        if isinstance(said, CaseResult):
            self._case_bytes += len(line)
            if self._case_bytes > MOST_CASES:
                raise ToolFailed("the results of its tests are more than 4 MB", remedy="split the suite")
        return said

    def _pump(self, timeout_s: float = _SLICE_S) -> None:
        """Take what comes, for so long."""
        ready = select.poll()
        for fd in self._open:
            ready.register(fd, select.POLLIN)
        for fd, _ in ready.poll(timeout_s * 1000):
            if fd == self._gone_fd:
                self._open.discard(fd)
                for left in (self._out, self._socket.fileno()):
                    for _ in range(_MOST_READS):  # what it started may go on writing
                        if not self._take(left):
                            break
            else:
                self._take(fd)

    def _take(self, fd: int) -> bool:
        """Whether there was something."""
        if fd not in self._open:
            return False
        try:
            data = os.read(fd, _READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._open.discard(fd)
        elif fd == self._out:
            self._tail = (self._tail + data)[-MOST_TAIL:]
        else:
            self._lines.put(data)
        return bool(data)

    def _is_gone(self) -> bool:
        """It has ended, or it will say nothing more and has had its time to end."""
        if self._gone_fd not in self._open:
            return True
        if self._status is None and self._socket.fileno() in self._open:
            return False
        self._silent_since = self._silent_since or time.monotonic()
        return time.monotonic() - self._silent_since >= GONE_S

    def _end(self) -> Ended:
        """Raises ToolFailed where it did not say how it ended."""
        self.close()
        last, died = self._last_lines(), self._child.returncode
        if self._status is None and died in _BEFORE_TESTS:
            self._status = died
        if self._status is None:
            how = f"with status {died}" if died >= 0 else f"by signal {-died}"
            raise ToolFailed(
                f"the suite's process ended {how} before pytest did; it last said: {last}",
                exit_status=died,
                output=last,
            )
        seconds = max(0.0, self._finished_at - self._collected_at)
        return Ended(died if died > 0 else self._status, round(seconds, 3), self._junit, last, self._no_junit)

    def _last_lines(self) -> str:
        return suite_lines.last_lines(bytes(self._tail), TAIL_LINES) or "nothing"

    # -- its end

    def close(self, why: OrchestratorError | None = None) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            try:
                if self._gone_fd in self._open:
                    self._part(why or NoAnswer("the suite is over"))
            finally:
                self._kill()
            self._junit, self._no_junit = _junit(self._folder / "junit.xml")
        finally:
            os.close(self._gone_fd)
            self._socket.close()
            assert self._child.stdout is not None  # noqa: S101
            self._child.stdout.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _part(self, why: OrchestratorError) -> None:
        """Let it clean up."""
        for number, patience_s in ((None, PART_S), (signal.SIGTERM, LEAVE_S)):
            if number is not None:
                _signal_group(self._child.pid, number)
            until = time.monotonic() + patience_s
            while self._gone_fd in self._open and (left := until - time.monotonic()) > 0:
                with suppress(ToolFailed):  # whatever it says now is too late
                    if (line := self._lines.take()) is None:
                        self._pump(min(left, _SLICE_S))
                    elif isinstance(said := suite_lines.read(line), Asked):
                        self._write(suite_lines.answer(said.number, None, why, over=True))

    def _kill(self) -> None:
        """All that is left, and reap. The group first, while the number is still ours."""
        _signal_group(self._child.pid, signal.SIGKILL)
        kill_marked(f"{MARK}={self._mark}".encode())
        try:
            self._reap(KILL_S)
        except subprocess.TimeoutExpired:
            threading.Thread(target=self._reap, args=(None,), name=f"reap-{self._child.pid}", daemon=True).start()
            raise ToolStuck("the suite's process cannot be killed") from None

    def _reap(self, patience_s: float | None) -> None:
        self._child.wait(patience_s)
        if self._record is not None:
            self._record.strike(self._row)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _junit(path: Path) -> tuple[str, str]:
    """The text, or "" and why. What stands there may be anything."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return "", "pytest wrote no JUnit XML"
    except OSError as error:
        return "", f"its JUnit XML cannot be read: {error.strerror}"
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return "", "its JUnit XML is no file"
    with os.fdopen(fd, "rb") as file:
        data = file.read(MOST_JUNIT + 1)
    if len(data) > MOST_JUNIT:
        return "", "its JUnit XML is longer than 1 MB and was not kept"
    return data.decode("utf-8", "replace"), ""
