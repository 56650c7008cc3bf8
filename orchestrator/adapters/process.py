"""One child process per call: its own session and group, C locale, a deadline, bounded output, and always an end.

    spawn ──▶ reads until the child exits ─────────────────────────────────▶ reap, ended_by ""
                 └─ deadline, stop or flood ─▶ SIGTERM ─▶ SIGKILL to the group ─▶ reap
                                                             └─ still there: "deaf", reaped in the background

A child in uninterruptible sleep ignores even SIGKILL; it is left behind and nobody waits for it. Output is read only
until the child itself has ended: a grandchild that keeps the pipe open delays nothing, and is killed with the group.
posix_spawn with setsid and a pidfd costs about 1 ms less than subprocess with a timeout (notes of speed.md, measured).
PR_SET_PDEATHSIG is left out on purpose: it also fires when only the spawning thread ends (prctl(2), and measured).
What outlives our own process is found again by the record: adapters/leftovers.py.
"""

import os
import select
import shutil
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from orchestrator.adapters.leftovers import ChildRecord, boot_ticks
from orchestrator.model.ports import Event, Finished

MISSING = 127
"""The exit status of a program that is not there, as in a shell."""
NOT_STARTED = 126
"""The exit status of a program that is there and could not be started; `errors` says why."""

_SLICE_S = 0.02  # how late `stop` may be noticed
_TERM_S = 0.03  # from SIGTERM to SIGKILL: with the slice, a stopped child is gone within 100 ms
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"  # an ordinary user's PATH has no sbin on Debian
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Python ignores some
_READ_BYTES = 1 << 16


class ChildProcesses:
    """The `Processes` port on this host. Any number of threads may call `run` at the same time.

    Args:
        env: added to the child's environment, which else holds PATH and the C locale only.
        limit_bytes: of standard output and of standard error each; a child that prints more is killed.
        kill_wait_s: how long SIGKILL may take before the child counts as deaf.
        record: where each child is noted while it lives.
    """

    def __init__(
        self,
        *,
        env: Mapping[str, str] = MappingProxyType({}),
        limit_bytes: int = 1 << 20,
        kill_wait_s: float = 2.0,
        record: ChildRecord | None = None,
    ) -> None:
        path = f"{os.environ['PATH']}:{_SBIN}" if os.environ.get("PATH") else _SBIN
        self._env = {"PATH": path, "LC_ALL": "C", "LANG": "C", **env, **(record.environment if record else {})}
        self._limit_bytes = limit_bytes
        self._record = record
        self._kill_wait_s = kill_wait_s

    def run(self, argv: tuple[str, ...], *, deadline_s: float, stop: Event) -> Finished:
        """Run it to its end, its deadline (host seconds), or `stop`. Blocks at most `deadline_s + kill_wait_s`."""
        if stop.is_set():
            return Finished(-signal.SIGTERM, b"", ended_by="stop")
        program = argv[0] if "/" in argv[0] else shutil.which(argv[0], path=self._env["PATH"])
        if program is None:
            return Finished(MISSING, b"", f"{argv[0]}: not found".encode())
        try:
            child = _Child(program, argv, self._env, self._limit_bytes, self._record)
        except FileNotFoundError as error:
            return Finished(MISSING, b"", f"{argv[0]}: {error.strerror}".encode())
        except OSError as error:  # no permission, wrong format, no more processes or descriptors
            return Finished(NOT_STARTED, b"", f"{argv[0]}: {error.strerror}".encode())
        ended_by = ""
        try:
            ended_by = child.follow(time.monotonic() + deadline_s, stop)
        finally:  # also when the caller is interrupted: nothing may be left running
            exit_status = child.end(self._kill_wait_s)
        if exit_status is None:
            return Finished(-signal.SIGKILL, child.output, child.errors, ended_by="deaf")
        return Finished(exit_status, child.output, child.errors, ended_by=ended_by)


