"""A stand-in for smartctl 7.4 over drive models: the same arguments, the same text and JSON, the same exit status.

    argv ──▶ Ask ──▶ pages of the drive's kind ──▶ Sheet ──▶ exit status and bytes

It knows the options that a drive test needs and refuses the others, as smartctl refuses what it does not know. All that
it prints says SIMULATED.
"""

import getopt
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from orchestrator.model.drive import Protocol as Speaks
from orchestrator.simulated.ata import CHECK_POWER_MODE, AtaWire
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.nvme import NvmeWire
from orchestrator.simulated.render_ata import AtaPages
from orchestrator.simulated.render_nvme import NvmePages
from orchestrator.simulated.render_scsi import ScsiPages
from orchestrator.simulated.render_selective import understood
from orchestrator.simulated.scsi import ScsiWire
from orchestrator.simulated.sheet import OPEN_FAILED, USAGE, Sheet
from orchestrator.simulated.spans import SPANS

SHORT: Final = "aiHcAl:t:Xn:B:d:T:P:q:Vh"
LONG: Final = (
    *("all", "info", "health", "capabilities", "attributes", "abort", "version", "scan", "scan-open", "help"),
    *("log=", "test=", "nocheck=", "drivedb=", "device=", "tolerance=", "presets=", "quietmode="),
)
JSON: Final = re.compile(r"(?:--json=?|-j)([a-z]*)")
SECTIONS: Final = {
    "-i": {"info"},
    "-H": {"health"},
    "-c": {"capabilities"},
    "-A": {"attributes"},
    "-a": {"info", "health", "capabilities", "attributes", "error", "selftest", "selective", "all"},
}
LONG_NAMES: Final = {
    "--all": "-a",
    "--info": "-i",
    "--health": "-H",
    "--capabilities": "-c",
    "--attributes": "-A",
    "--log": "-l",
    "--test": "-t",
    "--abort": "-X",
    "--nocheck": "-n",
    "--drivedb": "-B",
    "--device": "-d",
    "--version": "-V",
}
TESTS: Final = ("short", "long", "conveyance")
TYPES: Final = {
    Speaks.ATA: ("", "auto", "sat", "ata"),
    Speaks.NVME: ("", "auto", "nvme"),
    Speaks.SCSI: ("", "auto", "scsi"),
}
"""What -d may say of a drive of this kind."""


class Pages(Protocol):
    """What every kind of drive has to show."""

    def information(self, sheet: Sheet) -> None: ...
    def health(self, sheet: Sheet, *, table_follows: bool) -> None: ...
    def capabilities(self, sheet: Sheet) -> None: ...
    def attributes(self, sheet: Sheet) -> None: ...
    def error_log(self, sheet: Sheet) -> None: ...
    def self_test_log(self, sheet: Sheet) -> None: ...
    def start(self, sheet: Sheet, kind: str) -> None: ...
    def abort(self, sheet: Sheet) -> None: ...


@dataclass(slots=True)
class Ask:
    """The arguments, understood."""

    node: str = ""
    sections: set[str] = field(default_factory=set)
    test: str = ""
    spans: tuple[str, ...] = ()
    """Of a selective test: M-N, M-max or next."""
    abort: bool = False
    device_type: str = ""
    leave_asleep: bool = False
    database: bool = True
    json: str | None = None
    """None = text; else the letters after --json=."""
    scan: bool = False
    version: bool = False
    wrong: str = ""
    """What is wrong with them."""


