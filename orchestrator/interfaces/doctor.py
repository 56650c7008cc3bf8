"""`orchestrator doctor`: what this host has, what is missing, and the remedy. Touches no drive.

"missing" stops the work, "limited" stops a part of it, and the finding says which.
"""

import json
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from orchestrator.adapters.nvme_cli import INSTALL as INSTALL_NVME
from orchestrator.adapters.nvme_cli import NvmeCli
from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.smartctl import NVME_SELF_TESTS, Smartctl
from orchestrator.adapters.udev import CONTROL, NO_UDEVD, RECEIVE_BUFFER
from orchestrator.interfaces.outcome import printable
from orchestrator.interfaces.table import print_table
from orchestrator.model.errors import ToolFailed

if TYPE_CHECKING:
    from orchestrator.settings.rack_file import RackSettings

FIRST_WITH_JSON = (7, 0)
"""smartctl prints JSON from here on (smartmontools 7.0, NEWS)."""
_CAPABILITIES = {17: "CAP_SYS_RAWIO", 21: "CAP_SYS_ADMIN"}
"""Bits of CapEff (linux/capability.h): SATA and SAS need the first, NVMe the second."""
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
PATIENCE_S = 10.0
ENOUGH_BUFFER = 4 << 20
"""Bytes: some 5,000 events, counting what the kernel adds to each."""
_CAP_NET_ADMIN = 12


class State(StrEnum):
    OK = "ok"
    LIMITED = "limited"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: State
    found: str
    remedy: str = ""


def examine_host(config: Path | None, *, as_json: bool) -> int:
    """Print what is found, and give the exit status: 1 when something is missing. Raises ConfigError."""
    from orchestrator.settings.rack_file import RackSettings, load_rack_file

    rack = load_rack_file(config) if config is not None else RackSettings()
    findings = list(examine(rack))
    if as_json:
        for finding in findings:
            print(json.dumps(asdict(finding)))
    else:
        rows = [(one.name, one.state.value, printable(one.found), printable(one.remedy)) for one in findings]
        print_table(("what", "state", "found", "remedy"), rows)
    return int(any(finding.state is State.MISSING for finding in findings))


def examine(
    rack: "RackSettings", *, run: Path = Path("/run"), proc: Path = Path("/proc"), sys: Path = Path("/sys")
) -> Iterator[Finding]:
    """`run`, `proc` and `sys`: where the host's own folders are."""
    yield Finding("python", State.OK, platform.python_version())
    yield Finding("orchestrator", State.OK, version("drive-test-orchestrator"))
    yield Finding("pySMART", State.OK, version("pySMART"))
    if rack.simulated is not None:
        yield Finding("rack", State.OK, f"SIMULATED, {rack.simulated.slots} slots: needs nothing below")
    yield from _tools(rack)
    yield _rights(rack, proc)
    matches = [slot.match for slot in rack.slots.values() if slot.match is not None]
    yield _udevd(run, needed=bool(matches))
    yield from _receive_buffer(proc)
    if any(match.bay for match in matches):
        yield _enclosures(sys)
    for slot_id, slot in sorted(rack.slots.items()):
        if slot.node is None:
            continue  # `check` says what is in it
        if Path(slot.node).exists():
            yield Finding(f"slot {slot_id}", State.OK, slot.node)
        else:
            lacking, remedy = f"{slot.node} is not there", "plug a drive in, or correct node"
            yield Finding(f"slot {slot_id}", State.LIMITED, lacking, remedy)


def _tools(rack: "RackSettings") -> Iterator[Finding]:
    processes, tool = ChildProcesses(), rack.smartctl
    smartctl = Smartctl(processes, tool.path, sudo=tool.sudo, deadline_s=PATIENCE_S)
    try:
        said, found = smartctl.describe(), smartctl.version()
    except ToolFailed as exc:
        yield Finding("smartctl", State.MISSING, str(exc), exc.remedy)
        return
    path = shutil.which(tool.path, path=f"{os.environ.get('PATH', '')}:{_SBIN}") or tool.path
    if found < FIRST_WITH_JSON:
        yield Finding("smartctl", State.MISSING, f"{said} ({path})", "install smartmontools 7.0 or newer")
        return
    yield Finding("smartctl", State.OK, f"{said} ({path})")
    if found >= NVME_SELF_TESTS:
        yield Finding("NVMe self-tests", State.OK, "by smartctl")
    elif NvmeCli(processes, sudo=tool.sudo, deadline_s=PATIENCE_S).installed(stop=Event()):
        yield Finding("NVMe self-tests", State.OK, "by nvme-cli: smartctl starts them from 7.4 on")
    else:
        lacking = f"smartctl {found[0]}.{found[1]} starts none, and nvme-cli is not installed"
        yield Finding("NVMe self-tests", State.LIMITED, lacking, INSTALL_NVME)


def _rights(rack: "RackSettings", proc: Path) -> Finding:
    if rack.smartctl.sudo:
        return Finding("rights", State.OK, "smartctl is run by sudo -n")
    effective = _effective_capabilities(proc)
    lacking = [name for bit, name in _CAPABILITIES.items() if not effective >> bit & 1]
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    if not lacking:
        return Finding("rights", State.OK, f"{who}, with {' and '.join(_CAPABILITIES.values())}")
    remedy = "run as root, or set smartctl: {sudo: true} in the rack file"
    return Finding("rights", State.LIMITED, f"{who}, without {' and '.join(lacking)}: drives cannot be read", remedy)


def _effective_capabilities(proc: Path) -> int:
    try:
        lines = (proc / "self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)


def _udevd(run: Path, *, needed: bool) -> Finding:
    if (run / CONTROL).exists():
        return Finding("udevd", State.OK, "it runs")
    if needed:
        return Finding("udevd", State.MISSING, "it does not run: no slot with a match can be seen", NO_UDEVD)
    return Finding("udevd", State.LIMITED, "it does not run: drives are found by their nodes alone", NO_UDEVD)


def _receive_buffer(proc: Path) -> Iterator[Finding]:
    """For udev's events. Root may ask for more than the kernel's limit; a container may not even read it."""
    try:
        most = int((proc / "sys/net/core/rmem_max").read_text())
    except (OSError, ValueError):
        return
    if _effective_capabilities(proc) >> _CAP_NET_ADMIN & 1 or most >= ENOUGH_BUFFER:
        yield Finding("receive buffer", State.OK, "large enough for a storm of events")
        return
    found = f"{most >> 10} KiB: a storm of events overflows it, and the drives are then listed anew"
    yield Finding("receive buffer", State.LIMITED, found, f"sysctl -w net.core.rmem_max={RECEIVE_BUFFER}")


def _enclosures(sys: Path) -> Finding:
    found = sorted(path.name for path in (sys / "class/enclosure").glob("*"))
    if found:
        return Finding("enclosures", State.OK, ", ".join(found))
    lacking = "the kernel shows none: no slot with an enclosure and a bay can be seen"
    return Finding("enclosures", State.MISSING, lacking, "modprobe ses (kernel module ses), and check the cabling")
