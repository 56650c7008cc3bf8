"""Which job may begin under the rack's budget: the rule of model/budget.py over the tables. No actor.

    slot ──enter(job)──▶ claim, or the reason why not          on the slot's thread, one at a time
    a job ended, a slot changed, a drive is up ──next_up()──▶ slots to nudge        on the directory's thread

Who waits is noted before the rule is asked, and an end is in the table before who waits is looked at: one of the two
sees the other. A waiting job counts only while it could begin but for the budget, so that nobody queues behind a slot
that is dead, stuck or empty.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from orchestrator.actors.tables import Tables
from orchestrator.model.budget import SPIN_UP_S, Burden, Load, held_back
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Protocol
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.model.slot import SlotState

AWAKE_S = 60.0
"""Rack seconds after a job during which its drive has certainly not gone to sleep."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """From a timer, and on to the slots: a held-back job may begin."""


class Allowance:
    def __init__(self, tables: Tables, clock: RackClock, lock: AbstractContextManager[Any]) -> None:
        self._tables, self._clock, self._lock = tables, clock, lock

    def enter(self, job: AsyncJob, number: int) -> str:
        """Claim the job's presence for its worker, or say why it has to wait."""
        tables = self._tables
        if not tables.budget.is_set:
            tables.claims[job.slot_id][job.id] = number
            return ""
        with self._lock:
            wanted = tables.waiting[job.id] = self._burden(job)
            if reason := held_back(tables.budget, wanted, self._drawn(), self._queue()):
                return reason
            del tables.waiting[job.id]
            tables.claims[job.slot_id][job.id] = number
            if Load.SPIN_UP in wanted.loads:
                tables.spinning[job.slot_id] = (replace(wanted, loads=(Load.SPIN_UP,)), self._clock.now())
        return ""

    def next_up(self) -> list[int]:
        """The slots of the waiting jobs that may begin now, the first come first."""
        waiting, drawn = self._queue(), self._drawn()
        return [one.slot_id for one in waiting if not held_back(self._tables.budget, one, drawn, waiting)]

    def _burden(self, job: AsyncJob) -> Burden:
        tables = self._tables
        loads: tuple[Load, ...] = (tables.orders[job.id].operation.load,)
        rested = self._clock.now() - tables.ended.get(job.slot_id, -AWAKE_S) >= AWAKE_S
        if job.parent_id is None and rested and job.drive is not None and job.drive.protocol is not Protocol.NVME:
            loads = (*loads, Load.SPIN_UP)
        return Burden(job.id, job.slot_id, self._controller(job.slot_id), loads)

    def _drawn(self) -> list[Burden]:
        """What runs now. A job that has ended draws nothing, whatever its worker is stuck in."""
        tables, now = self._tables, self._clock.now()
        drawn = [one for one, since in list(tables.spinning.values()) if now - since < SPIN_UP_S]
        for slot_id, held in list(tables.claims.items()):
            open_jobs = [job_id for job_id in list(held) if tables.is_open(job_id)]
            orders = [order for job_id in open_jobs if (order := tables.orders.get(job_id)) is not None]
            if orders:
                loads = tuple(order.operation.load for order in orders)
                drawn.append(Burden(open_jobs[0], slot_id, self._controller(slot_id), loads))
        return drawn

    def _queue(self) -> list[Burden]:
        """By id; of each slot its first top-level job only."""
        taken, found = set[int](), list[Burden]()
        for job_id, one in sorted(self._tables.waiting.copy().items(), key=itemgetter(0)):
            job = self._tables.jobs.get(job_id)
            if job is None or not self._waits(job):
                continue
            if job.parent_id is not None:
                found.append(one)
            elif job.slot_id not in taken:
                found.append(one)
                taken.add(job.slot_id)
        return found

    def _waits(self, job: AsyncJob) -> bool:
        """Only the budget keeps it from beginning."""
        tables = self._tables
        order = tables.orders.get(job.id)
        if job.has_ended or job.status is AsyncJobStatus.RUNNING or job.id in tables.cancelled or order is None:
            return False
        slot = tables.slots.get(job.slot_id)
        if slot is None or slot.state is not SlotState.READY or tables.presences.get(job.slot_id) != order.presence:
            return False
        held = list(tables.claims[job.slot_id])
        return job.parent_id is not None or not any(tables.is_open(other) for other in held)

    def _controller(self, slot_id: int) -> str:
        return self._tables.controllers.get(slot_id, f"slot {slot_id}")