class StandInSmartctl:
    """`find` gives the drive behind a node such as /dev/sda, or None; `nodes` all of them, for --scan."""

    def __init__(
        self,
        find: Callable[[str], DriveModel | None],
        *,
        nodes: Callable[[], tuple[str, ...]] = tuple,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` gives seconds since 1970, for the lines that tell the time."""
        self._find = find
        self._nodes = nodes
        self._now = now

    def run(self, argv: tuple[str, ...]) -> tuple[int, bytes]:
        """`argv` without the program's name: the exit status and what it prints. Never blocks; never raises."""
        ask, sheet = parsed(argv), Sheet(self._now())
        self._answer(ask, sheet)
        if ask.json is None:
            text = sheet.text()
        else:
            text = sheet.document(argv, with_text="o" in ask.json, compact="c" in ask.json) + "\n"
        return sheet.status & 0xFF, text.encode()

    def _answer(self, ask: Ask, sheet: Sheet) -> None:
        if ask.wrong:
            sheet.complain(ask.wrong)
            sheet.say("", "Use smartctl -h to get a usage summary", "")
            sheet.status = USAGE
        elif ask.version:
            sheet.say("smartmontools release 7.4, as a stand-in: SIMULATED")
        elif ask.scan:
            self._scan(sheet)
        else:
            self._ask_drive(ask, sheet)

    def _ask_drive(self, ask: Ask, sheet: Sheet) -> None:
        model = self._find(ask.node)
        if model is None:
            sheet.complain(f"Smartctl open device: {ask.node} failed: No such device")
            sheet.status = OPEN_FAILED
            return
        if ask.device_type not in (*TYPES[model.protocol], "test"):
            sheet.complain(f"Read Device Identity failed: {ask.node} is no {ask.device_type} device")
            sheet.status = OPEN_FAILED
            return
        kind = model.protocol.value
        sheet.data["device"] = {
            "name": ask.node,
            "info_name": ask.node + (" [SAT]" if kind == "ata" else ""),
            "type": "sat" if kind == "ata" else kind,
            "protocol": {"ata": "ATA", "nvme": "NVMe", "scsi": "SCSI"}[kind],
        }
        if model.gone or "unreadable" in model.faults:
            _refuse_to_open(sheet, model, ask.device_type)
        elif ask.device_type == "test":
            _tell_type(sheet)
        elif ask.leave_asleep and asleep(model):
            mode = "STANDBY" if model.protocol is Speaks.ATA else "STANDBY BY COMMAND"
            sheet.complain(f"Device is in {mode} mode, exit(2)", "information")
            sheet.status = OPEN_FAILED
        else:
            sheet.names_from_database = kind == "ata" and ask.database
            _show(ask, pages_of(model, database=ask.database), sheet, model.protocol)

    def _scan(self, sheet: Sheet) -> None:
        found = []
        for node in self._nodes():
            model = self._find(node)
            if model is None or model.gone or "unreadable" in model.faults:
                continue
            kind = {"ata": "sat", "nvme": "nvme", "scsi": "scsi"}[model.protocol.value]
            name = {"sat": "ATA", "nvme": "NVMe", "scsi": "SCSI"}[kind]
            info = node + (" [SAT]" if kind == "sat" else "")
            sheet.say(f"{node} -d {kind} # {info}, {name} device")
            found.append({"name": node, "info_name": info, "type": kind, "protocol": name})
        if found:
            sheet.data["devices"] = found


def parsed(argv: tuple[str, ...]) -> Ask:
    """The arguments; `wrong` is set where smartctl would refuse them."""
    ask = Ask()
    for word in argv:
        if json := JSON.fullmatch(word):
            ask.json = json[1]
    try:
        options, rest = getopt.gnu_getopt([word for word in argv if not JSON.fullmatch(word)], SHORT, list(LONG))
    except getopt.GetoptError as error:
        ask.wrong = f"=======> UNRECOGNIZED OPTION: {error.opt}"
        return ask
    for name, value in options:
        _take(ask, LONG_NAMES.get(name, name), value)
    if len(rest) == 1:
        ask.node = rest[0]
    elif not ask.version and not ask.scan and not ask.wrong:
        ask.wrong = "ERROR: smartctl requires a device name as the final command-line argument."
    return ask


def _take(ask: Ask, name: str, value: str) -> None:
    match name:
        case "-V":
            ask.version = True
        case "--scan" | "--scan-open":
            ask.scan = True
        case "-X":
            ask.abort = True
        case "-n":
            ask.leave_asleep = value.split(",")[0] in ("standby", "sleep", "idle")
        case "-B":
            ask.database = value != "/dev/null"
        case "-d" if value == "test" or any(value in types for types in TYPES.values()):
            ask.device_type = value
        case "-d":
            ask.wrong = f"=======> Unknown device type '{value}'"
        case "-t" if value in TESTS:
            ask.test = value
        case "-t" if value.startswith("select,") and understood(value[7:]) and len(ask.spans) < SPANS:
            ask.test, ask.spans = "selective", (*ask.spans, value[7:])
        case "-l" if value in ("error", "selftest", "selective"):
            ask.sections.add(value)
        case "-t" | "-l":
            ask.wrong = f"=======> INVALID ARGUMENT TO {name}: {value}"
        case _:
            ask.sections |= SECTIONS.get(name, set())


def pages_of(model: DriveModel, *, database: bool = True) -> Pages:
    """The renderer for a drive's kind."""
    if model.protocol is Speaks.ATA:
        return AtaPages(AtaWire(model), model.profile, database=database)
    if model.protocol is Speaks.NVME:
        return NvmePages(NvmeWire(model))
    return ScsiPages(ScsiWire(model))


def asleep(model: DriveModel) -> bool:
    """As -n standby finds out, without waking it. An NVMe drive is never asked."""
    if model.protocol is Speaks.ATA:
        return AtaWire(model).execute(CHECK_POWER_MODE).count == 0
    if model.protocol is Speaks.SCSI:
        return ScsiWire(model).cdb(bytes([0x03]).ljust(6, b"\0"))[0][12] == 0x5E
    return False


def _refuse_to_open(sheet: Sheet, model: DriveModel, device_type: str) -> None:
    """The node is there and does not answer: in smartctl's own words, which depend on -d."""
    sheet.status = OPEN_FAILED
    why = "No such device" if model.gone else "Input/output error"
    if model.protocol is Speaks.NVME:
        sheet.complain(f"Read NVMe Identify Controller failed: NVME_IOCTL_ADMIN_CMD: {why}")
        return
    node = sheet.data["device"]["name"]
    if device_type in ("", "auto", "test"):
        del sheet.data["device"]
        sheet.complain(f"Smartctl open device: {node} failed: INQUIRY failed")
        return
    if model.protocol is Speaks.ATA:
        sheet.say(f"Read Device Identity failed: {why}", "")
        sheet.say("If this is a USB connected device, look at the various --device=TYPE variants")
    else:
        sheet.say(f"Standard Inquiry (36 bytes) failed [{why}]", "Retrying with a 64 byte Standard Inquiry")
        sheet.say(f"Standard Inquiry (64 bytes) failed [{why}]")
    sheet.say("A mandatory SMART command failed: exiting. To continue, add one or more '-T permissive' options.")


def _tell_type(sheet: Sheet) -> None:
    device, node = sheet.data["device"], sheet.data["device"]["name"]
    if device["type"] == "sat":
        sheet.say(
            f"{node}: Device of type 'scsi' [SCSI] detected",
            f"{node} [SAT]: Device open changed type from 'scsi' to 'sat'",
            f"{node} [SAT]: Device of type 'sat' [ATA] opened",
        )
    else:
        told = f"{node}: Device of type '{device['type']}' [{device['protocol']}]"
        sheet.say(f"{told} detected", f"{told} opened")


def _show(ask: Ask, pages: Pages, sheet: Sheet, speaks: Speaks) -> None:
    wanted, nvme = ask.sections, speaks is Speaks.NVME
    if speaks is Speaks.SCSI:
        wanted -= {"capabilities"}
    if not ask.database:
        sheet.say("Warning: DEFAULT entry missing in drive database file(s)")
    if "info" in wanted or (nvme and "capabilities" in wanted):
        sheet.say("=== START OF INFORMATION SECTION ===")
    if "info" in wanted:
        pages.information(sheet)
    if nvme and "capabilities" in wanted:
        pages.capabilities(sheet)
    elif "info" in wanted:
        sheet.say("")
    if wanted - {"info", "all"} and not (nvme and wanted == {"capabilities"}):
        sheet.say(f"=== START OF {'SMART DATA' if nvme else 'READ SMART DATA'} SECTION ===")
    if "health" in wanted:
        pages.health(sheet, table_follows="attributes" in wanted)
    if "capabilities" in wanted and isinstance(pages, AtaPages):
        pages.capabilities(sheet)
    if "attributes" in wanted:
        pages.attributes(sheet)
    if "error" in wanted:
        pages.error_log(sheet)
    if "selftest" in wanted:
        pages.self_test_log(sheet)
    if isinstance(pages, AtaPages) and "selective" in wanted:
        pages.selective_log(sheet)
    if isinstance(pages, AtaPages) and "all" in wanted:
        pages.closing(sheet)
    if ask.abort:
        pages.abort(sheet)
    elif ask.spans and isinstance(pages, AtaPages):
        pages.start(sheet, ask.test, ask.spans)
    elif ask.test in TESTS and (ask.test != "conveyance" or speaks is Speaks.ATA):
        pages.start(sheet, ask.test)
    elif not wanted:
        sheet.say(
            f"{sheet.data['device']['protocol']} device successfully opened",
            "",
            "Use 'smartctl -a' (or '-x') to print SMART (and more) information",
            "",
        )
