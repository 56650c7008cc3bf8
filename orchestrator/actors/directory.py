"""Keeps the job table: the only writer of a job's record from its opening on, and of the slots as they are published.

    whoever wants a job ──open_job──▶ tables ──Start──▶ slot        on the caller's thread; Start is only a hint
    slot ──Began, Held, Ended, Slate──▶ JobDirectory ──▶ tables, journal ──▶ outbox ──durable──▶ waiters

The table is the queue: what a fallen actor's inbox held is found again by comparing a slot's Slate with the table.
What an earlier process left open is bound to its drive when that is seen again, and begins then.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, assert_never

import pykka

from orchestrator.actors.allowance import Allowance, Nudge
from orchestrator.actors.plans import Advance, Open, Plans
from orchestrator.actors.post import Post
from orchestrator.actors.tables import Tables
from orchestrator.actors.take_up import Bind, Start, TakeUp, is_bound
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Presence
from orchestrator.model.errors import (
    Interrupted,
    JobCancelled,
    OrchestratorError,
    SlotCrashed,
)
from orchestrator.model.history import KeptReport
from orchestrator.model.job import AsyncJobStatus, EventKind, JobError, OpenedBy, changed
from orchestrator.model.plain import dumps
from orchestrator.model.plan import SELF_TEST
from orchestrator.model.ports import Ports
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.model.verdict import Verdict
from orchestrator.operations.declare import Answer

DRAIN_S = 0.1
"""Host seconds between two looks at the progress cells."""


@dataclass(frozen=True, slots=True)
class Wish:
    """From the facade, and on to the slot: `tables.cancelled` or `tables.paused` changed for this job."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Began:
    """From a slot: the job's turn has come, or goes on after it was held."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Held:
    """From a slot: the job stands at a checkpoint."""

    job_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Waits:
    """From a slot: the budget holds this job back."""

    job_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """From a job's worker: what it does now."""

    job_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """From a slot: the job has an answer, or an error and none."""

    job_id: int
    answer: Answer = None
    verdict: Verdict | None = None
    error: JobError | None = None
    who: str = "slot"
    reports: tuple[KeptReport, ...] = ()
    """What the drive said before and after."""


@dataclass(frozen=True, slots=True)
class Retried:
    """From a job's worker: it does the work once more, or goes on where an earlier process stood."""

    job_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Retire:
    """From the recorder's thread: `tables.over` has jobs that need not be live any more."""


@dataclass(frozen=True, slots=True)
class Slate:
    """From a slot, or from the supervisor for one that will not be started again: this is all the slot holds."""

    slot_id: int
    state: SlotState
    presence: Presence | None
    reason: str
    live: tuple[int, ...]
    """Its queued and running jobs. Open ones in the table that are not here got lost, with its old inbox."""


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """From a slot: its state or its drive changed."""

    slot_id: int
    state: SlotState
    presence: Presence | None
    reason: str


@dataclass(frozen=True, slots=True)
class Drain:
    """From a timer: progress was made."""


@dataclass(frozen=True, slots=True)
class Arrange:
    """From the system: `tables.labels` has other slots, or other labels."""


@dataclass(frozen=True, slots=True)
class Close:
    """From the system: what is still open ends as Interrupted."""


Message = (
    Wish | Began | Held | Waits | Nudge | Noted | Retried | Ended | Retire | Slate | SlotSeen | Bind | Drain | Advance
    | Arrange | Close
)  # fmt: skip


