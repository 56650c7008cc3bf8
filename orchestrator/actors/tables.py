"""What outlives every actor: the job table, the slots as they are published, who waits, and the journal of events.

    live: jobs, answers ──end is durable──▶ over ──▶ recent (the last RECENT) ──▶ the store has them all

Without a store every job stays live. Records are frozen and replaced whole, so everybody may read without a message.
Who writes what:

    counter, a new job's record and order      open_job, on the caller's thread; for taken-up jobs the system
    unkept                                     open_job adds, before the record; the recorder takes
    jobs, answers, slots (from then on)        the directory, alone
    cells (progress), warmth; claims           a job's worker; its slot
    labels, leaving                            the system, from the rack file
    plans, budget, heat, controllers, recipes  the system, from the rack file
    shares                                     a job's worker, for its child
    courses, ended                             the directory
    waiting, spinning                          the slots, one at a time; the directory takes what has ended
    known, left                                the directory, after the system
    taken_up                                   the system; a slot takes out what it begins
    cancelled, paused                          whoever asked, on their own thread; the directory and the slot obey
    over                                       the recorder adds, the directory takes
    recent                                     the directory
    waiters                                    whoever waits adds one; the recorder, or without one the directory, takes
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.actors.journal import Journal
from orchestrator.model.budget import NO_BUDGET, Burden
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.errors import JobNotFinished, UnknownJob
from orchestrator.model.heat import HeatLimits
from orchestrator.model.job import ENDED, AsyncJob, AsyncJobStatus, ListInfo, ResultSet
from orchestrator.model.plain import loads
from orchestrator.model.plan import Course, Plan
from orchestrator.model.ports import Event, Ports, Store
from orchestrator.model.recipe import Recipe
from orchestrator.model.slot import SlotInfo
from orchestrator.operations.bench import Share
from orchestrator.operations.declare import Answer, Operation

RECENT = 1_000
"""So many ended jobs are answered from memory."""
UNBOUND = 0
"""The presence number of a taken-up job whose drive has not been seen yet."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an accepted job is to do, and for which stay of which drive. Dropped when the job has ended."""

    operation: Operation[..., Any]
    options: dict[str, Any]
    presence: Presence
    memo: str = ""
    """What the operation noted in an earlier process, as JSON."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A running job's latest progress; the last value wins."""

    percent: int
    eta: datetime | None


