"""smartctl as the way to a drive: one process a read, JSON and text together, exit bits kept, identity checked in it.

    read   -a ─▶ identity ─▶ SmartReport (our reader) + pySMART's opinion of the same run
    start  -a ─▶ identity, busy? takes it? ─▶ pySMART's Device ─▶ -t KIND      NVMe before smartctl 7.4: nvme-cli
    abort  -i ─▶ identity ─▶ pySMART's Device ─▶ -X

A non-zero exit status is normal: it is a bit mask (smartctl(8), EXIT STATUS), and bits 2 to 7 go into
the report.
"""

import json
import re
import threading
from dataclasses import dataclass, replace

from orchestrator.adapters import pysmart
from orchestrator.adapters.nvme_cli import INSTALL as INSTALL_NVME
from orchestrator.adapters.nvme_cli import NvmeCli
from orchestrator.adapters.smart_reader import read_report
from orchestrator.adapters.tool import Tool, checked_device_type, checked_node, is_device_type, last_lines
from orchestrator.model.drive import Drive, Presence, Protocol
from orchestrator.model.errors import (
    DriveBusy,
    DriveChanged,
    DriveRemoved,
    Refused,
    ToolFailed,
    ToolMissing,
    ToolTimeout,
)
from orchestrator.model.ports import Event, Processes
from orchestrator.model.report import SmartReport
from orchestrator.model.self_test import NEXT, spans_of

INSTALL = "install smartmontools (apt install smartmontools), or name smartctl's path in the rack file"
NVME_SELF_TESTS = (7, 4)
"""smartctl from here on starts and shows NVMe self-tests (smartmontools 7.4, NEWS)."""

_KINDS = {"short": "short", "extended": "long", "conveyance": "conveyance", "selective": "select"}
_ATA_ONLY = ("conveyance", "selective")
_FIRST_WITH_JSON = "7.0"
_USAGE = 0x01  # exit bit: the command line did not parse
_NO_DATABASE = ("-B", "/dev/null")  # 1.7 ms of CPU instead of 10.5 (measured), but attribute names and quirks are lost

_GONE = re.compile(r"No such (device|file)")
_DENIED = re.compile(r"Permission denied|Operation not permitted")
_UNSUPPORTED = re.compile(r"not supported|unsupported|does not support|lacks SMART|Invalid selective self-test span")


