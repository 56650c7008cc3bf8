"""NVMe self-tests through nvme-cli, for a smartctl before 7.4, which starts none, shows none and exits 0.

The controller node with namespace FFFFFFFFh: the test then covers the controller and every namespace (NVM Express
Base 2.0, Device Self-test command). The log's keys and codes as nvme-cli 2.3 prints them (measured), page 06h.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.process import MISSING
from orchestrator.adapters.smart_reader.self_test_words import NVME_KIND, NVME_OUTCOME
from orchestrator.adapters.tool import Tool, checked_node, last_lines
from orchestrator.model.errors import DriveBusy, DriveRemoved, Refused, ToolFailed
from orchestrator.model.ports import Event, Finished, Processes
from orchestrator.model.report import SelfTestEntry, SelfTestOutcome, SmartReport

INSTALL = "install nvme-cli (apt install nvme-cli), or smartmontools 7.4 or newer"

_STARTED = {"short": "1", "extended": "2"}
_ABORT = "0xf"
_UNUSED = 0xF
_WORDS = {  # by result, in the words of smartctl's nvmeprint.cpp
    0x0: "Completed without error",
    0x1: "Aborted: Self-test command",
    0x2: "Aborted: Controller Reset",
    0x3: "Aborted: Namespace removed",
    0x4: "Aborted: Format NVM command",
    0x5: "Fatal or unknown test error",
    0x6: "Completed: unknown failed segment",
    0x7: "Completed: failed segments",
    0x8: "Aborted: unknown reason",
    0x9: "Aborted: sanitize operation",
}
_LBA_VALID = 0x02  # of "Valid Diagnostic Information"
_NAMESPACE = re.compile(r"/dev/(nvme[0-9]+n[0-9]+)(p[0-9]+)?")


def controller_node(node: str, *, sys: Path = Path("/sys")) -> str:
    """The controller's node of a namespace's, by sysfs: with multipath their numbers differ (nvme-cli issue 455).

    Raises Refused where sysfs names no single controller.
    """
    checked_node(node)
    namespace = _NAMESPACE.fullmatch(node)
    if namespace is None:
        return node
    owner = (sys / "class/block" / namespace[1] / "device").resolve().name
    if not re.fullmatch(r"nvme[0-9]+", owner):
        raise Refused(
            f"{node} is a namespace of no single controller", remedy="name the controller's node, such as /dev/nvme0"
        )
    return f"/dev/{owner}"


class NvmeCli:
    """Starts, aborts and reads NVMe self-tests. Every call blocks at most `deadline_s` and 2 s; errors as `Tool.run`.

    Args:
        path: of nvme, a name to be looked up or a path.
    """

    def __init__(
        self, processes: Processes, path: str = "nvme", *, sudo: bool = False, deadline_s: float = 60.0
    ) -> None:
        self._tool = Tool(processes, path, INSTALL, sudo=sudo, deadline_s=deadline_s)

    def installed(self, *, stop: Event) -> bool:
        argv = (self._tool.path, "version")
        return self._tool.processes.run(argv, deadline_s=self._tool.deadline_s, stop=stop).exit_status != MISSING

    def start_self_test(self, node: str, kind: str, *, stop: Event) -> None:
        """DriveBusy when one runs; Refused when the drive takes none. NVMe knows "short" and "extended"."""
        if kind not in _STARTED:
            raise Refused(f"an NVMe drive has no {kind} self-test")
        finished = self._self_test(node, _STARTED[kind], stop=stop)
        said = last_lines(finished.output) or last_lines(finished.errors)
        if finished.exit_status != 0 or "self-test started" not in said:
            raise ToolFailed(f"nvme started nothing on {node}: {said}", exit_status=finished.exit_status, output=said)

    def abort_self_test(self, node: str, *, stop: Event) -> None:
        finished = self._self_test(node, _ABORT, stop=stop)
        if finished.exit_status != 0:
            said = last_lines(finished.errors)
            raise ToolFailed(f"nvme ended nothing on {node}: {said}", exit_status=finished.exit_status, output=said)

    def with_self_tests(self, report: SmartReport, node: str, *, stop: Event) -> SmartReport:
        """The report with this log's entries and progress. ToolFailed when the log cannot be read."""
        node = controller_node(node)
        finished = self._tool.run("self-test-log", node, "-o", "json", stop=stop, subject=node)
        _raise_if_gone(finished, node)
        said = last_lines(finished.errors) or last_lines(finished.output)
        try:
            log = json.loads(finished.output) if finished.exit_status == 0 else None
            return replace(report, **_read_log(log))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            text = f"nvme gave no self-test log of {node}: {said}"
            raise ToolFailed(text, exit_status=finished.exit_status, output=said) from error

    def _self_test(self, node: str, code: str, *, stop: Event) -> Finished:
        node = controller_node(node)
        finished = self._tool.run("device-self-test", node, "-n", "0xffffffff", "-s", code, stop=stop, subject=node)
        _raise_if_gone(finished, node)
        errors = last_lines(finished.errors)
        if "Self-test In Progress" in errors:
            raise DriveBusy(f"{node} already runs a self-test")
        if "Invalid Command Opcode" in errors or "INVALID_OPCODE" in errors:
            raise Refused(f"{node} takes no self-tests: {errors}")
        return finished


def _raise_if_gone(finished: Finished, node: str) -> None:
    if finished.exit_status and re.search(rb"No such (device|file)", finished.errors):
        raise DriveRemoved(f"{node} is gone")


def _read_log(log: Any) -> dict[str, Any]:
    """The fields of a SmartReport that the log knows. Raises what a document of another shape makes it raise."""
    operation = log["Current Device Self-Test Operation"]
    running = operation != 0
    entries = [entry for entry in log["List of Valid Reports"] if entry["Self test result"] != _UNUSED]
    return {
        "self_test_running": running,
        "self_test_percent": min(99, int(log["Current Device Self-Test Completion"])) if running else None,
        "self_tests": tuple(_entry(entry) for entry in entries),
        "self_test_log_seen": True,
    }


def _entry(entry: Mapping[str, Any]) -> SelfTestEntry:
    result = entry["Self test result"]
    lba_known = entry["Valid Diagnostic Information"] & _LBA_VALID
    return SelfTestEntry(
        kind=NVME_KIND.get(entry["Self test code"], "reserved"),
        outcome=NVME_OUTCOME.get(result, SelfTestOutcome.UNKNOWN),
        text=_WORDS.get(result, f"unknown result {result}"),
        lba=entry["Failing LBA"] if lba_known else None,
        power_on_hours=entry["Power on hours"],
        source="nvme self-test-log: List of Valid Reports",
    )
