"""SCSI and SAS in smartctl's text (scsiprint.cpp): identity, health, error counters, the self-test log page 10h."""

import re

from orchestrator.adapters.smart_reader.findings import Field, Fields
from orchestrator.adapters.smart_reader.key_lines import KeyReader, celsius, count, hexadecimal_name, name
from orchestrator.adapters.smart_reader.numbers import grouped, leading
from orchestrator.adapters.smart_reader.self_test_words import kind_of, outcome_of
from orchestrator.adapters.smart_reader.text import clean
from orchestrator.model.drive import Protocol
from orchestrator.model.report import SelfTestEntry

_BAD = re.compile(r"\[asc=|FAIL|EXCEEDED|IMPENDING|WARNING|THRESHOLD", re.IGNORECASE)


def _health(value: str, line: str) -> Fields:
    """ "OK", or the sense text of an informational exception: "DATA CHANNEL IMPENDING FAILURE ... [asc=5d, ...]"."""
    value = value.strip()
    yield Field("health_passed", True if value in ("OK", "Ok!") else False if _BAD.search(value) else None, line)
    yield Field("protocol", Protocol.SCSI)


def _device(value: str, _line: str) -> Fields:
    """Before 5.41: "Device: SEAGATE  ST3300655SS      Version: 0003"."""
    model, _, version = value.partition("Version:")
    yield Field("model", clean(" ".join(model.split())) or None)
    yield Field("firmware", clean(version) or None)
    yield Field("protocol", Protocol.SCSI)


def _self_test_status(value: str, line: str) -> Fields:
    """ "61% of test remaining"."""
    left = re.search(r"(\d{1,3})% of test remaining", value)
    if left:
        yield Field("self_test_running", True, line)
        yield Field("self_test_percent", max(0, min(99, 100 - int(left.group(1)))))


def _power_on_time(value: str, _line: str) -> Fields:
    """ "minutes 755:00", the rest of "Accumulated power on time, hours:minutes 755:00"."""
    yield Field("power_on_hours", leading(value.replace("minutes", "", 1)))


def _extended_duration(value: str, _line: str) -> Fields:
    """ "80400 seconds [1340.0 minutes]"."""
    seconds = leading(value)
    yield Field("self_test_minutes", (("extended", -(-seconds // 60)),) if seconds else None)


KEYS: dict[str, KeyReader] = {
    "Vendor": name("vendor", Protocol.SCSI),
    "Product": name("product", Protocol.SCSI),
    "Revision": name("firmware", Protocol.SCSI),
    "Device": _device,
    "Serial number": name("serial"),
    "Logical Unit id": hexadecimal_name("wwn"),
    "Transport protocol": name("transport", Protocol.SCSI),
    "SMART Health Status": _health,
    "SMART Sense": _health,
    "Current Drive Temperature": celsius,
    "Drive Trip Temperature": lambda value, line: (
        Field("temperature_limit_celsius", field.value) for field in celsius(value, line)
    ),
    "Self-test execution status": _self_test_status,
    "Accumulated power on time, hours": _power_on_time,
    "Elements in grown defect list": count("grown_defects"),
    "Percentage used endurance indicator": count("percentage_used"),
    "SS Media used endurance indicator": count("percentage_used"),
    "Long (extended) Self-test duration": _extended_duration,
    "Long (extended) Self Test duration": _extended_duration,
}


def hours_powered_up(line: str) -> int | None:
    """Before 7.0: "  number of hours powered up = 27473.18", of the vendor's factory log."""
    found = re.match(r"\s*number of hours powered up = (\d{1,20})", line)
    return int(found.group(1)) if found else None


def uncorrected(line: str) -> int | None:
    """The last of the error counter log's seven columns: "read:  0  0  0  0  0  627625.355  0"."""
    columns = line.split(":", 1)[1].split()
    return grouped(columns[6]) if len(columns) == 7 else None


_ROW = re.compile(
    r"#\s*\d{1,2}\s+((?:Back|Fore)ground (?:short|long)|Default|Reserved ?\(\d+\)|Abort\w* background)\s+"
    r"(\S.*?)\s+(?:-|\d{1,3})\s+(NOW|\d{1,20})\s+(-|0x[0-9a-fA-F]{1,16}|\d{1,20})(?:\s|\[|$)"
)


def self_test(line: str) -> SelfTestEntry | None:
    """ "# 1  Background long   Failed in segment -->       4   29553        1142858497 [0x3 0x11 0x0]"."""
    row = _ROW.match(line)
    if row is None:
        return None
    title, status, hours, lba = row.groups()
    return SelfTestEntry(
        kind=kind_of(title),
        outcome=outcome_of(status),
        text=status,
        lba=None if lba == "-" else int(lba, 16 if lba.startswith("0x") else 10),
        power_on_hours=None if hours == "NOW" else int(hours),
        name=title,
        source=line,
    )
