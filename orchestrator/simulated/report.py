"""The report of a simulated drive straight from its state: no bytes, no text. For simulations that read it often.

What the real smartctl makes of the same model's bytes is the same report; tests/beds proves it.
"""

from collections.abc import Callable
from typing import Final

from orchestrator.model.drive import Protocol
from orchestrator.model.report import Attribute, SelfTestEntry, SelfTestOutcome, SmartReport
from orchestrator.simulated.drive import AttributeState, DriveModel, Ending, SelfTestRecord

OUTCOMES: Final = {
    Ending.PASSED: SelfTestOutcome.PASSED,
    Ending.READ_FAILURE: SelfTestOutcome.FAILED,
    Ending.ABORTED: SelfTestOutcome.ABORTED,
    Ending.RESET: SelfTestOutcome.ABORTED,
}
WORDS: Final = {
    Protocol.ATA: {
        Ending.PASSED: "Completed without error",
        Ending.READ_FAILURE: "Completed: read failure",
        Ending.ABORTED: "Aborted by host",
        Ending.RESET: "Interrupted (host reset)",
    },
    Protocol.NVME: {
        Ending.PASSED: "Completed without error",
        Ending.READ_FAILURE: "Completed: failed segments",
        Ending.ABORTED: "Aborted: Self-test command",
        Ending.RESET: "Aborted: Controller Reset",
    },
    Protocol.SCSI: {
        Ending.PASSED: "Completed",
        Ending.READ_FAILURE: "Failed in segment",
        Ending.ABORTED: "Aborted (by user command)",
        Ending.RESET: "Aborted (device reset ?)",
    },
}
"""A log entry's status in the words of smartctl 7.4's JSON (ataprint.cpp, nvmeprint.cpp, scsiprint.cpp)."""
FIGURES: Final[dict[str, Callable[[int], int]]] = {
    "tempminmax": lambda raw: raw & 0xFF,
    "raw16": lambda raw: raw >> 32,
    "msec24hour32": lambda raw: raw & 0xFFFFFFFF,
}
"""The first number that smartctl prints of a raw value, where that is not the whole."""
ATA_ENDINGS: Final = {Ending.PASSED: 0x0, Ending.ABORTED: 0x1, Ending.RESET: 0x2, Ending.READ_FAILURE: 0x7}
"""High nibble of the execution status and of a log entry's status (ACS-4, SMART READ DATA)."""


def report_of(model: DriveModel) -> SmartReport:
    """What a read of this drive says now."""
    percent, protocol = _percent(model), model.protocol
    attributes = tuple([_attribute(line) for line in model.attributes()])
    return SmartReport(
        protocol=protocol,
        model=model.profile.model,
        serial=model.answering_serial,
        wwn=model.wwn,
        firmware=model.profile.firmware,
        capacity_bytes=model.profile.capacity_bytes,
        health_passed=not (model.critical_warning if protocol is Protocol.NVME else model.health_failed),
        health_source="smart_status.passed",
        critical_warning=model.critical_warning if protocol is Protocol.NVME else None,
        self_test_running=percent is not None,
        self_test_percent=percent,
        self_test_status=execution_status(model) if protocol is Protocol.ATA else None,
        self_tests=tuple(_entry(protocol, record) for record in model.tests),
        self_test_log_seen=True,
        self_test_minutes=_minutes(model),
        self_test_kinds=None if protocol is Protocol.SCSI else model.kinds,
        aborts_on_command=protocol is Protocol.ATA and model.aborts_on_command,
        attributes=attributes,
        temperature_celsius=model.temperature_celsius,
        temperature_limit_celsius=model.profile.temperature_limit_celsius if protocol is Protocol.SCSI else None,
        power_on_hours=model.power_on_hours,
        grown_defects=model.reallocated if protocol is Protocol.SCSI and not model.profile.is_ssd else None,
        uncorrected_errors=model.uncorrectable if protocol is Protocol.SCSI else None,
        media_errors=model.uncorrectable if protocol is Protocol.NVME else None,
        percentage_used=model.percentage_used if protocol is not Protocol.ATA and model.profile.is_ssd else None,
        available_spare=model.available_spare_percent if protocol is Protocol.NVME else None,
        spare_threshold=model.profile.spare_threshold_percent if protocol is Protocol.NVME else None,
        tool_version="simulated",
        exit_status=_exit_status(model, attributes),
    )


def execution_status(model: DriveModel) -> int:
    """ATA: the self-test execution status byte."""
    tens = model.remaining_tens()
    if tens is not None:
        return 0xF0 | tens
    if not model.tests:
        return 0
    newest = model.tests[0]
    return ATA_ENDINGS[newest.ending] << 4 | newest.remaining_percent // 10


def _percent(model: DriveModel) -> int | None:
    """Completed, as the drive tells it and smartctl prints it."""
    done = model.progress()
    if done is None:
        return None
    if model.protocol is Protocol.ATA:
        return 100 - 10 * (model.remaining_tens() or 0)
    if model.protocol is Protocol.SCSI:  # told in 65536ths, printed as what is left
        return int(done * 65535) * 100 // 65535
    return int(done * 100)


def _minutes(model: DriveModel) -> tuple[tuple[str, int], ...]:
    """smartctl 7.4 prints none of NVMe's, and SCSI's only below a log that has an entry."""
    told: tuple[str, ...] = model.kinds if model.protocol is Protocol.ATA else ()
    if model.protocol is Protocol.SCSI and (model.tests or model.running_kind()):
        told = ("extended",)
    return tuple((kind, minutes) for kind in told if (minutes := model.profile.minutes(kind)) is not None)


def _entry(protocol: Protocol, record: SelfTestRecord) -> SelfTestEntry:
    """ATA counts the hours modulo 65536, SCSI stops at 65535, NVMe has room."""
    hours = record.power_on_hours
    if protocol is Protocol.ATA:
        hours &= 0xFFFF
    elif protocol is Protocol.SCSI:
        hours = min(hours, 0xFFFF)
    return SelfTestEntry(
        kind=record.kind,
        outcome=OUTCOMES[record.ending],
        text=WORDS[protocol][record.ending],
        lba=record.lba,
        power_on_hours=hours,
        remaining_percent=(record.remaining_percent or None) if protocol is Protocol.ATA else None,
    )


def _attribute(line: AttributeState) -> Attribute:
    failed = "now" if 0 < line.value <= line.threshold else "past" if 0 < line.worst <= line.threshold else ""
    raw = FIGURES.get(line.format, int)(line.raw)
    return Attribute(line.id, line.name, line.value, line.worst, line.threshold, bool(line.flags & 1), failed, raw)


def _exit_status(model: DriveModel, attributes: tuple[Attribute, ...]) -> int:
    """smartctl's bits: 3 failing, 4 a pre-fail attribute with it, 5 any attribute without it, 7 a failed self-test.

    ATA: an extended test that passed later outdates failures. NVMe's self-tests set no bit (smartctl 7.4).
    """
    if model.protocol is Protocol.NVME:
        return 8 if model.critical_warning else 0
    bits = 128 if _log_failed(model) else 0
    if model.health_failed:
        return bits | 8 | 16 * any(line.prefail and line.failed == "now" for line in attributes)
    return bits | 32 * any(line.failed for line in attributes)


def _log_failed(model: DriveModel) -> bool:
    for test in model.tests:
        if test.ending is Ending.READ_FAILURE:
            return True
        if test.ending is Ending.PASSED and test.kind == "extended" and model.protocol is Protocol.ATA:
            return False
    return False
