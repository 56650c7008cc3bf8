"""What a slot shows: one state and one verdict, each a key that the style sheet turns into colour and shape.

    trouble (unknown, stuck, conflict, quarantined) > running, paused > what the newest job here found > ready > empty

static/rack.js says the same of the live records; a browser test holds the two equal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.interfaces.web.wording import words
from orchestrator.model.errors import JobCancelled
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.model.slot import SlotInfo, SlotState

TROUBLE: Final = (SlotState.UNKNOWN, SlotState.STUCK, SlotState.CONFLICT, SlotState.QUARANTINED)
STATES: Final = ("running", "paused", "ready", "empty")
VERDICTS: Final = ("pass", "warn", "fail", "unknown", "no-answer")


@dataclass(frozen=True, slots=True)
class Face:
    slot: SlotInfo
    job: AsyncJob | None
    """The running one."""
    last: AsyncJob | None
    """The newest ended one on this very drive that found something, or that has no answer."""

    @property
    def state(self) -> str:
        if self.slot.state in TROUBLE or (self.slot.state is SlotState.EMPTY and self.job is None):
            return self.slot.state.value
        if self.job is None:
            return SlotState.READY.value
        return job_state(self.job)

    @property
    def verdict(self) -> str:
        return found(self.last) if self.last is not None and self.job is None else ""

    @property
    def what(self) -> str:
        """What it does, what the newest job was, or why nothing can be started."""
        if self.slot.state in TROUBLE:
            return self.slot.reason
        job = self.job or self.last
        return words(job.name) if job is not None else ""

    @property
    def why(self) -> str:
        """Why the newest job has no answer."""
        error = self.last.error if self.last is not None and self.verdict == "no-answer" else None
        return words(error.code) if error is not None else ""

    @property
    def progress(self) -> int:
        """0 to 100; -1 where nothing runs, or the job knows none."""
        return self.job.progress if self.job is not None else -1


def job_state(job: AsyncJob) -> str:
    """waiting, running, paused, unknown; of an ended one what it found, else "done"."""
    match job.status:
        case AsyncJobStatus.INIT:
            return "waiting"
        case AsyncJobStatus.RUNNING:
            return "running"
        case AsyncJobStatus.PAUSED:
            return "paused"
        case AsyncJobStatus.UNKNOWN:
            return "unknown"
        case _:
            return found(job) or "done"


def found(job: AsyncJob) -> str:
    """The verdict's key; "" for a job that judges nothing."""
    if job.status is AsyncJobStatus.FAILED:
        return "cancelled" if job.error is not None and job.error.code == JobCancelled.code else "no-answer"
    return job.verdict.status.value if job.verdict is not None else ""


def newest_findings(slots: Iterable[SlotInfo], newest_first: Iterable[AsyncJob]) -> dict[int, AsyncJob]:
    """By slot: the newest ended top-level job on the drive that is in it now, if it found something."""
    wanted = {slot.id: slot.drive.serial for slot in slots if slot.drive is not None}
    lasts: dict[int, AsyncJob] = {}
    for job in newest_first:
        if not wanted:
            break
        serial = wanted.get(job.slot_id)
        if serial is None or job.parent_id is not None or job.drive is None or job.drive.serial != serial:
            continue
        if job.has_ended and found(job):
            lasts[job.slot_id] = job
            del wanted[job.slot_id]
    return lasts


def faces(slots: Iterable[SlotInfo], jobs: Mapping[int, AsyncJob], lasts: Mapping[int, AsyncJob]) -> list[Face]:
    """`jobs` holds the running ones by id."""
    return [Face(slot, jobs.get(slot.job) if slot.job is not None else None, lasts.get(slot.id)) for slot in slots]


def rows(cells: list[Face], columns: int) -> list[list[Face]]:
    return [cells[n : n + columns] for n in range(0, len(cells), columns)]


def usual_columns(slots: int) -> int:
    """How many slots stand side by side where the rack file does not say: wide places, as on a chassis's front."""
    for most, columns in ((3, max(slots, 1)), (36, 4), (72, 6), (96, 8)):
        if slots <= most:
            return columns
    return 20