class _Child:
    """A started child and our ends of its pipes. `end` must be called exactly once."""

    def __init__(
        self,
        program: str,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        limit_bytes: int,
        record: ChildRecord | None,
    ) -> None:
        self._limit_bytes, self._record = limit_bytes, record
        out, out_child = os.pipe()
        try:
            err, err_child = os.pipe()
        except OSError:
            os.close(out)
            os.close(out_child)
            raise
        self._chunks: dict[int, bytearray] = {out: bytearray(), err: bytearray()}
        self._out, self._err = out, err
        began = boot_ticks()
        try:
            self._pid = os.posix_spawn(
                program,
                argv,
                env,
                file_actions=(
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, out_child, 1),
                    (os.POSIX_SPAWN_DUP2, err_child, 2),
                ),
                setsid=True,
                setsigmask=(),
                setsigdef=_DEFAULT_SIGNALS,
            )
        except OSError:
            self._close()
            raise
        finally:
            os.close(out_child)
            os.close(err_child)
        self._row = record.note(self._pid, began) if record is not None else None
        try:
            self._pidfd = os.pidfd_open(self._pid)
        except OSError:  # out of descriptors: without one we could not follow it
            _signal_group(self._pid, signal.SIGKILL)
            self._reap_later()
            self._close()
            raise
        os.set_blocking(out, False)
        os.set_blocking(err, False)

    @property
    def output(self) -> bytes:
        return bytes(self._chunks[self._out][: self._limit_bytes])

    @property
    def errors(self) -> bytes:
        return bytes(self._chunks[self._err][: self._limit_bytes])

    def follow(self, deadline: float, stop: Event) -> str:
        """Read until the child exits (""), or say why it must be ended: "deadline", "stop" or "flood"."""
        ready = select.poll()
        for fd in (self._out, self._err, self._pidfd):
            ready.register(fd, select.POLLIN)
        while True:
            for fd, _ in ready.poll(_SLICE_S * 1000):
                if fd == self._pidfd:
                    return "" if self._drain() else "flood"
                if not self._read(fd):
                    ready.unregister(fd)
                if len(self._chunks[fd]) > self._limit_bytes:
                    return "flood"
            if stop.is_set():
                return "stop"
            if time.monotonic() >= deadline:
                return "deadline"

    def end(self, kill_wait_s: float) -> int | None:
        """Kill what is left of the group and reap: the exit status, -N for signal N, None for a deaf child."""
        try:
            if not self._exited(0.0):
                _signal_group(self._pid, signal.SIGTERM)
                self._exited(_TERM_S)
            # before the reaping, while the number is still ours: also what the child left behind goes
            _signal_group(self._pid, signal.SIGKILL)
            if not self._exited(kill_wait_s):
                self._reap_later()
                return None
            self._drain()
            return os.waitstatus_to_exitcode(self._reap())
        finally:
            os.close(self._pidfd)
            self._close()

    def _reap(self) -> int:
        """Wait for its end; the status, 0 when somebody else took it."""
        status = 0
        with suppress(ChildProcessError):
            _, status = os.waitpid(self._pid, 0)
        if self._record is not None:
            self._record.strike(self._row)
        return status

    def _reap_later(self) -> None:
        """On a thread of its own, so that a deaf child leaves no zombie: minutes from now, or never."""
        threading.Thread(target=self._reap, name=f"reap-{self._pid}", daemon=True).start()

    def _exited(self, timeout_s: float) -> bool:
        ready = select.poll()
        ready.register(self._pidfd, select.POLLIN)
        return bool(ready.poll(timeout_s * 1000))

    def _read(self, fd: int) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return True
        self._chunks[fd] += data
        return bool(data)

    def _drain(self) -> bool:
        """Take what the pipes still hold and never wait for more; False when it is more than the limit."""
        for fd, chunks in self._chunks.items():
            while len(chunks) <= self._limit_bytes:
                before = len(chunks)
                if not self._read(fd) or len(chunks) == before:
                    break
        return all(len(chunks) <= self._limit_bytes for chunks in self._chunks.values())

    def _close(self) -> None:
        os.close(self._out)
        os.close(self._err)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # gone already; or root's, started by sudo: it will be "deaf"
        os.killpg(pid, number)