class JobDirectory(pykka.ThreadingActor):
    """Keeps every job's state, and the slots' as they are published."""

    def __init__(
        self, ports: Ports, post: Post, tables: Tables, clock: RackClock, open_job: Open, allowance: Allowance
    ) -> None:
        super().__init__()
        self._ports, self._post, self._tables = ports, post, tables
        self._clock, self._allowance = clock, allowance
        self._plans = Plans(ports, tables, clock, open_job, lambda slot_id: post.tell("directory", Advance(slot_id)))
        self._take_up = TakeUp(ports, tables, clock, self._fail, post.tell)
        self._met: set[int] = set()
        """Slots whose slate this actor has seen: only then does it know what else they say about."""

    def on_start(self) -> None:
        self._arrange()
        self._drain()  # the bell may have been lost with a predecessor's inbox
        self._tables.retire()

    def on_receive(self, message: Message) -> None:
        match message:
            case Began(job_id) | Held(job_id) if not self._is_heard(job_id):
                pass  # said to a fallen predecessor's address; the slot is being asked to say it all again
            case Ended():  # also before the slate: it is a worker's, and nobody says it again
                self._end(message)
            case Began(job_id):
                self._begin(job_id)
            case Held(job_id, reason):
                self._hold(job_id, reason)
            case Waits(job_id, reason):
                if (job := self._tables.jobs.get(job_id)) and job.status is AsyncJobStatus.INIT:
                    self._change(job_id, EventKind.STATUS, "budget", reason=reason)
            case Nudge():
                self._nudge()
            case Noted(job_id, text):
                self._change(job_id, EventKind.MESSAGE, "worker", message=text)
            case Retried(job_id, why):
                self._retry(job_id, why)
            case Drain():
                self._drain()
            case Wish(job_id):
                self._wish(job_id)
            case SlotSeen():
                self._publish(message)
            case Slate():
                self._reconcile(message)
            case Bind(slot_id):
                self._take_up.bind(slot_id)
            case Advance(slot_id):
                self._plans.advance(slot_id)
            case Arrange():
                self._arrange()
            case Retire():
                self._tables.retire()
            case Close():
                self._close()
            case _:
                assert_never(message)

    def _is_heard(self, job_id: int) -> bool:
        job = self._tables.jobs.get(job_id)
        return job is not None and job.slot_id in self._met

    def _change(self, job_id: int, kind: EventKind, who: str, cause: str = "", **changes: Any) -> None:
        """Replace the record of a job that has not ended, where that makes a difference."""
        job = self._tables.jobs.get(job_id)
        if job is None or job.has_ended or all(getattr(job, name) == value for name, value in changes.items()):
            return
        self._tables.jobs[job_id] = job = changed(job, **changes)
        self._tables.journal.append(kind, who, job=job, cause=cause)

    def _begin(self, job_id: int) -> None:
        job = self._tables.jobs[job_id]
        if job.has_ended or job.status is AsyncJobStatus.RUNNING:
            return
        if job.parent_id is None:
            self._tables.running[job.slot_id] = job_id
        elif not self._tables.is_open(job.parent_id):
            return  # its worker was faster to tell; the slot is about to end this one too
        started = job.started or self._ports.now()
        self._change(job_id, EventKind.STATUS, "slot", status=AsyncJobStatus.RUNNING, started=started, reason="")

    def _hold(self, job_id: int, reason: str) -> None:
        job = self._tables.jobs[job_id]
        if not job.has_ended and job.parent_id is None:
            self._tables.running[job.slot_id] = job_id
        who = "user" if job_id in self._tables.paused else "slot"
        self._change(job_id, EventKind.STATUS, who, cause=reason, status=AsyncJobStatus.PAUSED, reason=reason)

    def _retry(self, job_id: int, why: str) -> None:
        if (job := self._tables.jobs.get(job_id)) is not None:
            self._tables.cells.pop(job_id, None)
            progress = min(job.progress, 0)
            again = {"attempt": job.attempt + 1, "progress": progress, "message": why}
            self._change(job_id, EventKind.STATUS, "worker", why, **again)

    def _end(self, end: Ended) -> None:
        tables = self._tables
        job = tables.jobs.get(end.job_id)
        if job is None or job.has_ended:
            return  # the first end stands
        cell = tables.cells.pop(job.id, None)
        if end.error is None:
            tables.answers[job.id] = end.answer
            status, progress = AsyncJobStatus.COMPLETED, 100
        else:
            status, progress = AsyncJobStatus.FAILED, min(max(job.progress, cell.percent if cell else -1), 99)
        if tables.running.get(job.slot_id) == job.id:
            del tables.running[job.slot_id]
        tables.jobs[job.id] = job = changed(
            job,
            status=status,
            progress=progress,
            ended=self._ports.now(),
            eta=None,
            message="",
            reason="",
            verdict=end.verdict,
            error=end.error,
        )
        tables.orders.pop(job.id, None)
        tables.cancelled.discard(job.id)
        tables.paused.discard(job.id)
        tables.taken_up.discard(job.id)
        if job.drive is not None and job.name == SELF_TEST and status is AsyncJobStatus.COMPLETED:
            tables.known[job.drive] = job.ended
        told: dict[str, Any] = {"cause": end.error.code} if end.error else {"answer": dumps(end.answer)}
        number = tables.journal.append(EventKind.STATUS, end.who, job=job, reports=end.reports, **told)
        tables.journal.outbox.when_kept(number, partial(self._settle, job.id))
        tables.ended[job.slot_id] = self._clock.now()
        tables.waiting.pop(job.id, None)
        self._nudge()
        if job.opened_by is OpenedBy.PLUG:
            self._plans.advance(job.slot_id)

    def _settle(self, job_id: int) -> None:
        """With a store on the recorder's thread."""
        self._tables.settle(job_id)
        if self._tables.journal.outbox.keeping and len(self._tables.over) == 1:
            self._post.tell("directory", Retire())

    def _nudge(self) -> None:
        if self._tables.waiting:
            for slot_id in self._allowance.next_up():
                self._post.tell(slot_id, Nudge())

    def _fail(self, job_id: int, error: OrchestratorError, who: str = "directory") -> None:
        self._end(Ended(job_id, error=JobError.of(error), who=who))

    def _close(self) -> None:
        """With a store, what the next process can take up stays open."""
        tables = self._tables
        for job in tables.open_jobs():
            if not (tables.journal.outbox.keeping and tables.can_be_taken_up(job)):
                self._fail(job.id, Interrupted("the rack was closed while the job was open"))

    def _drain(self) -> None:
        tables = self._tables
        tables.draining = False  # before the cells are read: what comes later rings again
        for slot_id in list(tables.warmth):
            self._warm(slot_id, tables.warmth.pop(slot_id))
        for job_id in list(tables.cells):
            cell, job = tables.cells.pop(job_id, None), tables.jobs.get(job_id)
            if cell is None or job is None or job.status is not AsyncJobStatus.RUNNING:
                continue
            progress = max(job.progress, min(cell.percent, 99))
            self._change(job_id, EventKind.PROGRESS, "worker", progress=progress, eta=cell.eta)

    def _warm(self, slot_id: int, celsius: int) -> None:
        slot = self._tables.slots.get(slot_id)
        if slot is not None and slot.drive is not None and slot.temperature_celsius != celsius:
            self._tables.slots[slot_id] = slot = replace(slot, temperature_celsius=celsius)
            self._tables.journal.append(EventKind.PROGRESS, "worker", slot=slot)

    def _wish(self, job_id: int) -> None:
        job = self._tables.jobs.get(job_id)
        if job is None:
            return
        if job_id in self._tables.cancelled:
            if job.status is AsyncJobStatus.INIT:
                self._fail(job_id, JobCancelled("cancelled before its turn came"), "user")
            elif job_id in self._tables.taken_up:
                self._fail(job_id, JobCancelled("cancelled before its drive was asked again"), "user")
        self._post.tell(job.slot_id, Wish(job_id))

    def _arrange(self) -> None:
        """Make the published slots those of `tables.labels`. The dictionary is replaced: others may be reading it."""
        tables, old = self._tables, self._tables.slots
        slots = {
            slot_id: replace(old[slot_id], label=label)
            if slot_id in old
            else SlotInfo(slot_id, label, SlotState.UNKNOWN, None, None, "not seen yet")
            for slot_id, label in sorted(tables.labels.items())
        }
        tables.unheard.update(slots.keys() - old.keys())  # in place: discovery looks at it too
        tables.unheard.intersection_update(slots.keys())
        tables.slots = slots
        for slot_id in old.keys() - slots.keys():
            tables.presences.pop(slot_id, None)
            tables.courses.pop(slot_id, None)
            for job in tables.open_jobs(slot_id):
                self._fail(job.id, Interrupted("its slot is no longer in the rack file"))
        for slot_id, slot in slots.items():
            if slot != old.get(slot_id):
                tables.journal.append(EventKind.SLOT, "directory", slot=slot)

    def _publish(self, seen: SlotSeen | Slate) -> None:
        tables = self._tables
        if seen.slot_id not in tables.slots:
            return  # it has left the rack
        if seen.presence is None:
            tables.presences.pop(seen.slot_id, None)
        else:
            tables.presences[seen.slot_id] = seen.presence
        drive = seen.presence.drive if seen.presence else None
        before = tables.slots[seen.slot_id]
        celsius = before.temperature_celsius if drive is not None and drive == before.drive else None
        after = replace(before, state=seen.state, drive=drive, reason=seen.reason, temperature_celsius=celsius)
        if after != before:
            tables.slots[seen.slot_id] = after
            tables.journal.append(EventKind.SLOT, "slot", slot=after)
            self._nudge()
        self._take_up.bind(seen.slot_id)
        self._plans.advance(seen.slot_id)
        if drive is not None:
            tables.known.setdefault(drive, None)  # after the plan has asked whether it is new
        tables.unheard.discard(seen.slot_id)
        if not tables.unheard:
            tables.settled.set()

    def _reconcile(self, slate: Slate) -> None:
        """Start again what is queued in the table alone; fail what was running and is known to nobody."""
        self._met.add(slate.slot_id)
        if slate.state is not SlotState.UNKNOWN or slate.reason:
            self._publish(slate)
        for job in self._tables.open_jobs(slate.slot_id):
            cancelled = job.id in self._tables.cancelled
            if job.id in slate.live:
                if cancelled or job.id in self._tables.paused:
                    self._post.tell(slate.slot_id, Wish(job.id))
            elif cancelled:
                self._fail(job.id, JobCancelled("cancelled; its slot's actor fell meanwhile"), "user")
            elif job.status is AsyncJobStatus.INIT or job.id in self._tables.taken_up:
                if is_bound(self._tables.orders[job.id]) and job.id not in self._tables.unkept:
                    self._post.tell(slate.slot_id, Start(job.id))
            else:
                self._fail(job.id, SlotCrashed("the slot's actor fell while the job ran", slot_id=slate.slot_id))
