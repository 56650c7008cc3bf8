"""Takes up what an earlier process left open: into the tables at the start, to its drive when that is seen again.

    Store.unfinished ──restore──▶ tables: INIT, PAUSED as they were, RUNNING is UNKNOWN
    a slot was published ──bind──▶ its drive: Start      another one: DriveChanged      none: DriveRemoved, later

On the directory's thread, and no actor itself. What nobody can take up ends as Interrupted.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from orchestrator.actors.post import Key
from orchestrator.actors.tables import UNBOUND, Order, Tables
from orchestrator.model.clock import RackClock
from orchestrator.model.contents import is_same
from orchestrator.model.drive import Presence
from orchestrator.model.errors import DriveChanged, DriveRemoved, Interrupted, InvalidArgument, OrchestratorError
from orchestrator.model.history import OpenJob, Unfinished
from orchestrator.model.job import PAUSED_BY_USER, AsyncJobStatus, EventKind, JobError, changed
from orchestrator.model.ports import Ports
from orchestrator.model.slot import SlotState
from orchestrator.operations.declare import Operations

TAKE_UP_S = 60.0
"""Rack seconds after a start in which a slot that is found empty may still show its drive: a shelf spins up."""
_UNKEPT_EVENTS = 10**9
"""More than the events of progress, which are not kept, that can have followed the last event that was."""


@dataclass(frozen=True, slots=True)
class Start:
    """To a slot, from the door or the directory: this job is in the table."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Bind:
    """To the directory, from a timer: the jobs left in this slot have waited for their drive."""

    slot_id: int


def is_bound(order: Order) -> bool:
    """Whether its drive has been seen by this process."""
    return order.presence.number != UNBOUND


class TakeUp:
    def __init__(
        self,
        ports: Ports,
        tables: Tables,
        clock: RackClock,
        fail: Callable[[int, OrchestratorError, str], None],
        tell: Callable[[Key, object], None],
    ) -> None:
        self._ports, self._tables, self._clock, self._fail, self._tell = ports, tables, clock, fail, tell
        self._began = clock.now()

    def bind(self, slot_id: int) -> None:
        tables = self._tables
        slot, presence = tables.slots.get(slot_id), tables.presences.get(slot_id)
        if not tables.taken_up or slot is None or slot.state not in (SlotState.READY, SlotState.EMPTY):
            return
        for job in tables.open_jobs(slot_id):
            order = tables.orders.get(job.id)
            if order is None or job.drive is None or is_bound(order):
                continue
            if presence is not None and is_same(presence.drive, job.drive):
                tables.orders[job.id] = replace(order, presence=presence)
                self._tell(slot_id, Start(job.id))
            elif presence is not None:
                found = f"slot {slot_id} held {presence.drive.serial} after the restart, not {job.drive.serial}"
                self._fail(job.id, DriveChanged(f"{found} for which the job was accepted"), "restart")
            elif (left := self._began + TAKE_UP_S - self._clock.now()) <= 0:
                self._fail(job.id, DriveRemoved(f"{job.drive.serial} was gone after the restart"), "restart")
            else:
                again = partial(self._tell, "directory", Bind(slot_id))
                self._ports.after(self._clock.host_s(left) + 0.001, again)


def restore(tables: Tables, left: Unfinished, operations: Operations, clock: RackClock) -> None:
    """Before any actor starts."""
    tables.counter = count(left.next_job_id)
    tables.known = dict(left.known)
    tables.journal.begin(left.sequence + _UNKEPT_EVENTS if left.sequence else 0)
    tables.journal.outbox.begin(left.number)
    drives = dict(left.drives)
    for slot_id, course in left.courses:
        if slot_id in tables.labels and slot_id in drives:
            tables.left[slot_id] = (replace(course, due=clock.now()), drives[slot_id])
    for open_job in left.jobs:
        _restore(tables, open_job, operations)


def _restore(tables: Tables, left: OpenJob, operations: Operations) -> None:
    job, why = left.job, ""
    tables.jobs[job.id] = job
    operation = operations.get(job.name)
    if job.slot_id not in tables.labels:
        why = "its slot is no longer in the rack file"
    elif operation is None or job.drive is None:
        why = f"{job.name} is no longer installed"
    else:
        try:
            options = operation.read_options(left.options)
        except (ValueError, InvalidArgument) as exc:
            why = f"its options no longer fit {job.name}: {exc}"
        else:
            tables.orders[job.id] = Order(operation, options, Presence(UNBOUND, job.drive, ""), left.memo)
            if tables.can_be_taken_up(job):
                _take_up(tables, left)
                return
            del tables.orders[job.id]
            why = f"the program ended while it ran, and {job.name} cannot be taken up again"
    ended = tables.journal.now()
    job = changed(job, status=AsyncJobStatus.FAILED, ended=ended, reason="", error=JobError.of(Interrupted(why)))
    tables.jobs[job.id] = job
    number = tables.journal.append(EventKind.STATUS, "restart", job=job, cause=Interrupted.code)
    tables.journal.outbox.when_kept(number, partial(tables.settle, job.id))


def _take_up(tables: Tables, left: OpenJob) -> None:
    job = left.job
    tables.taken_up.add(job.id)
    if job.status is AsyncJobStatus.PAUSED:
        if job.reason == PAUSED_BY_USER:
            tables.paused.add(job.id)
        return
    if job.status is AsyncJobStatus.INIT:
        job = changed(job, reason="accepted before a restart; waits for its drive to be seen")
    else:
        job = changed(job, status=AsyncJobStatus.UNKNOWN, eta=None, reason="ran before a restart; its drive is asked")
    tables.jobs[job.id] = job
    tables.journal.append(EventKind.STATUS, "restart", job=job)
