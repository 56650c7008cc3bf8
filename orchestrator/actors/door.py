"""The one door where every job is opened, whoever wants it: a caller, a plan, another job.

whoever wants a job ──open_job──▶ tables, outbox ──▶ durable ──Start──▶ slot
        on the caller's thread; Start is only a hint

With a store a job's row is durable before its slot hears of it and before its id is given away.
"""

from functools import partial
from typing import Any

from orchestrator.actors.directory import Wish
from orchestrator.actors.post import Post
from orchestrator.actors.tables import Order, Tables
from orchestrator.actors.take_up import Start
from orchestrator.model.drive import Presence
from orchestrator.model.errors import (
    InvalidArgument,
    RackClosed,
    SlotEmpty,
    SlotUnavailable,
    StoreUnavailable,
    UnknownOperation,
    UnknownSlot,
)
from orchestrator.model.job import AsyncJob, EventKind, OpenedBy
from orchestrator.model.plain import dumps
from orchestrator.model.ports import Ports
from orchestrator.model.recipe import Recipe
from orchestrator.model.slot import SlotState
from orchestrator.operations.declare import Holds, Operation, Operations

_UNAVAILABLE = {SlotState.UNKNOWN, SlotState.STUCK, SlotState.CONFLICT, SlotState.QUARANTINED}
_INT64 = range(-(2**63), 2**63)


class Door:
    """Opens jobs, on the caller's thread. Waits for nobody but the disk, and only where it is told to."""

    def __init__(self, ports: Ports, post: Post, tables: Tables, operations: Operations) -> None:
        self._ports, self._post, self._tables = ports, post, tables
        self.operations = operations

    def find(self, operation: Operation[..., Any] | str) -> Operation[..., Any]:
        if isinstance(operation, Operation):
            return operation
        try:
            return self.operations[operation]
        except (KeyError, TypeError):
            known = ", ".join(sorted(self.operations))
            raise UnknownOperation(f"no operation {operation!r}", remedy=f"it is one of: {known}") from None

    def recipe(self, name: str) -> Recipe:
        recipes = self._tables.recipes()
        if name not in recipes:
            known = ", ".join(sorted(recipes)) or "none"
            raise InvalidArgument(f"no recipe {name!r} in this rack", remedy=f"it is one of: {known}")
        return recipes[name]

    def open_job(
        self,
        operation: Operation[..., Any] | str,
        client_ref: int,
        slot_id: int,
        options: dict[str, Any],
        *,
        opened_by: OpenedBy = OpenedBy.API,
        parent_id: int | None = None,
        job_id: int | None = None,
        wait: bool = True,
    ) -> int:
        """The new job's id: `job_id`, where the caller has taken it from the counter.

        Args:
            wait: until its row is durable; some 0.3 ms, at most ACCEPT_S. An actor does not wait: its job begins later.
        Raises for what is wrong at this moment, and for nothing that concerns the drive.
        """
        tables = self._tables
        found = self.find(operation)
        if not isinstance(client_ref, int) or isinstance(client_ref, bool) or client_ref not in _INT64:
            raise InvalidArgument(f"client_ref is {client_ref!r}; it takes a whole number of 64 bits, signed")
        order = Order(found, found.check(options), self._presence(slot_id, parent_id))
        for option in found.options.values():
            if option.holds is Holds.RECIPE:
                self.recipe(order.options[option.name])
        job = AsyncJob(
            next(tables.counter) if job_id is None else job_id,
            found.name,
            client_ref,
            slot_id,
            parent_id=parent_id,
            drive=order.presence.drive,
            opened_by=opened_by,
            accepted=self._ports.now(),
        )
        outbox = tables.journal.outbox
        if outbox.keeping:
            tables.unkept.add(job.id)
        tables.jobs[job.id] = job
        tables.orders[job.id] = order
        if tables.closed:  # looked at again behind the record: what the closing rack does not see any more is not taken
            del tables.orders[job.id], tables.jobs[job.id]
            raise RackClosed("the rack is closed and takes no new jobs")
        options_text = dumps(order.options) if outbox.keeping else ""
        number = tables.journal.append(EventKind.ACCEPTED, opened_by.value, job=job, options=options_text)
        outbox.when_kept(number, partial(self._send, slot_id, job.id))
        if wait and number:
            self._accept(job.id, number)
        return job.id

    def _send(self, slot_id: int, job_id: int) -> None:
        """Its row is durable. With a store on the recorder's thread."""
        self._tables.unkept.discard(job_id)
        self._post.tell(slot_id, Start(job_id))

    def _accept(self, job_id: int, number: int) -> None:
        """Blocks until its row is durable. Raises StoreUnavailable: nobody is given its id, and it does nothing."""
        tables = self._tables
        try:
            if tables.journal.outbox.accept(number):
                return
        except StoreUnavailable:
            tables.orders.pop(job_id, None)
            tables.jobs.pop(job_id, None)
            tables.unkept.discard(job_id)
            raise
        tables.cancelled.add(job_id)
        self._post.tell("directory", Wish(job_id))
        raise StoreUnavailable("the history could not be written in time, so the job was ended", remedy="see its disk")

    def _presence(self, slot_id: int, parent_id: int | None) -> Presence:
        """What the job is bound to."""
        tables = self._tables
        if tables.closed:
            raise RackClosed("the rack is closed and takes no new jobs")
        if trouble := tables.journal.outbox.trouble:
            raise StoreUnavailable(f"no new job is accepted while the history cannot be written: {trouble}")
        slot = None if isinstance(slot_id, bool) or not isinstance(slot_id, int) else tables.slots.get(slot_id)
        if slot is None:
            raise UnknownSlot(f"no slot {slot_id!r} in this rack", remedy="list the slots to see their ids")
        where = f"slot {slot.id} ({slot.label})"
        if slot_id in tables.leaving:
            raise SlotUnavailable(f"{where} is no longer in the rack file, and ends what it has", slot_id=slot.id)
        if slot.state in _UNAVAILABLE:
            raise SlotUnavailable(f"{where} is {slot.state.upper()}: {slot.reason}", slot_id=slot.id)
        presence = tables.presences.get(slot_id)
        if slot.state is SlotState.EMPTY or presence is None:
            raise SlotEmpty(f"{where} is empty", slot_id=slot.id)
        if parent_id is None:
            return presence
        tables.get(parent_id)
        order = tables.orders.get(parent_id)
        if order is None or parent_id not in tables.claims[slot_id]:  # the table may not show yet that it began
            raise InvalidArgument(f"job {parent_id} does not run in {where} and cannot be a parent there")
        return order.presence
