"""What a drive said of itself in one read: the smart report. What could not be read is None, never zero.

Sources of the fields: ACS-4 (ATA), NVM Express Base 2.0, SPC-5 and SBC-4 (SCSI); how smartctl prints them is in
its own ataprint.cpp, nvmeprint.cpp and scsiprint.cpp.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.model.drive import Protocol


class SelfTestOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    """Read, servo, electrical, fatal or unknown failure, handling damage, failed segment."""
    ABORTED = "aborted"
    """By a host, a reset, a format, a sanitize, a removed namespace: says nothing about the drive."""
    RUNNING = "running"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SelfTestEntry:
    """One entry of the drive's self-test log."""

    kind: str
    """"short", "extended", "conveyance", "selective", "offline", "default" (SCSI), "vendor" or "reserved"."""
    outcome: SelfTestOutcome
    text: str = ""
    """The status in smartctl's words."""
    lba: int | None = None
    """Of the first error."""
    power_on_hours: int | None = None
    """When it ended; ATA counts modulo 65536 (ACS-4, self-test log)."""
    remaining_percent: int | None = None
    name: str = ""
    """The type in smartctl's words, such as "Extended offline" or "Background long"."""
    source: str = field(default="", compare=False)
    """The line or JSON key it was read from; not compared, as it moves down when a newer entry comes."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One ATA SMART attribute."""

    id: int
    name: str
    value: int | None = None
    """Normalised, 1 to 253; higher is better."""
    worst: int | None = None
    threshold: int | None = None
    prefail: bool = False
    failed: str = ""
    """"now" (value at or below threshold), "past" (worst was), or ""."""
    raw: int | None = None
    raw_text: str = ""
    source: str = ""
    """The line or JSON key it was read from."""


@dataclass(frozen=True, slots=True)
class SmartReport:
    """One read of one drive. Fields are None (or empty) when the output does not have them."""

    # -- who
    protocol: Protocol | None = None
    model: str = ""
    serial: str = ""
    wwn: str = ""
    """Lower-case hex without 0x: NAA for ATA and SCSI, EUI-64 or NGUID for NVMe."""
    firmware: str = ""
    capacity_bytes: int | None = None
    """NVMe: of namespace 1; where no namespace is named, all of its NVM."""
    # -- the drive's own judgement
    health_passed: bool | None = None
    health_source: str = ""
    """The line or key that says so."""
    critical_warning: int | None = None
    """NVMe, SMART log byte 0: bits spare, temperature, reliability, read-only, backup, PMR."""
    # -- self-tests
    self_test_running: bool = False
    self_test_percent: int | None = None
    """Completed, 0 to 99, while one runs; ATA drives tell it in steps of ten."""
    self_test_status: int | None = None
    """ATA: the execution status byte; high nibble outcome (0xF running), low nibble tens of percent left."""
    self_tests: tuple[SelfTestEntry, ...] = ()
    """The log, newest first, without the running one."""
    running_entry: SelfTestEntry | None = None
    """The log's first line where it says "in progress". Stale on some drives: `self_test_running` decides."""
    self_test_log_seen: bool = False
    """The log was read, be it empty."""
    self_test_minutes: tuple[tuple[str, int], ...] = ()
    """The drive's own estimates by kind, such as (("short", 2), ("extended", 113))."""
    self_test_kinds: tuple[str, ...] | None = None
    """Kinds the drive says it takes; None if it does not say."""
    aborts_on_command: bool = False
    """ATA: any command ends a running off-line activity (bit 2 of the off-line capabilities set, ACS-3)."""
    # -- counters
    attributes: tuple[Attribute, ...] = ()
    temperature_celsius: int | None = None
    temperature_limit_celsius: int | None = None
    """The drive's own: ATA the SCT limit of operation, SCSI the trip point, NVMe the warning threshold."""
    power_on_hours: int | None = None
    grown_defects: int | None = None
    """SCSI: elements in the grown defect list."""
    uncorrected_errors: int | None = None
    """SCSI: the error counter log's read + write + verify totals."""
    media_errors: int | None = None
    percentage_used: int | None = None
    available_spare: int | None = None
    spare_threshold: int | None = None
    # -- how far the reading can be trusted
    tool_version: str = ""
    """Of smartctl, such as "7.4"."""
    exit_status: int | None = None
    """smartctl's bit mask; None where only text was kept."""
    standby: bool = False
    """The drive sleeps and was left asleep (-n standby): nothing else was read."""
    complete: bool = True
    """False when the document is malformed or breaks off."""
    cut: tuple[str, ...] = ()
    """Sections that began and did not end."""
    messages: tuple[str, ...] = ()
    """What smartctl itself complained about."""
    sources: tuple[tuple[str, str], ...] = ()
    """Field name and the line or JSON key that says so, for the fields that judge."""
    second_opinion: str = ""
    """pySMART's assessment of the same run: "PASS", "WARN", "FAIL", or "" if it was not asked or could not say."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The whole document it was read from; empty where nobody keeps it."""

    def source_of(self, field: str) -> str:
        """The line or JSON key that `field` was read from; "" where nobody noted it."""
        return next((source for name, source in self.sources if name == field), "")
