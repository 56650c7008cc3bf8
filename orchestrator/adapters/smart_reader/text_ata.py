"""ATA in smartctl's text (ataprint.cpp): identity, health, general values, attributes old and brief, self-test logs."""

import re

from orchestrator.adapters.smart_reader.findings import Field, Fields
from orchestrator.adapters.smart_reader.key_lines import KeyReader, hexadecimal_name, name
from orchestrator.adapters.smart_reader.numbers import leading
from orchestrator.adapters.smart_reader.self_test_words import kind_of, outcome_of
from orchestrator.adapters.smart_reader.text import clean
from orchestrator.model.drive import Protocol
from orchestrator.model.report import Attribute, SelfTestEntry


def health(value: str, line: str) -> Fields:
    """ "PASSED", "FAILED!", "UNKNOWN!"; NVMe uses the same line."""
    value = value.strip()
    yield Field("health_passed", True if value == "PASSED" else False if value.startswith("FAIL") else None, line)


def _execution_status(value: str, line: str) -> Fields:
    """ "( 246)  Self-test routine in progress...": high nibble F running, low nibble tens of percent left (ACS-4)."""
    code = re.match(r"\s*\(\s*(\d{1,3})\s*\)", value)
    if code is None or int(code.group(1)) > 255:
        return
    status = int(code.group(1))
    yield Field("self_test_status", status, line)
    if status >> 4 == 0xF:
        yield Field("self_test_running", True, line)
        yield Field("self_test_percent", max(0, min(99, 100 - 10 * (status & 0xF))))


KEYS: dict[str, KeyReader] = {
    "Device Model": name("model", Protocol.ATA),
    "LU WWN Device Id": hexadecimal_name("wwn"),
    "ATA Version is": name("standard", Protocol.ATA),
    "Self-test execution status": _execution_status,
    "SMART Attributes Data Structure revision number": name("revision", Protocol.ATA),
}

_POLLING = re.compile(r"recommended polling time:\s*\(\s*(\d{1,6})\s*\) minutes")


def polling_minutes(line: str) -> int | None:
    """ "recommended polling time: (   1) minutes.", which stands below "Short self-test routine"."""
    found = _POLLING.match(line)
    return int(found.group(1)) if found else None


_ABILITIES = {
    "Self-test supported.": ["short", "extended"],
    "Conveyance Self-test supported.": ["conveyance"],
    "Selective Self-test supported.": ["selective"],
}


def ability(line: str) -> list[str]:
    """The kinds that an indented line of "Offline data collection capabilities" adds."""
    return _ABILITIES.get(line.strip(), [])


_FAILED = {"-": "", "FAILING_NOW": "now", "In_the_past": "past", "NOW": "now", "Past": "past"}
_LIKE_A_FLAG = re.compile(r"0x[0-9a-fA-F]{4}|[POSRCK+-]{6,8}")


def attribute(line: str) -> Attribute | None:
    """One row of the attribute table.

    Old:    "  5 Reallocated_Sector_Ct   0x0033   100   100   010    Pre-fail  Always       -       0"
    Brief:  "  5 Reallocated_Sector_Ct   PO--CK   100   100   010    -    0"
    """
    columns = line.split(None, 7)
    if len(columns) < 8 or not _LIKE_A_FLAG.fullmatch(columns[2]):
        return None
    number, flag = _number(columns[0]), columns[2]
    prefail = flag.startswith("P")
    if flag.startswith("0x"):
        columns = line.split(None, 9)
        if len(columns) < 10:
            return None
        prefail = int(flag, 16) & 1 == 1  # ACS-4: bit 0, pre-failure
    failed, raw_text = columns[-2], columns[-1]
    if number is None or failed not in _FAILED:
        return None
    return Attribute(
        id=number,
        name=clean(columns[1]),
        value=_number(columns[3]),
        worst=_number(columns[4]),
        threshold=_number(columns[5]),
        prefail=prefail,
        failed=_FAILED[failed],
        raw=_raw(raw_text),
        raw_text=clean(raw_text),
        source=line,
    )


def _number(text: str) -> int | None:
    """Three digits, "0x05" with -f hex, "---" where the drive gives none."""
    if text.isdecimal() and len(text) <= 3:
        return int(text)
    return int(text, 16) if re.fullmatch(r"0x[0-9a-fA-F]{2}", text) else None


def _raw(text: str) -> int | None:
    if text.startswith("0x") and re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text):
        return int(text, 16)
    return leading(text)


_ROW = re.compile(
    r"#\s*\d{1,2}\s+((?:Short|Extended|Conveyance|Selective) (?:offline|captive)|Offline|Abort off-?line test"
    r"|(?:Vendor|Reserved) (?:\(0x[0-9a-fA-F]{2}\)|offline)|Unknown test)"
    r"\s+(\S.*?)\s+(\d{1,3})%\s+(\d{1,20})\s+(-|0x[0-9a-fA-F]{1,16}|\d{1,20})\s*$"
)


def self_test(line: str) -> SelfTestEntry | None:
    """ "# 1  Short offline       Completed: read failure       90%     14516         197765129"."""
    row = _ROW.match(line)
    if row is None:
        return None
    title, status, left, hours, lba = row.groups()
    return SelfTestEntry(
        kind=kind_of(title),
        outcome=outcome_of(status),
        text=status,
        lba=None if lba == "-" else int(lba, 16 if lba.startswith("0x") else 10),
        power_on_hours=int(hours),
        remaining_percent=int(left),
        name=title,
        source=line,
    )
