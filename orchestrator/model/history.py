"""The history: one row for each change, in order, from which the job table can be made again.

directory, door ──Change──▶ outbox ──recorder──▶ Store.append        durable, many at a time
a new process ◀──Unfinished── Store.unfinished                        what the last one left open
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.job import AsyncJob, EventKind
from orchestrator.model.plan import Course
from orchestrator.model.report import SmartReport
from orchestrator.model.slot import SlotInfo

BEFORE, AFTER = "before", "after"
NAMED_COUNTERS = ("temperature_celsius", "power_on_hours", "grown_defects", "uncorrected_errors", "media_errors",
                  "percentage_used", "available_spare", "critical_warning")  # fmt: skip
"""Beside them an ATA drive's attributes, as "attribute_5_raw" and "attribute_5_value"."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """What a drive said of itself in the first, or the last, whole read of a job."""

    moment: str
    """BEFORE or AFTER."""
    time: datetime
    values: tuple[tuple[str, float], ...]
    """Its counters by name, such as ("temperature_celsius", 33.0) or ("attribute_5_raw", 0.0)."""
    raw: bytes = field(default=b"", repr=False)
    """smartctl's own document, compressed by zlib; empty where the report was not made from one."""


def counters(report: SmartReport) -> tuple[tuple[str, float], ...]:
    """What can be followed over a drive's life; only what the drive said."""
    found = [(name, float(value)) for name in NAMED_COUNTERS if (value := getattr(report, name)) is not None]
    for attribute in report.attributes:
        if attribute.raw is not None:
            found.append((f"attribute_{attribute.id}_raw", float(attribute.raw)))
        if attribute.value is not None:
            found.append((f"attribute_{attribute.id}_value", float(attribute.value)))
    return tuple(found)


_SPOKEN_BY = {
    "grown_defects": (Protocol.SCSI,),
    "uncorrected_errors": (Protocol.SCSI,),
    "media_errors": (Protocol.NVME,),
    "available_spare": (Protocol.NVME,),
    "critical_warning": (Protocol.NVME,),
    "percentage_used": (Protocol.NVME, Protocol.SCSI),
}


def is_spoken(counter: str, protocol: Protocol | None) -> bool:
    """Whether a drive of this protocol can have the counter at all. What has no known protocol may have any."""
    spoken = (Protocol.ATA,) if counter.startswith("attribute_") else _SPOKEN_BY.get(counter)
    return spoken is None or protocol is None or protocol in spoken


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the history."""

    number: int
    """Its place: grows by one, also across restarts."""
    time: datetime
    kind: EventKind
    who: str
    """Through whom: "api", "plug", "recipe", "user", "slot", "worker", "budget", "directory", "restart"."""
    cause: str = ""
    """Why, in a few words or as an error's code; "" where the kind says it all."""
    sequence: int = 0
    """Of the rack's event that tells the same."""
    job: AsyncJob | None = None
    """The whole record after the change. With MEMO only its id counts."""
    slot: SlotInfo | None = None
    options: str = ""
    """With ACCEPTED: what the operation was started with, as JSON."""
    answer: str = ""
    """With COMPLETED, as JSON."""
    memo: str = ""
    """With MEMO: what the operation needs to be taken up again, as JSON."""
    reports: tuple[KeptReport, ...] = ()
    """With a job's end."""
    course: Course | None = None
    """With COURSE: of `slot_id`'s plan."""
    slot_id: int | None = None


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that an earlier process accepted and did not end."""

    job: AsyncJob
    options: str
    """As JSON."""
    memo: str
    """As JSON; "" where its operation kept none."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a store holds for the process that opens it."""

    next_job_id: int
    """Above every id that was ever acknowledged, also by a newer copy of this store."""
    number: int
    """Of the newest change."""
    sequence: int
    """The greatest that was kept."""
    jobs: tuple[OpenJob, ...] = ()
    """By id."""
    courses: tuple[tuple[int, Course], ...] = ()
    """By slot id: how far each slot's plan was with the drive that was in it."""
    drives: tuple[tuple[int, Drive], ...] = ()
    """By slot id: what was in it, as last kept."""
    known: tuple[tuple[Drive, datetime | None], ...] = ()
    """Every drive that was ever here, and when its last COMPLETED run_smart_test ended."""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job as the store holds it."""

    job: AsyncJob
    answer: str
    """As JSON; "" where it has none."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of a drive in a slot."""

    slot_id: int
    label: str
    began: datetime
    """When we saw it first."""
    ended: datetime | None
    """None while it lasts; after a restart, when it was found gone."""


@dataclass(frozen=True, slots=True)
class Row:
    """One change of one job, for people."""

    number: int
    time: datetime
    kind: EventKind
    who: str
    cause: str
    changes: tuple[tuple[str, Any], ...]
    """The record's fields that changed, as JSON has them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a drive's counters were at one judged read."""

    time: datetime
    job_id: int
    moment: str
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class DriveHistory:
    """One drive over all its slots."""

    drive: Drive
    stays: tuple[Stay, ...]
    """Newest first."""
    jobs: tuple[AsyncJob, ...]
    """Newest first."""
    total_jobs: int
    samples: tuple[Sample, ...]
    """Oldest first: the trends of its counters."""


@dataclass(frozen=True, slots=True)
class JobHistory:
    """One job: every change of its state, and what its drive said before and after it."""

    job: AsyncJob
    options: str
    answer: str
    rows: tuple[Row, ...]
    reports: tuple[KeptReport, ...]
    """Without `raw`: Store.raw_report has it."""

    @property
    def deltas(self) -> tuple[tuple[str, float, float], ...]:
        """Name, before and after, of the counters that changed in this job."""
        by_moment = {report.moment: dict(report.values) for report in self.reports}
        before, after = by_moment.get(BEFORE, {}), by_moment.get(AFTER, {})
        return tuple((name, before[name], now) for name, now in after.items() if name in before and now != before[name])
