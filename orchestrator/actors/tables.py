"""What outlives every actor: the job table, the slots as they are published, who waits, and the journal of events.

Records are frozen and replaced whole, so everybody may read without a message. Who writes what:

    counter, a new job's record and order      open_job, on the caller's thread
    jobs, answers, slots (from then on)        the directory, alone
    cells (progress), claims                   a job's worker; its slot
    labels, leaving                            the system, from the rack file
    plans, budget, heat, controllers           the system, from the rack file
    courses, ended                             the directory
    waiting, spinning                          the slots, one at a time; the directory takes what has ended
    cancelled, paused                          whoever asked, on their own thread; the directory and the slot obey
    waiters                                    whoever waits adds one, the directory takes them
"""

import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from orchestrator.model import job as nouns
from orchestrator.model.budget import NO_BUDGET, Burden
from orchestrator.model.drive import Presence
from orchestrator.model.errors import JobNotFinished, UnknownJob
from orchestrator.model.heat import HeatLimits
from orchestrator.model.job import AsyncJob, EventKind
from orchestrator.model.plan import Course, Plan
from orchestrator.model.ports import Event, Ports
from orchestrator.model.slot import SlotInfo
from orchestrator.operations.declare import Answer, Operation

JOURNAL_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Order:
    """What an accepted job is to do, and for which stay of which drive. Dropped when the job has ended."""

    operation: Operation[..., Any]
    options: dict[str, Any]
    presence: Presence


@dataclass(frozen=True, slots=True)
class Cell:
    """A running job's latest progress; the last value wins."""

    percent: int
    eta: datetime | None


class Listener(Protocol):
    def __call__(self) -> None: ...


class Journal:
    """The last events, numbered. Any thread may append; readers come and go."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock: AbstractContextManager[Any] = ports.lock()
        self._events: deque[nouns.Event] = deque(maxlen=JOURNAL_EVENTS)
        self._sequence = 0
        self._readers: dict[Event, None] = {}
        self._closed = False
        self.listener: Listener | None = None
        """Called after each append: the recorder's bell."""

    @property
    def sequence(self) -> int:
        """Of the newest event; 0 before the first."""
        return self._sequence

    def append(self, kind: EventKind, *, job: AsyncJob | None = None, slot: SlotInfo | None = None) -> None:
        with self._lock:
            self._sequence += 1
            self._events.append(nouns.Event(self._sequence, self._ports.now(), kind, job, slot))
            readers = tuple(self._readers)
        for reader in readers:
            reader.set()
        if self.listener is not None:
            self.listener()

    def since(self, sequence: int) -> tuple[nouns.Event, ...]:
        """The events after `sequence`; begins with a gap where some are lost."""
        with self._lock:
            missing = min(self._sequence - sequence, len(self._events))
            found = tuple(itertools.islice(reversed(self._events), missing)) if missing > 0 else ()
        found = found[::-1]
        if found and found[0].sequence > sequence + 1:
            gap = nouns.Event(found[0].sequence - 1, found[0].time, EventKind.GAP)
            return (gap, *found)
        return found

    def follow(self, after: int | None) -> Iterator[nouns.Event]:
        """Blocks for the next event; ends when the journal closes."""
        return self._follow(self._sequence if after is None else after)

    def _follow(self, sequence: int) -> Iterator[nouns.Event]:
        bell = self._ports.event()
        with self._lock:
            self._readers[bell] = None
        try:
            while True:
                bell.clear()
                found = self.since(sequence)
                yield from found
                if found:
                    sequence = found[-1].sequence
                elif self._closed:
                    return
                else:
                    bell.wait()
        finally:
            with self._lock:
                self._readers.pop(bell, None)

    def close(self) -> None:
        self._closed = True
        with self._lock:
            readers = tuple(self._readers)
        for reader in readers:
            reader.set()


class Tables:
    def __init__(self, ports: Ports, slots: dict[int, SlotInfo]) -> None:
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
        self.draining = False
        self.claims: dict[int, dict[int, int]] = {slot_id: {} for slot_id in slots}
        """By slot: the jobs whose workers may still touch a drive, with the number of the presence they are for."""
        self.plans: dict[int, Plan] = {}
        """What starts by itself, by slot."""
        self.courses: dict[int, Course] = {}
        """How far each slot's plan is. A slot that is not in here was never seen."""
        self.budget = NO_BUDGET
        self.heat: dict[int, HeatLimits] = {}
        """By slot, where the rack file sets them."""
        self.controllers: dict[int, str] = {}
        """By slot: what it shares with others; a slot that is not in here shares nothing."""
        self.waiting: dict[int, Burden] = {}
        """By job: what the budget holds back. Some no longer wait: actors/allowance.py sees which."""
        self.spinning: dict[int, tuple[Burden, float]] = {}
        """By slot: its last spin-up, and since when (rack time)."""
        self.ended: dict[int, float] = {}
        """By slot: the rack time when its last job ended."""
        self.cancelled: set[int] = set()
        self.paused: set[int] = set()
        self.waiters: dict[int, list[Event]] = {}
        self.journal = Journal(ports)
        self.unheard = set(slots)
        """Slots that have not yet said what they hold."""
        self.settled = ports.event()
        """Set when the first enumeration has reached every slot."""
        self.closed = False
        self._ports = ports

    def get(self, job_id: int) -> AsyncJob:
        try:
            return self.jobs[job_id]
        except (KeyError, TypeError):
            raise UnknownJob(f"no job {job_id!r} here", remedy="list the jobs to see their ids") from None

    def wait(self, job_id: int, timeout: float | None) -> AsyncJob:
        """The ended job; JobNotFinished when `timeout` (host seconds; None = for ever) is up first.

        The waiter is hung up before the table is looked at, and the directory writes the table before it looks for
        waiters: one of the two sees the other.
        """
        job = self.get(job_id)
        if not job.has_ended and timeout != 0:
            bell = self._ports.event()
            waiters = self.waiters.setdefault(job_id, [])
            waiters.append(bell)
            if not self.jobs[job_id].has_ended:
                bell.wait(timeout)
            job = self.jobs[job_id]
            if not job.has_ended and bell in waiters:
                waiters.remove(bell)
        if not job.has_ended:
            raise JobNotFinished(f"job {job_id} ({job.name}, slot {job.slot_id}) is {job.status.name}")
        return job

    def open_jobs(self, slot_id: int | None = None) -> list[AsyncJob]:
        """Not yet ended, by id."""
        found = [self.jobs[job_id] for job_id in list(self.orders)]
        found = [job for job in found if not job.has_ended and slot_id in (None, job.slot_id)]
        return sorted(found, key=lambda job: job.id)
