"""The facade of a rack on another machine: `Rack`'s methods, types and exceptions, over REST and live events.

    rack = Rack.connect("https://bench-7:8443", token=...)
    job_id = rack.run_smart_test(client_ref=1, slot_id=3)
    device_ok = rack.run_smart_test_result(job_id)

Each call blocks for a round trip, and goes on trying for `timeout` host seconds while the service cannot be reached.
"""

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from orchestrator.model import plain
from orchestrator.model.errors import (
    InvalidArgument,
    JobNotFinished,
    NotFound,
    OrchestratorError,
    UnknownJob,
    UnknownOperation,
    UnknownSlot,
    WrongOperation,
)
from orchestrator.model.history import AFTER, BEFORE, DriveHistory, JobHistory
from orchestrator.model.job import AsyncJob, AsyncJobStatus, Event, ListInfo, ResultSet
from orchestrator.model.plan import Plan
from orchestrator.model.recipe import Recipe
from orchestrator.model.slot import SlotInfo
from orchestrator.operations.declare import Operation
from orchestrator.pairs import Name, Pairs
from orchestrator.remote import decode
from orchestrator.remote.connection import Answer, Connection
from orchestrator.remote.events import Follower, Tables

if TYPE_CHECKING:
    from orchestrator.settings.parts import ChassisSettings

