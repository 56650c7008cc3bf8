"""smartctl's plain text to a SmartReport, in one pass over its lines.

Most lines are "Key: value" and are looked up in the protocols' tables; rows of tables are known by their shape. Where
a key means different things (ATA's and SCSI's "Self-test execution status") every reader of it is asked.
"""

import re
from dataclasses import replace

from orchestrator.adapters.smart_reader import text_ata, text_nvme, text_scsi
from orchestrator.adapters.smart_reader.ending import missing_end
from orchestrator.adapters.smart_reader.findings import Field, Fields, Findings
from orchestrator.adapters.smart_reader.key_lines import KeyReader, count, name
from orchestrator.adapters.smart_reader.numbers import leading
from orchestrator.adapters.smart_reader.text import clean, lines_of
from orchestrator.model.drive import Protocol
from orchestrator.model.report import Attribute, SelfTestEntry, SelfTestOutcome, SmartReport

_MOST_ENTRIES = 64
_BANNER = re.compile(r"smartctl (?:version )?(?:pre-)?(\d{1,2}\.\d{1,3})\b")


def _sct_celsius(value: str, line: str) -> Fields:
    yield Field("sct_celsius", leading(value), line)


_SHARED_KEYS: dict[str, KeyReader] = {
    "Serial Number": name("serial"),
    "Firmware Version": name("firmware"),
    "User Capacity": count("capacity_bytes"),
    "SMART overall-health self-assessment test result": text_ata.health,
    "Total NVM Capacity": count("total_capacity"),
    "Current Temperature": _sct_celsius,
}
_KEYS: dict[str, tuple[KeyReader, ...]] = {}
for _table in (_SHARED_KEYS, text_ata.KEYS, text_nvme.KEYS, text_scsi.KEYS):
    for _key, _reader in _table.items():
        _KEYS[_key] = (*_KEYS.get(_key, ()), _reader)

_NO_LOG = ("No self-tests have been logged", "No Self-tests have been logged", "No Self-tests Logged")
_NO_LOGGING = re.compile(r"Device does not support Self.?[Tt]est logging|Self-tests not supported|.*Self-test.* failed")
_LOG_HEADINGS = ("SMART Self-test log", "SMART Extended Self-test Log Version", "Self-test Log (NVMe Log 0x06")
_COUNTED = ("read:", "write:", "verify:")
_COMPLAINTS = re.compile(
    r"Smartctl open device|A mandatory SMART command failed|Read SMART .* failed|Read .* Log .* failed"
    r"|Read Device Identity|Device is in [\w ]+ mode|Unable to detect device type|.*: Unknown USB bridge|Error: "
    r"|SMART Status command failed|SMART Status not supported|SMART Status, Attributes and Thresholds cannot be read"
    r"|Warning: This result is based"
)


def _raw_of(attributes: dict[int, Attribute], *ids: int) -> int | None:
    raws = (attributes[number].raw for number in ids if number in attributes)
    return next((raw for raw in raws if raw is not None), None)


def read_text(text: str) -> SmartReport:
    """Read one text output. Never raises; a second document in it makes the report incomplete."""
    lines, all_read = lines_of(text)
    page = _Page()
    for line in lines:
        page.read(line)
    report = page.report()
    if page.banners > 1:
        messages = (*report.messages, f"{page.banners} outputs in one document: which drive is meant?")
        report = replace(report, complete=False, messages=messages)
    cut = (*missing_end(text, lines), *page.missing())
    return replace(report, cut=cut, complete=report.complete and all_read)


def _tells_nvme_self_tests(version: str | None) -> bool:
    """smartctl has read NVMe's self-test log since 7.4 (its NEWS file)."""
    major, _, minor = (version or "0.0").partition(".")
    return (int(major), int(minor)) >= (7, 4)


