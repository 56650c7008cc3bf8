"""The jobs that a running job opens in its own slot, and waits for. On its worker's thread.

bench.run ──▶ open one, or take up the same that an earlier process left open ──▶ wait
bench.step(n) ──▶ the n-th child, whatever became of it; opened where there is none yet ──▶ wait
"""

from typing import Any

from orchestrator.actors.directory import Wish
from orchestrator.actors.workplace import Control, Workplace
from orchestrator.model.errors import Interrupted, JobNotFinished, NoAnswer
from orchestrator.model.job import AsyncJob, AsyncJobStatus, OpenedBy, children_of
from orchestrator.operations.bench import Done, Share
from orchestrator.operations.declare import Operation

LOOK_S, LEAST_LOOK_S = 60.0, 0.5
"""Rack seconds, and at least host seconds, between two looks whether the child runs: only that counts as its time."""


class Children:
    def __init__(self, place: Workplace, job: AsyncJob, control: Control, *, taken_up: bool) -> None:
        """`taken_up`: an earlier process worked at the job, and may have opened some."""
        self._place, self._job, self._control, self._taken_up = place, job, control, taken_up
        self._steps: list[int] | None = None
        """By id."""

    def run(self, operation: Operation[..., Any], options: dict[str, Any]) -> Done:
        self._control.check()
        child_id = self._left_open(operation, options)
        return self._wait(operation, self._open(operation, options) if child_id is None else child_id)

    def step(
        self,
        nth: int,
        operation: Operation[..., Any],
        options: dict[str, Any],
        *,
        timeout_s: float | None,
        share: Share | None,
    ) -> Done:
        self._control.check()
        if self._steps is None:
            known = children_of(self._job, self._place.tables.select) if self._taken_up else ()
            self._steps = [child.id for child in known if _is_step(child)]
        if nth == len(self._steps):
            self._steps.append(self._open(operation, options))
        child_id, shares = self._steps[nth], self._place.tables.shares
        if share is not None:
            shares[child_id] = share
        try:
            return self._wait(operation, child_id, timeout_s)
        finally:
            shares.pop(child_id, None)

    def _open(self, operation: Operation[..., Any], options: dict[str, Any]) -> int:
        job = self._job
        return self._place.door.open_job(
            operation, job.client_ref, job.slot_id, options, opened_by=OpenedBy.RECIPE, parent_id=job.id
        )

    def _left_open(self, operation: Operation[..., Any], options: dict[str, Any]) -> int | None:
        """The same child, opened before a restart and still open."""
        tables = self._place.tables
        for job in tables.open_jobs(self._job.slot_id) if self._taken_up else ():
            order = tables.orders.get(job.id)
            same = order is not None and order.operation is operation and order.options == operation.check(options)
            if same and job.parent_id == self._job.id:
                return job.id
        return None

    def _wait(self, operation: Operation[..., Any], child_id: int, timeout_s: float | None = None) -> Done:
        place, tables = self._place, self._place.tables
        look_s = max(LEAST_LOOK_S, place.clock.host_s(min(LOOK_S, timeout_s / 10 if timeout_s else LOOK_S)))
        stood_s, ran_s, timed_out = 0.0, 0.0, False
        while True:
            try:
                child = tables.wait(child_id, look_s)
                break
            except JobNotFinished:
                self._control.check()  # also when it was left open: then this job is, too
                found = tables.find(child_id)
            if found is not None and found.status is AsyncJobStatus.RUNNING:
                ran_s += place.clock.rack_s(look_s)
            elif found is not None and found.status is AsyncJobStatus.PAUSED:
                stood_s += place.clock.rack_s(look_s)
            if timeout_s is not None and ran_s >= timeout_s and not timed_out:
                timed_out = True
                tables.cancelled.add(child_id)
                place.post.tell("directory", Wish(child_id))
        self._control.check()
        self._be_alone(child)
        took_s = 0.0
        if child.started is not None and child.ended is not None:
            took_s = max(0.0, place.clock.rack_s((child.ended - child.started).total_seconds()) - stood_s)
        completed = child.status is AsyncJobStatus.COMPLETED
        return Done(child, tables.answer(operation, child_id) if completed else None, round(took_s, 3), timed_out)

    def _be_alone(self, child: AsyncJob) -> None:
        """Its worker tells the end a moment before it is off the drive; one that hangs there is no company."""
        claims, looks = self._place.tables.claims[self._job.slot_id], 20
        while child.id in claims and looks:
            self._control.stop.wait(LEAST_LOOK_S / 10)
            self._control.check()
            looks -= 1
        if child.id in claims:
            raise NoAnswer(f"job {child.id} ({child.name}) left a tool at the drive that cannot be killed")


def _is_step(child: AsyncJob) -> bool:
    """The job opened it itself, as others may too; and no restart ended it: then it is done again."""
    interrupted = child.error is not None and child.error.code == Interrupted.code
    return child.opened_by is OpenedBy.RECIPE and not interrupted
