"""smartctl's JSON (-j, 7.0 and later) to a SmartReport: one small reader per section, each yields the fields it saw.

A document that is cut or spoilt is read as far as it goes, says so (`complete=False`), and so can fail a drive but
never pass one.
"""

import json
import re
from dataclasses import replace
from typing import Any

from orchestrator.adapters.smart_reader.findings import Field, Fields, Findings
from orchestrator.adapters.smart_reader.from_text import read_text
from orchestrator.adapters.smart_reader.numbers import leading
from orchestrator.adapters.smart_reader.self_test_words import (
    ATA_OUTCOME,
    NVME_KIND,
    NVME_OUTCOME,
    SCSI_KIND,
    SCSI_OUTCOME,
    ata_kind,
    outcome_of,
)
from orchestrator.adapters.smart_reader.text import clean
from orchestrator.model.drive import Protocol
from orchestrator.model.report import Attribute, SelfTestEntry, SelfTestOutcome, SmartReport

_MOST_ENTRIES = 64
"""Of any table: ATA has 30 attributes and 21 tests in a log sector, NVMe and SCSI 20 tests."""


def read_json(document: str) -> SmartReport:
    """Read one JSON document, with the text lines it may carry (--json=o). Never raises."""
    parsed, complete = _parse(document)
    found = Findings()
    for section in SECTIONS:
        for field in section(parsed):
            found.put(field)
    for log in SELF_TEST_LOGS:
        found.put_log(log(parsed))
    found.put(Field("complete", complete))
    return _with_text(found.report(), parsed)


def _parse(document: str) -> tuple[dict[str, Any], bool]:
    """The document's first object, and whether it was all there was."""
    decoder = json.JSONDecoder()
    start = max(document.find("{"), 0)
    try:
        parsed, end = decoder.raw_decode(document, start)
        complete = not document[end:].strip() and not document[:start].strip()
    except (ValueError, RecursionError) as exc:
        parsed, complete = _salvage(document[start : getattr(exc, "pos", start)]), False
    return (parsed, complete) if isinstance(parsed, dict) else ({}, False)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],]', re.DOTALL)
_DEEPEST = 100
"""Brackets in brackets; smartctl goes to seven."""
_LONGEST_SALVAGE = 300_000
"""Characters: smartctl -x with every log."""


def _salvage(broken: str) -> object:
    """The part before the break, with its open brackets closed after the last whole value."""
    stack: list[str] = []
    good_end, closing, moved = 0, "", True
    for token in _TOKEN.finditer(broken, 0, _LONGEST_SALVAGE):
        mark = token.group()
        if mark == ",":
            good_end = token.start()
            closing, moved = "".join(reversed(stack)) if moved else closing, False
        elif mark in ("{", "["):
            stack.append("}" if mark == "{" else "]")
            moved = True
        elif mark in ("}", "]"):
            stack = stack[:-1]
            moved = True
        if len(stack) > _DEEPEST:
            return {}
    try:
        return json.loads(broken[:good_end] + closing)
    except (ValueError, RecursionError):
        return {}


def at(node: object, *path: str | int) -> Any:
    """What stands at the path, or None: the document may hold anything anywhere."""
    for step in path:
        if (isinstance(node, dict) and isinstance(step, str)) or (
            isinstance(node, list) and isinstance(step, int) and step < len(node)
        ):
            node = node.get(step) if isinstance(node, dict) else node[step]  # type: ignore[index]
        else:
            return None
    return node


def whole(node: object, *path: str | int) -> int | None:
    """A counter at the path: a whole number that fits 128 bits and is not negative."""
    value = at(node, *path)
    return value if type(value) is int and 0 <= value < 1 << 128 else None


def words(node: object, *path: str | int) -> str:
    value = at(node, *path)
    return clean(value) if isinstance(value, str) else ""


def truth(node: object, *path: str | int) -> bool | None:
    value = at(node, *path)
    return value if isinstance(value, bool) else None


def _rows(node: object, *path: str | int) -> list[Any]:
    table = at(node, *path)
    return [row for row in table[:_MOST_ENTRIES] if isinstance(row, dict)] if isinstance(table, list) else []


