"""NVMe in smartctl's text (nvmeprint.cpp): identity, the SMART/Health log 02h, the self-test log 06h."""

import re

from orchestrator.adapters.smart_reader.findings import Field, Fields
from orchestrator.adapters.smart_reader.key_lines import KeyReader, celsius, count, hexadecimal_name, name
from orchestrator.adapters.smart_reader.numbers import hexadecimal
from orchestrator.adapters.smart_reader.self_test_words import kind_of, outcome_of
from orchestrator.model.drive import Protocol
from orchestrator.model.report import SelfTestEntry


def _critical_warning(value: str, line: str) -> Fields:
    yield Field("critical_warning", hexadecimal(value), line)
    yield Field("protocol", Protocol.NVME)


def _self_test_status(value: str, line: str) -> Fields:
    """ "Extended self-test in progress (28% completed)"."""
    percent = re.search(r"\((\d{1,3})% completed", value)
    if percent or ("in progress" in value and not value.strip().lower().startswith("no ")):
        yield Field("self_test_running", True, line)
        yield Field("self_test_percent", min(99, int(percent.group(1))) if percent else None)


def _admin_commands(value: str, _line: str) -> Fields:
    yield Field("self_test_kinds", ("short", "extended") if "Self_Test" in value.split() else ())


KEYS: dict[str, KeyReader] = {
    "Model Number": name("model", Protocol.NVME),
    "Namespace 1 Size/Capacity": count("capacity_bytes"),
    "Namespace 1 Size": count("capacity_bytes"),
    "Namespace 1 IEEE EUI-64": hexadecimal_name("wwn"),
    "Optional Admin Commands": _admin_commands,
    "Critical Warning": _critical_warning,
    "Temperature": celsius,
    "Available Spare": count("available_spare"),
    "Available Spare Threshold": count("spare_threshold"),
    "Percentage Used": count("percentage_used"),
    "Power On Hours": count("power_on_hours"),
    "Media and Data Integrity Errors": count("media_errors"),
    "Self-test status": _self_test_status,
}

_ROW = re.compile(
    r"\s{0,2}\d{1,2}\s+(Short|Extended|Vendor specific|Unknown \(0x[0-9a-f]+\))"
    r"\s+(\S.*?)\s+(\d{1,20})\s+(-|\d{1,20})(?:\s|$)"
)


def self_test(line: str) -> SelfTestEntry | None:
    """ " 4   Short             Aborted: Self-test command              865            -     -   -    -"."""
    row = _ROW.match(line)
    if row is None:
        return None
    title, status, hours, lba = row.groups()
    return SelfTestEntry(
        kind=kind_of(title),
        outcome=outcome_of(status),
        text=status,
        lba=None if lba == "-" else int(lba),
        power_on_hours=int(hours),
        name=title,
        source=line,
    )