PAGE = 1_000
"""Jobs that the service gives at once, at most."""
WAIT_S = 30.0
"""That one request waits for a job's end; then the next one does."""
START_S = 30.0
"""That the service may take for a start, while its disk is slow."""
_INT64 = range(-(2**63), 2**63)
_OPEN = (AsyncJobStatus.INIT, AsyncJobStatus.RUNNING, AsyncJobStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """An operation as the service declares it, installed here or not."""

    name: str
    summary: str
    pausable: bool
    options: Mapping[str, Mapping[str, Any]]
    """The JSON Schema of each."""


class RemoteRack(Pairs):
    """A context: leaving it closes this end; the rack and its jobs go on. Its methods may be called from any thread.

    Every call may raise Unreachable, and NotPermitted where the token does not do.
    """

    def __init__(
        self, url: str, *, token: str | None = None, timeout: float = 30.0, cafile: str | Path | None = None
    ) -> None:
        """Asks the service what it can do.

        Args:
            token: sent to this address and to no other. Over plain http everybody on the way can read it.
            timeout: host seconds that a call goes on trying while the service cannot be reached.
            cafile: PEM file of the authority that signed its certificate; None = the system's own.
        Raises:
            InvalidArgument: it is no address. ConfigError: the certificates cannot be used.
            Unreachable, NotPermitted.
        """
        self._connection = Connection(url, token, timeout, cafile)
        self.url = str(self._connection.address)
        self._life = ""
        try:
            self.is_simulated = bool(_of_service(self._connection.get("/version"))["simulated"])
            self._operations = {found["name"]: _info(found) for found in self._connection.get("/operations")["items"]}
        except BaseException:
            self._connection.close()
            raise

    @property
    def timeout(self) -> float:
        """Host seconds that a call goes on trying while the service cannot be reached."""
        return self._connection.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._connection.timeout = seconds

    # -- jobs

    def _start(
        self, operation: Name, client_ref: int, slot_id: int, parent: int | None, options: dict[str, Any]
    ) -> int:
        """An answer that was lost is asked for again: by its key the service opens one job, not two. A service that was
        started anew in between has forgotten the key; then the job may be there twice."""
        name = self._name(operation)
        if type(slot_id) is not int or slot_id not in _INT64:
            raise UnknownSlot(f"no slot {slot_id!r} in this rack", remedy="list the slots to see their ids")
        if type(client_ref) is not int or client_ref not in _INT64:
            raise InvalidArgument(f"client_ref is {client_ref!r}; it takes a whole number of 64 bits, signed")
        if parent is not None:
            _check_job(parent)
        body = {"client_ref": client_ref, "slot_id": slot_id, "options": options, "parent": parent}
        try:
            sent = plain.dumps(body).encode()
        except TypeError as exc:
            raise InvalidArgument(f"an option of {name} cannot be sent: {exc}") from exc
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return int(self._connection.post(f"/operations/{name}", sent, key, wait=START_S)["id"])

    def _result(self, operation: Name, job_id: int, timeout: float | None) -> Any:
        """The answer of an operation that is not installed here is plain data: numbers, texts, lists and
        dictionaries."""
        name, job = self._name(operation), self.get_job_status(job_id)
        if job.name != name:
            raise WrongOperation(f"job {job_id} is a {job.name}, not a {name}")
        answer = self._wait_for_end(job_id, timeout)
        if (problem := answer.problem()) is not None:
            raise problem
        return decode.answer(operation, answer.json()["answer"])

    def get_job_status(self, job_id: int) -> AsyncJob:
        """The job as it is now. Raises UnknownJob."""
        return decode.job(self._connection.get(f"/jobs/{_check_job(job_id)}"))

    def get_jobs_list(self, info: ListInfo | None = None) -> ResultSet:
        """The jobs that match all criteria of `info`; all of them without. A request for each 1,000 jobs."""
        info = info or ListInfo()
        wanted, items, total = info, list[AsyncJob](), None
        while True:
            left = PAGE if info.limit == -1 else min(PAGE, info.limit - len(items))
            asked = {name: value for name, value in asdict(replace(wanted, limit=left)).items() if value is not None}
            asked |= {name: int(value) for name, value in asked.items() if isinstance(value, int)}
            page = self._connection.get("/jobs", **asked)
            items += map(decode.job, page["items"])
            total = page["total"] if total is None else total
            if len(page["items"]) < left or len(items) == info.limit or not page["items"]:
                return ResultSet(total, tuple(items), info.offset, info.limit)
            if info.order_by == "id":
                wanted = replace(info, offset=0, after_id=items[-1].id)
            else:
                wanted = replace(info, offset=info.offset + len(items))

    def open_jobs(self, slot_id: int | None = None) -> tuple[AsyncJob, ...]:
        """The jobs that have not ended, by id; of one slot, or of all."""
        found = (job for status in _OPEN for job in self.get_jobs_list(ListInfo(status=status, slot_id=slot_id)))
        return tuple(job for _, job in sorted({job.id: job for job in found}.items()))

    def wait(self, job_ids: Iterable[int], timeout: float | None = None) -> tuple[AsyncJob, ...]:
        """The ended jobs, in the order asked for. JobNotFinished when `timeout` (host seconds, in all) is up."""
        until = None if timeout is None else time.monotonic() + timeout
        ended = []
        for job_id in job_ids:
            left = None if until is None else max(0.0, until - time.monotonic())
            answer = self._wait_for_end(_check_job(job_id), left)
            failed = answer.status != 200
            ended.append(self.get_job_status(job_id) if failed else decode.job(answer.json()["job"]))
        return tuple(ended)

    def _wait_for_end(self, job_id: int, timeout: float | None) -> Answer:
        """An ended job's result: its answer, or its own error with status 424. Raises everything else."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = WAIT_S if until is None else min(WAIT_S, max(0.0, until - time.monotonic()))
            answer = self._connection.ask("GET", f"/jobs/{job_id}/result", query={"wait": f"{left:.3f}"}, wait=left)
            problem = None if answer.status == 424 else answer.problem()
            if problem is None:
                return answer
            if not isinstance(problem, JobNotFinished) or (until is not None and time.monotonic() >= until):
                raise problem

    # -- control

    def cancel_job(self, job_id: int) -> AsyncJob:
        """As `Rack.cancel_job`."""
        return self._control(job_id, "cancel")

    def pause_job(self, job_id: int) -> AsyncJob:
        """As `Rack.pause_job`."""
        return self._control(job_id, "pause")

    def resume_job(self, job_id: int) -> AsyncJob:
        """As `Rack.resume_job`."""
        return self._control(job_id, "resume")

    def _control(self, job_id: int, what: str) -> AsyncJob:
        return decode.job(self._connection.post(f"/jobs/{_check_job(job_id)}/{what}"))

    # -- the rack

    def slots(self) -> tuple[SlotInfo, ...]:
        """Every slot as it is now, by id."""
        return tuple(map(decode.slot, self._connection.get("/slots")["items"]))

    def release_slot(self, slot_id: int) -> SlotInfo:
        """As `Rack.release_slot`; takes a token of the scope admin, where there are tokens."""
        if type(slot_id) is not int or slot_id not in _INT64:
            raise UnknownSlot(f"no slot {slot_id!r} in this rack", remedy="list the slots to see their ids")
        return decode.slot(self._connection.post(f"/slots/{slot_id}/release"))

    def events(self, after: int | None = None) -> Iterator[Event]:
        """What changes, as it changes; blocks for the next event and ends when the rack is closed, or this end of it.

        As `Rack.events`, but: what happened to one record within 100 ms is one event; `time` is when it came here; a
        broken connection is taken up again, and costs a GAP only where the service has forgotten what came since.
        `sequence` is what `after` takes: it never falls, and several events that came together may share one.
        Unreachable when the connection does not come back within `timeout`.
        """
        last = "" if after is None else f"{self._life or self._find_life()}-{after}"
        follower = Follower(self._connection, Tables(self.get_job_status), last)
        self._life = follower.life or self._life
        return iter(follower)

    def follow(self) -> Tables:
        """Slots and open jobs, kept as they are by a thread that reads the events, until this end is closed."""
        tables = Tables(self.get_job_status)
        follower = Follower(self._connection, tables)

        def read() -> None:
            with suppress(OrchestratorError):
                for _ in follower:
                    pass
            tables.over.set()

        threading.Thread(target=read, name="remote-tables", daemon=True).start()
        tables.settled.wait(self.timeout)
        return tables

    def _find_life(self) -> str:
        follower = Follower(self._connection, Tables(self.get_job_status))
        follower.close()
        return follower.life

    @property
    def operations(self) -> Mapping[str, OperationInfo]:
        """What the service declares, by name."""
        return MappingProxyType(self._operations)

    @property
    def recipes(self) -> Mapping[str, Recipe]:
        """As `Rack.recipes`: what `run_recipe` can do there, by name."""
        found = map(decode.recipe, self._connection.get("/recipes")["items"])
        return MappingProxyType({recipe.name: recipe for recipe in found})

    @property
    def plans(self) -> dict[int, Plan]:
        """As `Rack.plans`."""
        return {found["slot_id"]: decode.plan(found["plan"]) for found in self._whole()["plans"]}

    @property
    def layout(self) -> "ChassisSettings | None":
        """As `Rack.layout`."""
        return decode.layout(self._whole()["layout"])

    @property
    def keeps_history(self) -> bool:
        """As `Rack.keeps_history`."""
        return bool(self._whole()["keeps_history"])

    @property
    def trouble(self) -> str:
        """As `Rack.trouble`."""
        return str(self._whole()["trouble"])

    @property
    def sequence(self) -> int:
        """As `Rack.sequence`, now."""
        return int(self._whole()["sequence"])

    def not_ready(self) -> str:
        """As `Rack.not_ready`, which is asked there for 1 s. Raises Unreachable where the service itself is away."""
        found = self._connection.ask("GET", "/health/ready").json()
        return str(_of_service(found, "reason")["reason"])

    def _whole(self) -> Any:
        return self._connection.get("/rack")

    # -- what was

    def counts(self) -> dict[AsyncJobStatus, int]:
        """As `Rack.counts`."""
        return {AsyncJobStatus(found["status"]): found["jobs"] for found in self._connection.get("/counts")["items"]}

    def history(self, serial: str) -> tuple[DriveHistory, ...]:
        """As `Rack.history`, with at most 100 jobs and 1,000 samples a drive."""
        try:
            found = self._connection.get(f"/drives/{quote(serial, safe='')}")
        except NotFound:
            return ()
        return tuple(map(decode.drive_history, found["items"]))

    def job_history(self, job_id: int) -> JobHistory:
        """As `Rack.job_history`, without the reports' own bytes."""
        return decode.job_history(self._connection.get(f"/jobs/{_check_job(job_id)}/history"))

    def raw_report(self, job_id: int, moment: str) -> bytes:
        """As `Rack.raw_report`."""
        if moment not in (BEFORE, AFTER):
            raise InvalidArgument(f"moment is {moment!r}; it takes {BEFORE} or {AFTER}")
        answer = self._connection.ask("GET", f"/jobs/{_check_job(job_id)}/report/{moment}")
        problem = answer.problem()
        if problem is not None and not isinstance(problem, NotFound):
            raise problem
        return b"" if problem else answer.body

    # -- this end

    def close(self) -> None:
        """Of this end: whoever waits here is told RackClosed, iterators of events end. The rack and its jobs go on."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _name(self, operation: Operation[..., Any] | str) -> str:
        name = operation.name if isinstance(operation, Operation) else operation
        if not isinstance(name, str) or name not in self._operations:
            raise UnknownOperation(
                f"no operation {name!r}", remedy=f"it is one of: {', '.join(sorted(self.operations))}"
            )
        return name

    def __getattr__(self, name: str) -> Any:
        """The pair of each operation of the service: `name()` and `name_result()`."""
        operations = self.__dict__.get("_operations", {})
        if name in operations:
            return lambda client_ref, slot_id, *, parent=None, **options: self._start(
                name, client_ref, slot_id, parent, options
            )
        asked = name.removesuffix("_result")
        if name != asked and asked in operations:
            return lambda job_id, timeout=None: self.result(asked, job_id, timeout)
        raise AttributeError(f"a rack has no {name!r}, and no operation of that name is declared")


def _check_job(job_id: int) -> int:
    if type(job_id) is not int or job_id not in _INT64:
        raise UnknownJob(f"no job {job_id!r} was ever opened here", remedy="list the jobs to see their ids")
    return job_id


def _of_service(found: Any, field: str = "simulated") -> Mapping[str, Any]:
    if not isinstance(found, dict) or field not in found:
        raise OrchestratorError("this is not an orchestrator's service", remedy="see whose address it is")
    return found


def _info(found: Mapping[str, Any]) -> OperationInfo:
    options = MappingProxyType(found["options"].get("properties", {}))
    return OperationInfo(found["name"], found["summary"], found["pausable"], options)