def _tool(doc: object) -> Fields:
    version = at(doc, "smartctl", "version")
    if isinstance(version, list):
        yield Field("tool_version", clean(".".join(str(part) for part in version[:3] if isinstance(part, int))))
    yield Field("exit_status", whole(doc, "smartctl", "exit_status"), "smartctl.exit_status")
    told = _rows(doc, "smartctl", "messages")
    yield Field("messages", tuple(filter(None, (words(row, "string") for row in told))) or None)
    mode = words(doc, "power_mode", "ata_string") or words(doc, "power_mode", "string")
    if "STANDBY" in mode.upper() or "SLEEP" in mode.upper():
        yield Field("standby", True, "power_mode")


_PROTOCOLS = {"ata": Protocol.ATA, "nvme": Protocol.NVME, "scsi": Protocol.SCSI}
_MARKS = (("nvme_", Protocol.NVME), ("ata_", Protocol.ATA), ("scsi_", Protocol.SCSI))


def _identity(doc: Any) -> Fields:
    protocol = _PROTOCOLS.get(words(doc, "device", "protocol").lower())
    yield Field("protocol", protocol or next((p for mark, p in _MARKS for key in doc if key.startswith(mark)), None))
    vendor = words(doc, "scsi_vendor") or words(doc, "vendor")
    product = words(doc, "scsi_product") or words(doc, "product")
    model = words(doc, "scsi_model_name") or words(doc, "model_name") or f"{vendor} {product}".strip()
    yield Field("model", model or None)
    yield Field("serial", words(doc, "serial_number") or None)
    firmware = words(doc, "firmware_version") or words(doc, "scsi_revision") or words(doc, "revision")
    yield Field("firmware", firmware or None)
    yield Field("capacity_bytes", _capacity(doc))
    yield Field("wwn", _wwn(doc))


def _capacity(doc: object) -> int | None:
    for namespace in _rows(doc, "nvme_namespaces"):
        if at(namespace, "id") == 1:
            size = whole(namespace, "size", "bytes")
            return size if size is not None else whole(namespace, "capacity", "bytes")
    size = whole(doc, "user_capacity", "bytes")
    return size if size is not None else whole(doc, "nvme_total_capacity")


def _wwn(doc: object) -> str | None:
    naa, oui, unit = (whole(doc, "wwn", part) for part in ("naa", "oui", "id"))
    if naa is not None and oui is not None and unit is not None:
        return f"{naa:x}{oui:06x}{unit:09x}"
    oui = whole(doc, "nvme_namespaces", 0, "eui64", "oui")
    unit = whole(doc, "nvme_namespaces", 0, "eui64", "ext_id")
    if oui is not None and unit is not None:
        return f"{oui:06x}{unit:010x}"
    return words(doc, "logical_unit_id").lower().removeprefix("0x") or None


def _health(doc: object) -> Fields:
    passed = truth(doc, "smart_status", "passed")
    if passed is not None:
        line = f"smart_status.passed: {str(passed).lower()}"
        if told := words(doc, "smart_status", "scsi", "ie_string"):
            line += f" ({told})"
        yield Field("health_passed", passed, line)
    for path in (("nvme_smart_health_information_log", "critical_warning"), ("smart_status", "nvme", "value")):
        warning = whole(doc, *path)
        yield Field("critical_warning", warning, f"{'.'.join(path)}: {warning}")


def _counters(doc: object) -> Fields:
    for path in (("temperature", "current"), ("nvme_smart_health_information_log", "temperature")):
        celsius = at(doc, *path)
        yield Field("temperature_celsius", celsius if type(celsius) is int and -100 < celsius < 1000 else None)
    for path in (("power_on_time", "hours"), ("nvme_smart_health_information_log", "power_on_hours")):
        yield Field("power_on_hours", whole(doc, *path))
    for name, *keys in (
        ("grown_defects", "scsi_grown_defect_list"),
        ("media_errors", "nvme_smart_health_information_log", "media_errors"),
        ("percentage_used", "nvme_smart_health_information_log", "percentage_used"),
        ("percentage_used", "scsi_percentage_used_endurance_indicator"),
        ("available_spare", "nvme_smart_health_information_log", "available_spare"),
        ("temperature_limit_celsius", "temperature", "op_limit_max"),
        ("temperature_limit_celsius", "temperature", "drive_trip"),
        ("temperature_limit_celsius", "nvme_composite_temperature_threshold", "warning"),
        ("spare_threshold", "nvme_smart_health_information_log", "available_spare_threshold"),
    ):
        value = whole(doc, *keys)
        yield Field(name, value, f"{'.'.join(keys)}: {value}")
    uncorrected = [
        (page, count)
        for page in ("read", "write", "verify")
        if (count := whole(doc, "scsi_error_counter_log", page, "total_uncorrected_errors")) is not None
    ]
    if uncorrected:
        told = ", ".join(f"{page} {count}" for page, count in uncorrected)
        source = f"scsi_error_counter_log.*.total_uncorrected_errors: {told}"
        yield Field("uncorrected_errors", sum(count for _, count in uncorrected), source)