@dataclass(frozen=True, slots=True)
class _Run:
    """One answered call."""

    output: bytes
    errors: bytes
    exit_status: int

    def document(self) -> dict[str, object]:
        try:
            parsed = json.loads(self.output)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def lines(self) -> list[str]:
        """The text of the same run, as smartctl prints it without --json."""
        part = self.document().get("smartctl")
        lines = part.get("output") if isinstance(part, dict) else None
        return [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []

    def said(self) -> str:
        """The last lines, for a message."""
        return last_lines("\n".join(self.lines()).encode() or self.output or self.errors)


class Smartctl:
    """The `DriveAccess` port over the smartctl of this host. Any number of threads may call it.

    Args:
        path: a name to be looked up, or a path.
        sudo: put `sudo -n` in front; needed where the program itself is not root and has no CAP_SYS_RAWIO.
        deadline_s: host seconds for one process.
        nvme_path: nvme-cli, for NVMe self-tests with a smartctl before 7.4.
    """

    def __init__(
        self,
        processes: Processes,
        path: str = "smartctl",
        *,
        sudo: bool = False,
        deadline_s: float = 60.0,
        nvme_path: str = "nvme",
    ) -> None:
        self._tool = Tool(processes, path, INSTALL, sudo=sudo, deadline_s=deadline_s)
        self._nvme = NvmeCli(processes, nvme_path, sudo=sudo, deadline_s=deadline_s)
        self._version: tuple[int, int] | None = None

    # -- the port

    def read(self, presence: Presence, *, quick: bool, stop: Event, wake: bool = True) -> SmartReport:
        """One read; on NVMe with a smartctl before 7.4 and nvme-cli installed, the self-test log by a second process.

        Args:
            quick: without the drive database and without pySMART's opinion: for polls, not for verdicts.
            wake: False leaves a sleeping drive asleep; the report then says `standby` and nothing else.
        Raises:
            DriveRemoved, DriveChanged, and what `Tool.run` raises; ToolFailed also when the answer is unreadable.
        """
        asleep = () if wake else ("-n", "standby")
        run = self._call(
            presence.node, presence.device_type, "-a", *(_NO_DATABASE if quick else ()), *asleep, stop=stop
        )
        report = self._same_drive(run, presence)
        if report.standby:
            return report
        if report.protocol is Protocol.NVME and _version_of(report) < NVME_SELF_TESTS:
            report = self._with_nvme_self_tests(report, presence.node, stop)
        if quick or report.protocol is None:
            return report
        opinion = pysmart.assess(run.lines(), presence.node, report.protocol, report.serial)
        return replace(report, second_opinion=opinion, raw=run.output)

    def start_self_test(self, presence: Presence, kind: str, *, stop: Event, spans: str | None = None) -> None:
        """Ask the drive to begin: "short", "extended", "conveyance", or "selective" with its spans.

        Two processes: who it is, then the start.

        Raises:
            DriveBusy: a self-test runs. Refused: the drive does not take this kind, or the node is none.
            ToolMissing: NVMe, smartctl before 7.4, no nvme-cli. ToolFailed: nothing was started; says why if known.
            DriveRemoved, DriveChanged, and what `Tool.run` raises.
        """
        if kind not in _KINDS:
            raise Refused(f"there is no {kind!r} self-test", remedy=f"one of {', '.join(_KINDS)}")
        run = self._call(presence.node, presence.device_type, "-a", *_NO_DATABASE, stop=stop)
        report = self._same_drive(run, presence)
        if report.self_test_running:
            raise DriveBusy(f"{presence.node} already runs a self-test", serial=report.serial)
        offered = report.self_test_kinds
        if (kind in _ATA_ONLY and report.protocol is not Protocol.ATA) or (offered is not None and kind not in offered):
            raise Refused(f"{presence.node} does not take the {kind} self-test", serial=report.serial)
        if report.protocol is Protocol.NVME and _version_of(report) < NVME_SELF_TESTS:
            self._start_by_nvme(report, presence.node, kind, stop)
            return
        attempts: list[_Run] = []
        protocol = report.protocol or Protocol.SCSI
        command = self._command(presence, attempts, stop)
        if kind == "selective":  # pySMART knows no spans
            command(_selecting(spans or NEXT))
        else:
            pysmart.start_self_test(run.lines(), presence.node, protocol, kind, command)
        _raise_unless_begun(attempts[-1], presence, kind)

    def abort_self_test(self, presence: Presence, *, stop: Event) -> None:
        """Ask the drive to end its self-test; no error when none runs. Two processes: who it is, then the abort.

        Raises DriveRemoved, DriveChanged, ToolFailed when the drive refused, and what `Tool.run` raises.
        """
        run = self._call(presence.node, presence.device_type, "-i", *_NO_DATABASE, stop=stop)
        report = self._same_drive(run, presence)
        if report.protocol is Protocol.NVME and _version_of(report) < NVME_SELF_TESTS:
            self._nvme.abort_self_test(presence.node, stop=stop)
            return
        attempts: list[_Run] = []
        protocol = report.protocol or Protocol.SCSI
        pysmart.abort_self_test(run.lines(), presence.node, protocol, self._command(presence, attempts, stop))
        last = attempts[-1]
        if last.exit_status:
            _raise_if_gone(last, presence.node, presence.drive.serial)
            text = f"{presence.node} did not end its self-test: {last.said()}"
            raise ToolFailed(text, exit_status=last.exit_status, output=last.said(), serial=report.serial)

    # -- for discovery and the doctor

    def identify(self, node: str, device_type: str = "", *, stop: Event) -> tuple[Drive, str]:
        """Who answers at this node, and the device type that smartctl found. Raises as `read`."""
        run = self._call(node, device_type, "-i", *_NO_DATABASE, stop=stop)
        report = self._readable(run, node)
        drive = Drive(report.serial, report.wwn, report.model, report.capacity_bytes, report.protocol)
        device = run.document().get("device")
        found = device.get("type") if isinstance(device, dict) else None
        return drive, str(found) if is_device_type(found) else device_type

    def version(self) -> tuple[int, int]:
        """Such as (7, 3); asked once. Raises ToolMissing, ToolFailed."""
        if self._version is None:
            described = self.describe()
            found = re.match(r"smartctl (\d+)\.(\d+)", described)
            if found is None:
                raise ToolFailed(f"{self._tool.path} is no smartctl: it says {described!r}", remedy=INSTALL)
            self._version = int(found[1]), int(found[2])
        return self._version

    def describe(self) -> str:
        """The first line it prints of itself: version, date, platform. Raises ToolMissing, ToolFailed."""
        finished = self._tool.run("-V", stop=threading.Event(), subject="itself")
        return last_lines(finished.output.split(b"\n", 1)[0])

    # -- one call

    def _call(self, node: str, device_type: str, *options: str, stop: Event) -> _Run:
        typed = ("-d", checked_device_type(device_type)) if device_type else ()
        finished = self._tool.run("--json=o", *options, *typed, checked_node(node), stop=stop, subject=node)
        return _Run(finished.output, finished.errors, finished.exit_status)

    def _command(self, presence: Presence, attempts: list[_Run], stop: Event) -> pysmart.Command:
        """For pySMART: runs -t or -X on the presence's drive, and notes the run in `attempts`."""

        def command(options: tuple[str, ...]) -> tuple[list[str], int]:
            run = self._call(presence.node, presence.device_type, *options, stop=stop)
            attempts.append(run)
            return run.lines(), run.exit_status

        return command

    def _readable(self, run: _Run, node: str, serial: str = "") -> SmartReport:
        """The report of a drive that answered; raises why there is none."""
        report = read_report(run.output, exit_status=run.exit_status)
        if report.complete and (report.standby or report.serial or report.model):
            return report
        _raise_if_gone(run, node, serial)
        status, said, remedy = run.exit_status, run.said(), ""
        if status & _USAGE and "UNRECOGNIZED OPTION" in said:
            remedy = f"smartctl {_FIRST_WITH_JSON} or newer is needed: {INSTALL}"
            raise ToolMissing(f"{self._tool.path} is too old", remedy=remedy, exit_status=status, output=said)
        if _DENIED.search(said):
            remedy = "run as root, or set sudo in the rack file"
        elif "detect device type" in said or "USB bridge" in said:
            remedy = "name the slot's type in the rack file, such as sat; see smartctl(8), option -d"
        text = f"smartctl cannot read {node} (exit status {status}): {_in_a_line(run)}"
        raise ToolFailed(text, remedy=remedy, exit_status=status, output=said, serial=serial)

    def _same_drive(self, run: _Run, presence: Presence) -> SmartReport:
        """The report, if it is of the presence's drive: like is compared with like, and only where both are known."""
        meant = presence.drive
        report = self._readable(run, presence.node, meant.serial)
        if report.standby:
            return report
        if meant.serial and not report.serial:
            text = f"{presence.node} does not tell its serial number any more; {meant.serial} is expected there"
            raise ToolFailed(text, exit_status=run.exit_status, output=run.said(), serial=meant.serial)
        same_wwn_kind = len(meant.wwn) == len(report.wwn)  # EUI-64 is not NGUID
        for name, expected, found in (
            ("serial number", meant.serial, report.serial),
            ("WWN", meant.wwn if same_wwn_kind else "", report.wwn),
            ("model", meant.model, report.model),
        ):
            if expected and found and expected != found:
                text = f"{presence.node}: the drive {meant.serial} was meant, and {report.serial or '?'} answers"
                if name != "serial number":
                    text += f" with another {name} ({found}, not {expected})"
                raise DriveChanged(text, serial=meant.serial)
        return report

    # -- NVMe before smartctl 7.4

    def _with_nvme_self_tests(self, report: SmartReport, node: str, stop: Event) -> SmartReport:
        try:
            return self._nvme.with_self_tests(report, node, stop=stop)
        except ToolTimeout:
            raise
        except ToolFailed:  # not installed, or a drive without the log: the report says so by its absence
            return report

    def _start_by_nvme(self, report: SmartReport, node: str, kind: str, stop: Event) -> None:
        try:
            self._nvme.start_self_test(node, kind, stop=stop)
        except ToolMissing as error:
            text = f"smartctl {report.tool_version} starts no self-tests on NVMe, and nvme-cli is not installed"
            raise ToolMissing(text, remedy=INSTALL_NVME, serial=report.serial) from error


def _selecting(spans: str) -> tuple[str, ...]:
    """smartctl(8), option -t select,N-M and select,next."""
    chosen = [f"{first}-{last}" for first, last in spans_of(spans)] or [NEXT]
    return tuple(word for span in chosen for word in ("-t", f"select,{span}"))


def _raise_unless_begun(run: _Run, presence: Presence, kind: str) -> None:
    """smartctl says in words whether a test has begun: exit 0 of NVMe proves nothing, SCSI's busy is 255 (measured)."""
    lines = run.lines()
    node, said, serial = presence.node, run.said(), presence.drive.serial
    if any("has begun" in line for line in lines):
        return
    if any("without aborting current test" in line for line in lines):
        raise DriveBusy(f"{node} already runs a self-test: {said}", serial=serial)
    _raise_if_gone(run, node, serial)
    if any(_UNSUPPORTED.search(line) for line in lines):
        raise Refused(f"{node} does not take the {kind} self-test: {said}", serial=serial)
    text = f"smartctl started no {kind} self-test on {node} (exit status {run.exit_status}): {said}"
    raise ToolFailed(text, exit_status=run.exit_status, output=said, serial=serial)


def _in_a_line(run: _Run) -> str:
    """Its last word, for a person; the whole is in the error's `output`."""
    if run.output.lstrip().startswith(b"{") and not run.lines():
        return "its answer is cut off or makes no sense"
    lines = [" ".join(line.split()) for line in run.said().splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it says nothing"


def _raise_if_gone(run: _Run, node: str, serial: str) -> None:
    if _GONE.search(run.said()):
        raise DriveRemoved(f"{node} is gone: {serial or 'the drive'} left its slot", serial=serial)


def _version_of(report: SmartReport) -> tuple[int, int]:
    """Of the smartctl that made it; a version that is not told counts as old."""
    found = re.match(r"(\d+)\.(\d+)", report.tool_version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