class _Page:
    """One output while it is read."""

    def __init__(self) -> None:
        self.found = Findings()
        self.banners = 0
        self.attributes: dict[int, Attribute] = {}
        self.logs: list[list[SelfTestEntry]] = []
        self.spoilt: list[str] = []
        self.messages: list[str] = []
        self.minutes: dict[str, int] = {}
        self.kinds: list[str] = []
        self.uncorrected: dict[str, int] = {}
        self._table = ""
        self._heading = ""
        self._log_is_told = False

    def read(self, line: str) -> None:
        if not line:
            self._table = ""
            return
        if line[0] in " #0123456789" and self._row(line):
            return
        key, colon, value = line.partition(":")
        readers = _KEYS.get(key.partition(" (0x")[0].strip()) if colon else None
        for reader in readers or ():
            for field in reader(value, line):
                self.found.put(field)
        if not readers:
            self._other(line)

    def _row(self, line: str) -> bool:
        """Rows of the attribute table and of the three self-test logs, known by their shape."""
        bare = line.lstrip()
        if bare[0] == "#":
            entry = text_ata.self_test(bare) or text_scsi.self_test(bare)
        elif (attribute := text_ata.attribute(bare)) is not None:
            self.attributes.setdefault(attribute.id, attribute)  # failing ones are also printed below the health line
            return True
        else:
            entry = text_nvme.self_test(bare)
        if entry is None and bare.lstrip("# ")[:1].isdecimal() and (self._table or bare[0] == "#"):
            self.spoilt.append(self._table or "self-test log")
            if self._table != "attributes":  # a test whose result cannot be read must not be skipped
                text = clean(bare, 160)
                entry = SelfTestEntry(kind="short", outcome=SelfTestOutcome.UNKNOWN, text=text, source=line)
        if entry is not None:
            self._log_row(entry)
        return entry is not None

    def _log_row(self, entry: SelfTestEntry) -> None:
        if not self.logs:
            self.logs.append([])
        if len(self.logs[-1]) < _MOST_ENTRIES:
            self.logs[-1].append(entry)

    def _other(self, line: str) -> None:
        if line.startswith("smartctl ") and (banner := _BANNER.match(line)):
            self.banners += 1
            self._put("tool_version", banner.group(1))
        elif line.startswith(_LOG_HEADINGS):
            self._put("self_test_log_seen", True)
            self.logs.append([])
        elif line.startswith("ID# ATTRIBUTE_NAME"):
            self._table = "attributes"
        elif line.startswith("Num  Test") and "Power_on_Hours" in line:  # NVMe; the other logs' rows begin with "#"
            self._table = "self-test log"
        elif line.startswith(_NO_LOG):
            self._put("self_test_log_seen", True)
            self._log_is_told = True
        elif _NO_LOGGING.match(line):
            self._log_is_told = True
        elif (minutes := text_ata.polling_minutes(line)) is not None:
            self.minutes.setdefault(self._heading, minutes)
        elif line.startswith(_COUNTED) and (errors := text_scsi.uncorrected(line)) is not None:
            self.uncorrected.setdefault(line.partition(":")[0], errors)
        elif line[0] in "\t " and (ability := text_ata.ability(line)):
            self.kinds += ability
        elif "powered up" in line:
            self._put("power_on_hours", text_scsi.hours_powered_up(line))
        elif "Offline collection upon new" in line:
            self._put("aborts_on_command", line.lstrip().startswith("Abort"))
        elif _COMPLAINTS.match(line):
            if len(self.messages) < _MOST_ENTRIES:
                self.messages.append(clean(line, 160))
            if line.startswith("Device is in") and re.match(r"Device is in (STANDBY|SLEEP)", line):
                self._put("standby", True)
        self._heading = line.split(" ", 1)[0].lower()

    def missing(self) -> tuple[str, ...]:
        """Sections that must be there and are not, or that hold a line which cannot be read.

        After an ATA drive's general values (-c), a SCSI drive's error counters, and, since 7.4, on an NVMe drive that
        takes self-tests, -a and -x always say what the self-test log holds.
        """
        found = self.found
        of_ata = found.get("self_test_status") is not None and bool(self.attributes) and "short" in self.kinds
        of_nvme = bool(found.get("self_test_kinds")) and _tells_nvme_self_tests(found.get("tool_version"))
        if (of_ata or of_nvme or self.uncorrected) and not (any(self.logs) or self._log_is_told):
            self.spoilt.append("self-test log")
        return tuple(dict.fromkeys(self.spoilt))

    def report(self) -> SmartReport:
        found = self.found
        vendor_and_product = " ".join(filter(None, (found.get("vendor"), found.get("product"))))
        self._put("model", vendor_and_product or None)
        self._put("capacity_bytes", found.get("total_capacity"))
        if self.attributes:
            self._put("protocol", Protocol.ATA)
            self._put("attributes", tuple(self.attributes.values()))
            self._put("power_on_hours", _raw_of(self.attributes, 9))
        for celsius in (found.get("sct_celsius"), _raw_of(self.attributes, 194, 190)):
            self._put("temperature_celsius", celsius if celsius is not None and -60 < celsius < 150 else None)
        if self.uncorrected:
            told = ", ".join(f"{page} {errors}" for page, errors in self.uncorrected.items())
            self._put("uncorrected_errors", sum(self.uncorrected.values()), f"Error counter log, uncorrected: {told}")
        if self.minutes:
            self._put("self_test_minutes", tuple(self.minutes.items()))
        if self.kinds:
            self._put("self_test_kinds", tuple(dict.fromkeys(self.kinds)))
        self._put("messages", tuple(self.messages) or None)
        for log in self.logs:
            found.put_log(log)
        if found.get("running_entry") and found.get("self_test_status") is None:
            self._put("self_test_running", True)
        return found.report()

    def _put(self, field: str, value: object, source: str = "") -> None:
        self.found.put(Field(field, value, source))