def _attributes(doc: object) -> Fields:
    found = []
    for row in _rows(doc, "ata_smart_attributes", "table"):
        number = whole(row, "id")
        if number is None:
            continue
        name, raw_text = words(row, "name"), words(row, "raw", "string")
        failed = {"now": "now", "past": "past"}.get(words(row, "when_failed").lower(), "")
        value, worst, threshold = (whole(row, key) for key in ("value", "worst", "thresh"))
        found.append(
            Attribute(
                id=number,
                name=name,
                value=value,
                worst=worst,
                threshold=threshold,
                prefail=truth(row, "flags", "prefailure") is True,
                failed=failed,
                raw=_raw(row),
                raw_text=raw_text,
                source=f"ata_smart_attributes: {number} {name} value {value} worst {worst}"
                f" threshold {threshold} raw {raw_text} {failed}".rstrip(),
            )
        )
    yield Field("attributes", tuple(found) or None)


def _raw(row: object) -> int | None:
    """As smartctl prints it: the 48-bit value may pack a minimum and a maximum beside the figure."""
    printed = leading(words(row, "raw", "string"))
    return whole(row, "raw", "value") if printed is None else printed


def _ata_self_test(doc: object) -> Fields:
    status = whole(doc, "ata_smart_data", "self_test", "status", "value")
    if status is not None and status < 256:
        yield Field("self_test_status", status, f"ata_smart_data.self_test.status.value: {status}")
        if status >> 4 == 0xF:
            yield Field("self_test_running", True)
            yield Field("self_test_percent", max(0, min(99, 100 - 10 * (status & 0xF))))
    minutes = at(doc, "ata_smart_data", "self_test", "polling_minutes")
    if isinstance(minutes, dict):
        told = ((kind, whole(minutes, kind)) for kind in ("short", "extended", "conveyance"))
        yield Field("self_test_minutes", tuple((kind, n) for kind, n in told if n is not None))
    able = at(doc, "ata_smart_data", "capabilities")
    if isinstance(able, dict):
        kinds = {
            "short": "self_tests_supported",
            "extended": "self_tests_supported",
            "conveyance": "conveyance_self_test_supported",
            "selective": "selective_self_test_supported",
        }
        yield Field("self_test_kinds", tuple(kind for kind, key in kinds.items() if truth(able, key)))
        yield Field("aborts_on_command", truth(able, "offline_is_aborted_upon_new_cmd"))
    if isinstance(at(doc, "ata_smart_self_test_log"), dict):
        yield Field("self_test_log_seen", True)


def _ata_log(doc: object) -> list[SelfTestEntry]:
    for log in ("extended", "standard"):
        if rows := _rows(doc, "ata_smart_self_test_log", log, "table"):
            return [_ata_entry(row, log, number) for number, row in enumerate(rows)]
    return []


def _ata_entry(row: object, log: str, number: int) -> SelfTestEntry:
    code, status = whole(row, "type", "value"), whole(row, "status", "value")
    name, text = words(row, "type", "string"), words(row, "status", "string")
    outcome = outcome_of(text) if status is None else ATA_OUTCOME.get(status >> 4, SelfTestOutcome.UNKNOWN)
    return SelfTestEntry(
        kind="reserved" if code is None else ata_kind(code),
        outcome=outcome,
        text=text,
        lba=whole(row, "lba"),
        power_on_hours=whole(row, "lifetime_hours"),
        remaining_percent=whole(row, "status", "remaining_percent"),
        name=name,
        source=f"ata_smart_self_test_log.{log}.table[{number}]: {name}, {text}",
    )