class Tables:
    def __init__(self, ports: Ports, slots: dict[int, SlotInfo], store: Store | None = None) -> None:
        self.store = store
        self.counter = itertools.count(1)
        self.jobs: dict[int, AsyncJob] = {}
        self.orders: dict[int, Order] = {}
        self.answers: dict[int, Answer] = {}
        self.slots = slots
        self.labels = {slot_id: slot.label for slot_id, slot in slots.items()}
        """Which slots there are to be; the directory makes `slots` so."""
        self.leaving: set[int] = set()
        """Slots that are in the rack only until their jobs have ended."""
        self.presences: dict[int, Presence] = {}
        """What is in each slot, as published."""
        self.running: dict[int, int] = {}
        """The running top-level job of each slot."""
        self.cells: dict[int, Cell] = {}
        self.warmth: dict[int, int] = {}
        """By slot: its drive's temperature as read just now; the last value wins."""
        self.draining = False
        self.claims: dict[int, dict[int, int]] = {slot_id: {} for slot_id in slots}
        """By slot: the jobs whose workers may still touch a drive, with the number of the presence they are for."""
        self.plans: dict[int, Plan] = {}
        """What starts by itself, by slot."""
        self.recipes: Callable[[], Mapping[str, Recipe]] = dict
        """By name. The first call may read files."""
        self.shares: dict[int, Share] = {}
        """By child job, while its parent waits for it."""
        self.courses: dict[int, Course] = {}
        """How far each slot's plan is. A slot that is not in here was never seen."""
        self.budget = NO_BUDGET
        self.heat: dict[int, HeatLimits] = {}
        """By slot, where the rack file sets them."""
        self.controllers: dict[int, str] = {}
        """By slot: what it shares with others; a slot that is not in here shares nothing."""
        self.known: dict[Drive, datetime | None] = {}
        """Every drive that was ever here, and when a self-test of it was COMPLETED last."""
        self.taken_up: set[int] = set()
        """Jobs of an earlier process that no worker does yet."""
        self.left: dict[int, tuple[Course, Drive]] = {}
        """By slot: how far its plan was when the earlier process ended, and with which drive."""
        self.waiting: dict[int, Burden] = {}
        """By job: what the budget holds back. Some no longer wait: actors/allowance.py sees which."""
        self.spinning: dict[int, tuple[Burden, float]] = {}
        """By slot: its last spin-up, and since when (rack time)."""
        self.ended: dict[int, float] = {}
        """By slot: the rack time when its last job ended."""
        self.cancelled: set[int] = set()
        self.paused: set[int] = set()
        self.unkept: set[int] = set()
        """Opened jobs that no slot may hear of: their rows are not durable yet."""
        self.over: set[int] = set()
        """Live jobs whose end is durable, and may be told."""
        self.recent: dict[int, tuple[AsyncJob, Answer]] = {}
        """The jobs that were live last, the newest last."""
        self.waiters: dict[int, list[Event]] = {}
        self.journal = Journal(ports)
        self.unheard = set(slots)
        """Slots that have not yet said what they hold."""
        self.settled = ports.event()
        """Set when the first enumeration has reached every slot."""
        self.closed = False
        self._ports = ports

    def get(self, job_id: int) -> AsyncJob:
        """Raises UnknownJob. Of a job that has been over for long it reads the store."""
        job = self.find(job_id)
        if job is not None:
            return job
        why = self.store.why_missing(job_id) if self.store is not None and isinstance(job_id, int) else ""
        raise UnknownJob(why or f"no job {job_id!r} here", remedy="list the jobs to see their ids")

    def find(self, job_id: int) -> AsyncJob | None:
        if not isinstance(job_id, int):
            return None
        if (job := self.jobs.get(job_id)) is not None:
            return job
        if (recent := self.recent.get(job_id)) is not None:  # looked at second: a job is put here before it goes there
            return recent[0]
        kept = self.store.find(job_id) if self.store is not None else None
        return kept.job if kept is not None else None

    def is_open(self, job_id: int) -> bool:
        """A dictionary read: what is not live has ended."""
        job = self.jobs.get(job_id)
        return job is not None and not job.has_ended

    def select(self, info: ListInfo) -> ResultSet:
        live = list(self.jobs.values())
        if self.store is None or info.status not in (None, *ENDED):
            return info.select(live)
        return self.store.select(info, live)

    def answer(self, operation: Operation[..., Any], job_id: int) -> Answer:
        """Of a COMPLETED job of this operation."""
        if job_id in self.answers:
            return self.answers[job_id]
        if (recent := self.recent.get(job_id)) is not None:
            return recent[1]
        kept = self.store.find(job_id) if self.store is not None else None
        if kept is None:
            self.get(job_id)
            return None
        return loads(kept.answer, operation.answer_type)

    def wait(self, job_id: int, timeout: float | None) -> AsyncJob:
        """The ended job; JobNotFinished when `timeout` (host seconds; None = for ever) is up first.

        With a store a job is over when its end is durable. The waiter is hung up before the tables are looked at, and
        they are written before anybody looks for waiters: one of the two sees the other.
        """
        job = self.get(job_id)
        if not self.is_over(job) and timeout != 0:
            bell = self._ports.event()
            waiters = self.waiters.setdefault(job_id, [])
            waiters.append(bell)
            if not self.is_over(self.get(job_id)):
                bell.wait(timeout)
            job = self.get(job_id)
            if not self.is_over(job) and bell in waiters:
                waiters.remove(bell)
        if not self.is_over(job):
            kept = f", and its end cannot be written: {self.journal.outbox.trouble}" if job.has_ended else ""
            raise JobNotFinished(f"job {job_id} ({job.name}, slot {job.slot_id}) is {job.status.name}{kept}")
        return job

    def is_over(self, job: AsyncJob) -> bool:
        """It has ended, and nothing can take that back."""
        if not self.journal.outbox.keeping:
            return job.has_ended
        return job.id in self.over or job.id not in self.jobs

    def settle(self, job_id: int) -> None:
        """Its end is durable."""
        if self.journal.outbox.keeping:
            self.over.add(job_id)
        self.hang_up(job_id)

    def retire(self) -> None:
        """What is over need not be live. First it is put where it is looked for next. The directory's."""
        while self.over:  # also what is settled meanwhile: only the first one rings
            for job_id in tuple(self.over):
                if (job := self.jobs.get(job_id)) is not None:
                    self.recent[job_id] = (job, self.answers.get(job_id))
                    del self.jobs[job_id]
                self.answers.pop(job_id, None)
                self.over.discard(job_id)
        for job_id in list(self.recent)[: max(0, len(self.recent) - RECENT)]:
            del self.recent[job_id]

    def hang_up(self, job_id: int) -> None:
        """Whoever waits for this job looks again, and does not wait on."""
        for bell in self.waiters.pop(job_id, ()):
            bell.set()

    def can_be_taken_up(self, job: AsyncJob) -> bool:
        """By the next process, when this one ends now."""
        order = self.orders.get(job.id)
        if order is None or not (job.status is AsyncJobStatus.INIT or order.operation.resumable):
            return False
        if job.parent_id is None:
            return True
        parent = self.jobs.get(job.parent_id)
        return parent is not None and not parent.has_ended and self.can_be_taken_up(parent)

    def open_jobs(self, slot_id: int | None = None) -> list[AsyncJob]:
        """Not yet ended, by id."""
        found = [job for job_id in list(self.orders) if (job := self.jobs.get(job_id)) is not None]
        found = [job for job in found if not job.has_ended and slot_id in (None, job.slot_id)]
        return sorted(found, key=lambda job: job.id)
