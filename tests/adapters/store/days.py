"""Changes as a rack makes them, numbered one after the other: a store's days for tests."""

import itertools
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.history import AFTER, BEFORE, Change, KeptReport
from orchestrator.model.job import AsyncJob, AsyncJobStatus, EventKind, JobError, changed
from orchestrator.model.plan import Course
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

MORNING = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PASS = Verdict(VerdictStatus.PASS)
FAIL = Verdict(VerdictStatus.FAIL, (Reason("health", "its health line says FAILED", "FAILED", "PASSED", "line 9"),))


def drive(number: int = 1, model: str = "Model A") -> Drive:
    return Drive(f"SN{number}", f"5000c500{number:08x}", model, 4_000_787_030_016, Protocol.ATA)


class Day:
    """Hands out changes; `changes` has all of them. Time goes on by a second each."""

    def __init__(self, *, number: int = 0, sequence: int = 0, job_id: int = 0, began: datetime = MORNING) -> None:
        self._numbers = itertools.count(number + 1)
        self._sequences = itertools.count(sequence + 1)
        self._ids = itertools.count(job_id + 1)
        self.now = began
        self.changes: list[Change] = []
        self.jobs: dict[int, AsyncJob] = {}

    def change(self, kind: EventKind, who: str = "directory", **more: Any) -> Change:
        self.now += timedelta(seconds=1, microseconds=7)
        sequence = next(self._sequences) if kind not in (EventKind.MEMO, EventKind.COURSE) else 0
        found = Change(next(self._numbers), self.now, kind, who, sequence=sequence, **more)
        self.changes.append(found)
        if found.job is not None:
            self.jobs[found.job.id] = found.job
        return found

    def accept(
        self, slot_id: int = 1, *, name: str = "run_smart_test", options: str = '{"kind":"short"}', **more
    ) -> int:
        """The new job's id."""
        more = {"client_ref": 7, "drive": drive(slot_id)} | more
        job = AsyncJob(next(self._ids), name, more.pop("client_ref"), slot_id, accepted=self.now, **more)
        self.change(EventKind.ACCEPTED, "api", job=job, options=options)
        return job.id

    def put(
        self, job_id: int, kind: EventKind = EventKind.STATUS, *, texts: dict[str, object] | None = None, **fields: Any
    ) -> Change:
        return self.change(kind, "slot", job=changed(self.jobs[job_id], **fields), **(texts or {}))

    def run(self, job_id: int) -> Change:
        return self.put(job_id, status=AsyncJobStatus.RUNNING, started=self.now, message="reads", progress=0)

    def note(self, job_id: int, memo: str = '{"lba":4096}') -> Change:
        """With the record as it was when the work began, as whoever notes knows it."""
        current = self.jobs[job_id]
        old = changed(self.jobs[job_id], status=AsyncJobStatus.INIT, started=None, message="")
        found = self.change(EventKind.MEMO, "worker", job=old, memo=memo)
        self.jobs[job_id] = current
        return found

    def complete(self, job_id: int, answer: str = "true", verdict: Verdict = PASS, *, reports: bool = True) -> Change:
        texts = {"answer": answer, "reports": (self.report(BEFORE, 0), self.report(AFTER, 8)) if reports else ()}
        end = {"status": AsyncJobStatus.COMPLETED, "progress": 100, "ended": self.now, "message": ""}
        return self.put(job_id, texts=texts, verdict=verdict, **end)

    def fail(self, job_id: int, code: str = "drive_removed") -> Change:
        error = JobError(code, f"slot {self.jobs[job_id].slot_id}: it is gone", "plug it in again")
        return self.put(job_id, status=AsyncJobStatus.FAILED, ended=self.now, error=error, message="")

    def report(self, when: str, pending: int) -> KeptReport:
        values = (("temperature_celsius", 31.0), ("attribute_197_raw", float(pending)))
        return KeptReport(when, self.now, values, zlib.compress(when.encode()))

    def slot(self, slot_id: int = 1, present: Drive | None = None, state: SlotState | None = None) -> Change:
        state = state or (SlotState.READY if present else SlotState.EMPTY)
        return self.change(EventKind.SLOT, "slot", slot=SlotInfo(slot_id, f"A{slot_id}", state, present, None))

    def course(self, slot_id: int, course: Course) -> Change:
        return self.change(EventKind.COURSE, course=course, slot_id=slot_id)

    def take(self) -> tuple[Change, ...]:
        """What came since the last time."""
        found, self.changes = tuple(self.changes), []
        return found