def _nvme_self_test(doc: object) -> Fields:
    admin = at(doc, "nvme_optional_admin_commands")
    if isinstance(admin, dict) and (able := truth(admin, "self_test")) is not None:
        yield Field("self_test_kinds", ("short", "extended") if able else ())
    log = at(doc, "nvme_self_test_log")
    if not isinstance(log, dict):
        return
    yield Field("self_test_log_seen", True)
    operation = whole(log, "current_self_test_operation", "value")
    if operation:
        yield Field("self_test_running", True)
        percent = whole(log, "current_self_test_completion_percent")
        yield Field("self_test_percent", None if percent is None else min(99, percent))


def _nvme_log(doc: object) -> list[SelfTestEntry]:
    entries = []
    for number, row in enumerate(_rows(doc, "nvme_self_test_log", "table")):
        code, result = whole(row, "self_test_code", "value"), whole(row, "self_test_result", "value")
        name, text = words(row, "self_test_code", "string"), words(row, "self_test_result", "string")
        entries.append(
            SelfTestEntry(
                kind=NVME_KIND.get(-1 if code is None else code, "reserved"),
                outcome=NVME_OUTCOME.get(-1 if result is None else result, SelfTestOutcome.UNKNOWN),
                text=text,
                lba=whole(row, "lba"),
                power_on_hours=whole(row, "power_on_hours"),
                name=name,
                source=f"nvme_self_test_log.table[{number}]: {name}, {text}",
            )
        )
    return entries


def _scsi_self_test(doc: object) -> Fields:
    if truth(doc, "self_test_in_progress") or whole(doc, "scsi_self_test_0", "result", "value") == 15:
        yield Field("self_test_running", True)
    if seconds := whole(doc, "scsi_extended_self_test_seconds"):
        yield Field("self_test_minutes", (("extended", -(-seconds // 60)),))


def _scsi_log(doc: object) -> list[SelfTestEntry]:
    entries = []
    for number in range(20):
        row = at(doc, f"scsi_self_test_{number}")
        if not isinstance(row, dict):
            continue
        code, result = whole(row, "code", "value"), whole(row, "result", "value")
        name, text = words(row, "code", "string"), words(row, "result", "string")
        lba = whole(row, "lba_first_failure", "value")
        entries.append(
            SelfTestEntry(
                kind=SCSI_KIND.get(-1 if code is None else code, "reserved"),
                outcome=SCSI_OUTCOME.get(-1 if result is None else result, SelfTestOutcome.UNKNOWN),
                text=text,
                lba=lba if lba is not None else whole(row, "lba_first_failure"),
                power_on_hours=whole(row, "power_on_time", "hours"),
                name=name,
                source=f"scsi_self_test_{number}: {name}, {text}",
            )
        )
    return entries


SECTIONS = (
    _tool,
    _identity,
    _health,
    _counters,
    _attributes,
    _ata_self_test,
    _nvme_self_test,
    _scsi_self_test,
)

SELF_TEST_LOGS = (_ata_log, _nvme_log, _scsi_log)

_ONLY_IN_TEXT = (
    "self_test_percent",
    "self_tests",
    "self_test_log_seen",
    "self_test_minutes",
    "self_test_kinds",
    "standby",
    "messages",
)
"""What some smartctl versions print but leave out of their JSON: SCSI's progress (7.4), NVMe's abilities (7.3)."""


def _with_text(report: SmartReport, doc: object) -> SmartReport:
    lines = at(doc, "smartctl", "output")
    if not isinstance(lines, list):
        return report
    judged = report.health_passed is not None and report.self_test_log_seen and not (report.exit_status or 0) & 7
    if report.protocol is Protocol.ATA and judged:
        return report  # ATA's JSON says it all, and reading the text costs as much again
    told = read_text("\n".join(line for line in lines[:20_000] if isinstance(line, str)))
    unsaid = (None, "", (), False)
    missing = {name: getattr(told, name) for name in _ONLY_IN_TEXT if getattr(report, name) in unsaid}
    return replace(report, **missing)
