"""What a running suite may have of the rack: its own slot, and the jobs it opens there. On its job's worker's thread.

    suite.next ──Asked──▶ Desk ──answer──▶ suite         everything else it says ──▶ the operation

What it opens is a child of its job: it runs in that job's turn, on that job's drive, and ends with it. Nothing waits
here for longer than SLICE_S: the suite asks again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.actors.directory import Wish
from orchestrator.actors.workplace import Control, Workplace
from orchestrator.model.errors import InvalidArgument, JobNotFinished, OrchestratorError, UnknownJob, UnknownSlot
from orchestrator.model.job import AsyncJob, AsyncJobStatus, OpenedBy, children_of
from orchestrator.model.plain import dumps
from orchestrator.model.ports import Suite
from orchestrator.model.suite_talk import Asked, Ended, Said

SLICE_S = 0.2
"""Host seconds that one question waits for a job's end; its own output and its stop wait as long."""


class Desk:
    def __init__(self, place: Workplace, job: AsyncJob, control: Control, *, simulated: bool) -> None:
        self._place, self._job, self._control, self._simulated = place, job, control, simulated

    def serve(self, suite: Suite) -> Iterator[Said]:
        """What it says, up to its Ended; what it asks is answered on the way."""
        while True:
            said = suite.next()
            if not isinstance(said, Asked):
                yield said
                if isinstance(said, Ended):
                    return
                continue
            try:
                suite.answer(self._do(said.verb, said.given))
            except OrchestratorError as exc:
                suite.answer(error=self._control.why or exc)

    def _do(self, verb: str, given: Mapping[str, Any]) -> Any:
        """A plain value or a record. Raises OrchestratorError."""
        tables = self._place.tables
        match verb:
            case "hello":
                return {"simulated": self._simulated}
            case "slots":
                return [tables.slots[self._job.slot_id]]
            case "start":
                return self._start(given)
            case "job":
                return self._mine(given)
            case "jobs":
                return list(children_of(self._job, tables.select))
            case "cancel":
                job = self._mine(given)
                if not job.has_ended:
                    tables.cancelled.add(job.id)
                    self._place.post.tell("directory", Wish(job.id))
                return self._mine(given)
            case "wait":
                job = self._mine(given)
                left: Any = given.get("wait_s")
                slice_s = min(SLICE_S, max(0.0, left)) if isinstance(left, int | float) else SLICE_S
                try:
                    return {"job": tables.wait(job.id, slice_s), "over": True}
                except JobNotFinished:
                    return {"job": self._mine(given), "over": False}
            case "answer":
                job = self._mine(given)
                if job.status is not AsyncJobStatus.COMPLETED:
                    raise JobNotFinished(f"job {job.id} has no answer: it is {job.status.name}")
                return dumps(tables.answer(self._place.door.find(job.name), job.id))
            case _:
                raise InvalidArgument(f"a suite cannot ask for {verb!r}", remedy="install one release in one place")

    def _start(self, given: Mapping[str, Any]) -> int:
        slot_id, operation, options = given.get("slot_id"), given.get("operation"), given.get("options")
        if slot_id != self._job.slot_id:
            raise UnknownSlot(f"no slot {slot_id!r} here", remedy=f"a suite reaches its own, {self._job.slot_id}")
        if not isinstance(operation, str) or not isinstance(options, dict):
            raise InvalidArgument("a start names an operation, and its options")
        client_ref: Any = given.get("client_ref")
        return self._place.door.open_job(
            operation, client_ref, slot_id, options, opened_by=OpenedBy.RECIPE, parent_id=self._job.id
        )

    def _mine(self, given: Mapping[str, Any]) -> AsyncJob:
        job_id: Any = given.get("job_id")
        job = self._place.tables.find(job_id) if type(job_id) is int else None
        if job is None or job.parent_id != self._job.id:
            raise UnknownJob(f"no job {job_id!r} here", remedy="a suite reaches the jobs that it opened itself")
        return job
