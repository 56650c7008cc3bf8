"""The surface of a real drive: a child holds its node open and reads; we tell it how far, and can always kill it.

    open   ─▶ child opens the node ─▶ size, sector
    read   ─▶ "START END" ─▶ a second of reading ─▶ one line: how far, what was unreadable, what was slow
    close  ─▶ its stdin ends ─▶ it ends; else SIGKILL; else it is left behind: ToolStuck

The node stays open for the whole scan, so the kernel cannot give its disk's place to another one; that the node still
means that disk is seen by its DISKSEQ before each stretch, and who it is by the operation, which asks smartctl.
"""

import errno
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.adapters import reader_child
from orchestrator.adapters.block import block_node
from orchestrator.adapters.leftovers import ChildRecord, boot_ticks
from orchestrator.adapters.tool import checked_node
from orchestrator.adapters.udev_block import diskseq_now
from orchestrator.model.drive import Presence
from orchestrator.model.errors import DriveRemoved, JobCancelled, ToolFailed, ToolStuck, ToolTimeout
from orchestrator.model.ports import Event
from orchestrator.model.scan import Stretch

_SLICE_S = 0.02  # how late `stop` may be noticed
_END_S = 0.1  # a child that only waits for a request ends by itself in less
_KILL_WAIT_S = 2.0
_GONE = (errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ENOMEDIUM, errno.ENOLINK, errno.ESHUTDOWN)
_DENIED = (errno.EACCES, errno.EPERM)


class Readers:
    """The `Surfaces` port on this host.

    Args:
        sudo: put `sudo -n` in front of the child.
        deadline_s: host seconds for one read of at most 1 MiB; the kernel's own retries last 30 s and more.
        record: where each child is noted while it lives.
    """

    def __init__(
        self,
        *,
        sudo: bool = False,
        deadline_s: float = 60.0,
        sys: Path = Path("/sys"),
        record: ChildRecord | None = None,
    ) -> None:
        self._sudo, self._deadline_s, self._sys, self._record = sudo, deadline_s, sys, record

    def open(self, presence: Presence, *, stop: Event) -> "Reader":
        node = checked_node(block_node(presence, self._sys))
        return Reader(
            node,
            presence.drive.serial,
            stop=stop,
            sudo=self._sudo,
            deadline_s=self._deadline_s,
            sys_root=self._sys,
            record=self._record,
        )


class Reader:
    """`Surface` over one child. The path may also be a plain file's."""

    def __init__(
        self,
        path: str,
        serial: str = "",
        *,
        stop: Event,
        sudo: bool = False,
        deadline_s: float = 60.0,
        sys_root: Path = Path("/sys"),
        program: str = reader_child.__file__,
        record: ChildRecord | None = None,
    ) -> None:
        self._record = record
        self._path, self._serial, self._stop, self._sys = path, serial, stop, sys_root
        self._deadline_s = deadline_s
        self._line = bytearray()
        self._stay = self._diskseq()
        began = boot_ticks()
        try:
            self._child = subprocess.Popen(  # noqa: S603  the node was checked
                (*(("sudo", "-n") if sudo else ()), sys.executable, "-I", "-S", program, path),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C", **(record.environment if record else {})},
            )
        except OSError as error:  # no sudo, no more processes or descriptors
            raise ToolFailed(f"the reader of {path} could not be started: {error}", serial=serial) from error
        self._row = record.note(self._child.pid, began) if record is not None else None
        try:
            hello = self._answer()
            self.sector_bytes = int(hello["sector"])
            self.sectors = int(hello["size"]) // self.sector_bytes
        except BaseException:
            self.close()
            raise

    def read(self, lba: int, end_lba: int) -> Stretch:
        if self._diskseq() != self._stay:
            raise DriveRemoved(f"{self._path} is another disk now: {self._serial} left its slot", serial=self._serial)
        size = self.sector_bytes
        with suppress(BrokenPipeError):  # its last words say why
            os.write(self._stdin(), b"%d %d\n" % (lba * size, end_lba * size))
        found = self._answer()
        return Stretch(
            end_lba=found["at"] // size,
            seconds=found["ns"] / 1e9,
            bad_lbas=tuple(start // size for start, _ in found["bad"]),
            slowest=tuple((start // size, ns / 1e6) for start, ns in found["slow"]),
        )

    def close(self) -> None:
        child = self._child
        if child.returncode is not None:
            return
        assert child.stdin is not None and child.stdout is not None  # noqa: S101
        child.stdin.close()
        child.stdout.close()
        for number, patience_s in ((None, _END_S), (signal.SIGKILL, _KILL_WAIT_S)):
            if number is not None:
                with suppress(ProcessLookupError, PermissionError):  # gone already; or root's, by sudo
                    os.killpg(child.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._reap(patience_s)
                return
        threading.Thread(target=self._reap, name=f"reap-{child.pid}", daemon=True).start()
        raise ToolStuck(f"a read of {self._path} hangs and cannot be killed", serial=self._serial)

    def _reap(self, patience_s: float | None = None) -> None:
        self._child.wait(patience_s)
        if self._record is not None:
            self._record.strike(self._row)

    def _diskseq(self) -> int | None:
        """None for what is no block device, and before Linux 5.15."""
        return diskseq_now(Path(self._path).resolve().name, self._sys)

    def _stdin(self) -> int:
        assert self._child.stdin is not None  # noqa: S101
        return self._child.stdin.fileno()

    def _answer(self) -> dict[str, Any]:
        """The child's next line. Kills the child when it does not come."""
        assert self._child.stdout is not None  # noqa: S101
        out = self._child.stdout.fileno()
        ready = select.poll()
        ready.register(out, select.POLLIN)
        until = time.monotonic() + reader_child.STRETCH_S + self._deadline_s
        while True:
            if self._stop.is_set():
                raise JobCancelled(f"the read of {self._path} was stopped")
            if time.monotonic() >= until:
                self.close()
                text = f"a read of {self._path} gave no answer within {self._deadline_s:g} s and was killed"
                raise ToolTimeout(text, serial=self._serial)
            if not ready.poll(_SLICE_S * 1000):
                continue
            data = os.read(out, 1 << 16)
            if not data:
                self.close()
                text = f"the reader of {self._path} ended by itself (exit status {self._child.returncode})"
                raise ToolFailed(text, serial=self._serial, exit_status=self._child.returncode)
            self._line += data
            if self._line.endswith(b"\n"):
                found: dict[str, Any] = json.loads(self._line)
                self._line.clear()
                return self._judged(found)

    def _judged(self, found: dict[str, Any]) -> dict[str, Any]:
        if "errno" not in found:
            return found
        number, said = found["errno"], found["text"]
        if number in _GONE:
            raise DriveRemoved(f"{self._path} is gone ({said}): {self._serial} left its slot", serial=self._serial)
        remedy = "run as root, or set sudo in the rack file" if number in _DENIED else ""
        raise ToolFailed(f"{self._path} cannot be read: {said}", remedy=remedy, serial=self._serial)
