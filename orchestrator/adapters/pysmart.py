"""pySMART's Device, fed with the text of a run that we made: it reads and decides, we own the process.

    our one run's lines ──▶ injected smartctl object ──▶ Device: assessment, capabilities, "has begun"
    Device's -t and -X  ──▶ injected smartctl object ──▶ `command`: our process, deadline and errors

pySMART 1.4 never starts a process of its own here, and each Device lives for one call: it would keep a vanished drive's
PASS, and never clears its messages. It raises IndexError, ValueError and StopIteration on cut or odd text; whatever it
raises means that it cannot say. Importing it sets LANG and the logger class of the whole process; both are put back.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from orchestrator.model.drive import Protocol
from orchestrator.model.errors import OrchestratorError

Command = Callable[[tuple[str, ...]], tuple[list[str], int]]
"""Runs smartctl with these options on the drive in question; gives text lines and exit status, or raises ours."""

_INTERFACES = {Protocol.ATA: "sat", Protocol.NVME: "nvme", Protocol.SCSI: "scsi"}
_KINDS = {"short": "short", "extended": "long", "conveyance": "conveyance"}
_log = logging.getLogger(__name__)
_import_lock = threading.Lock()


def assess(lines: Sequence[str], node: str, protocol: Protocol, serial: str) -> str:
    """pySMART's assessment of a run with -a: "PASS", "WARN" or "FAIL"; "" when it cannot say."""
    run = _one_run(lines, None)
    with _its_errors_end_here():
        device = _device(node, protocol, run)
        same_drive = device.serial == (serial.split() or [""])[0]  # it keeps a serial's first word only
        if device.model and same_drive and not run.failed:
            return device.assessment or ""
    return ""


def start_self_test(lines: Sequence[str], node: str, protocol: Protocol, kind: str, command: Command) -> None:
    """`Device.run_selftest` after a run with -a. Where pySMART sends nothing (it cannot read the drive, or thinks it
    busy or not able) the command is sent all the same: the drive decides. Raises what `command` raises.
    """
    run = _one_run(lines, command)
    with _its_errors_end_here():
        _device(node, protocol, run).run_selftest(_KINDS[kind])
    if not run.commanded:
        command(("-t", _KINDS[kind]))


def abort_self_test(lines: Sequence[str], node: str, protocol: Protocol, command: Command) -> None:
    """`Device.abort_selftest` after a run with -i, or the command itself, as above."""
    run = _one_run(lines, command)
    with _its_errors_end_here():
        _device(node, protocol, run, abridged=True).abort_selftest()
    if not run.commanded:
        command(("-X",))


@contextmanager
def _its_errors_end_here() -> Iterator[None]:
    try:
        yield
    except OrchestratorError:  # from `command`: ours
        raise
    except Exception:
        _log.debug("pySMART cannot say", exc_info=True)


def _device(node: str, protocol: Protocol, run: Any, *, abridged: bool = False) -> Any:
    from pySMART import Device

    return Device(node, interface=_INTERFACES[protocol], abridged=abridged, smartctl=run)


def _one_run(lines: Sequence[str], command: Command | None) -> Any:
    with _import_lock:
        return _one_run_class()(lines, command)


@cache
def _one_run_class() -> Any:
    """The injected object's class; made late, because importing pySMART is slow and changes the process."""
    language, logger_class = os.environ.get("LANG"), logging.getLoggerClass()
    try:
        from pySMART.smartctl import Smartctl
    finally:
        logging.setLoggerClass(logger_class)
        if language is None:
            os.environ.pop("LANG", None)
        else:
            os.environ["LANG"] = language

    class OneRun(Smartctl):  # type: ignore[misc]
        """Answers every question of a Device from one run of ours."""

        def __init__(self, lines: Sequence[str], command: Command | None) -> None:
            super().__init__(smartctl_path="", options=[])
            self._lines, self._command = lines, command
            self.commanded = False
            """A command that changes something was passed on."""
            self.failed = False
            """Something was asked that our run does not answer. `try_generic_call` would swallow it."""

        def generic_call(self, params: list[str], pass_options: bool = False) -> tuple[list[str], int]:  # noqa: ARG002
            if "--all" in params or "--info" in params:
                return list(self._lines), 0
            if "-l" in params:  # sataphy, sasphy, background: more processes, to tell SAS from SCSI and for hours
                return [], 1
            if self._command is not None and ("-t" in params or "-X" in params):
                self.commanded = True
                options = ("-X",) if "-X" in params else ("-t", params[params.index("-t") + 1])
                return self._command(options)
            self.failed = True
            raise LookupError(f"pySMART asked smartctl {params}")

    return OneRun
