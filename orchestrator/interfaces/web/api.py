"""REST under /api/v1: the facade's calls, one route each. Field names are the contract's.

A route that may read the store, or wait for a commit, is a plain function and runs in a thread; the others answer
from memory in the event loop.
"""

import importlib.metadata
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from orchestrator.interfaces.web import encode, history, recipes, reports, schemas, starts, whole
from orchestrator.interfaces.web.events import EventStream, Feed
from orchestrator.interfaces.web.idempotency import Keys
from orchestrator.interfaces.web.problems import JOB_FAILED, of_error
from orchestrator.interfaces.web.reply import JsonReply
from orchestrator.interfaces.web.security import needs
from orchestrator.interfaces.web.tokens import Scope
from orchestrator.model.errors import JobNotFinished, OrchestratorError, UnknownSlot
from orchestrator.model.job import ORDERS, AsyncJob, AsyncJobStatus, ListInfo, ResultSet
from orchestrator.model.slot import SlotInfo

if TYPE_CHECKING:
    from orchestrator.rack import Rack

MOST_ITEMS = 1_000
"""Of one page of jobs; also what a limit of -1 gives at once, with the way to the rest."""
LONGEST_WAIT_S = 60.0
DURABLE_S = 5.0
"""Between an end that is known and one that is durable, at most."""
READ, RUN, ADMIN = [needs(Scope.READ)], [needs(Scope.RUN)], [needs(Scope.ADMIN)]
PathId = Annotated[schemas.Int64, Path()]


class Wanted(BaseModel):
    """ListInfo as a query."""

    model_config = ConfigDict(extra="forbid")

    offset: int = Field(0, ge=0, lt=schemas.INT64)
    limit: int = Field(100, ge=-1, le=MOST_ITEMS, description="-1 = as many as one page takes")
    name_starts_with: str = Field("", max_length=200)
    status: AsyncJobStatus | None = None
    client_ref: schemas.Int64 | None = None
    slot_id: schemas.Int64 | None = None
    serial: str | None = Field(None, max_length=200)
    order_by: Literal[ORDERS] = "id"  # type: ignore[valid-type]
    descending: bool = False
    after_id: schemas.Int64 | None = Field(None, description="the page behind this job; goes with the order by id")


def router(rack: "Rack", feed: Feed) -> APIRouter:
    found = APIRouter(
        prefix="/api/v1", default_response_class=JsonReply, generate_unique_id_function=lambda route: route.name
    )
    keys = Keys()
    names = tuple(sorted(rack.recipes))
    for operation in rack.operations.values():
        starts.add(found, rack, operation, keys, names)
    starts.add_unknown(found, rack)
    _jobs(found, rack, feed)
    history.add(found, rack)
    reports.add(found, rack)
    recipes.add(found, rack)
    whole.add(found, rack)
    _slots(found, rack)
    _service(found, rack, feed)
    return found


def _jobs(router: APIRouter, rack: "Rack", feed: Feed) -> None:
    @router.get("/jobs", dependencies=READ, responses=_ok(schemas.Jobs), tags=["jobs"])
    def get_jobs_list(wanted: Annotated[Wanted, Query()]) -> Response:
        """The jobs that match all given criteria, a page at a time; the Link header has the next one."""
        limit = MOST_ITEMS if wanted.limit == -1 else wanted.limit
        asked = wanted.model_dump() | {"limit": limit + 1 if limit else 0}
        page = rack.get_jobs_list(ListInfo(**asked))
        items = page.items[:limit]
        more = len(page.items) > limit
        body = _page(page, items, limit) | {"next": items[-1].id if more and wanted.order_by == "id" else None}
        return JsonReply(body, headers=_link(wanted, items, limit) if more else None)

    @router.get("/jobs/{job_id}", dependencies=READ, responses=_ok(schemas.Job), tags=["jobs"])
    def get_job_status(job_id: PathId) -> Response:
        """The job as it is now."""
        return JsonReply(encode.job(rack.get_job_status(job_id)))

    result = schemas.result_of(rack.operations.values())

    @router.get("/jobs/{job_id}/result", dependencies=READ, responses=_ok(result), tags=["jobs"])
    async def get_result(
        request: Request, job_id: PathId, wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0.0
    ) -> Response:
        """The answer, 409 while the job runs, or 424 with its error. Waits for the end so many seconds at most."""
        job = await run_in_threadpool(rack.get_job_status, job_id)
        if not job.has_ended and wait:
            await feed.wait_for_end(job_id, wait)
        return await run_in_threadpool(_result, rack, job_id, request.url.path)

    @router.post("/jobs/{job_id}/pause", dependencies=RUN, responses=_ok(schemas.Job), tags=["jobs"])
    def pause_job(job_id: PathId) -> Response:
        """Ask it to stand still at its next checkpoint; the job as it is now."""
        return JsonReply(encode.job(rack.pause_job(job_id)))

    @router.post("/jobs/{job_id}/resume", dependencies=RUN, responses=_ok(schemas.Job), tags=["jobs"])
    def resume_job(job_id: PathId) -> Response:
        """Let it go on; the job as it is now."""
        return JsonReply(encode.job(rack.resume_job(job_id)))

    @router.post("/jobs/{job_id}/cancel", dependencies=RUN, responses=_ok(schemas.Job), tags=["jobs"])
    def cancel_job(job_id: PathId) -> Response:
        """Ask for its end, which comes within 10 s; the job as it is now."""
        return JsonReply(encode.job(rack.cancel_job(job_id)))


def _slots(router: APIRouter, rack: "Rack") -> None:
    kept: tuple[int, bytes] = (-1, b"")

    @router.get("/slots", dependencies=READ, responses=_ok(schemas.Slots), tags=["slots"])
    async def slots() -> Response:
        """Every slot as it is now, by id. Encoded once between two changes of the rack."""
        nonlocal kept
        sequence = rack.sequence  # before the slots: what changes in between is encoded again
        if kept[0] != sequence:
            items = [encode.slot(slot) for slot in rack.slots()]
            kept = (
                sequence,
                encode.to_bytes({"total": len(items), "simulated": rack.is_simulated, "items": items}),
            )
        return JsonReply(kept[1])

    @router.get("/slots/{slot_id}", dependencies=READ, responses=_ok(schemas.Slot), tags=["slots"])
    async def slot(slot_id: PathId) -> Response:
        """One slot as it is now."""
        return JsonReply(encode.slot(_slot(rack, slot_id)))

    @router.post("/slots/{slot_id}/release", dependencies=ADMIN, responses=_ok(schemas.Slot), tags=["slots"])
    def release_slot(slot_id: PathId) -> Response:
        """Give a quarantined slot another try; changes no other slot."""
        return JsonReply(encode.slot(rack.release_slot(slot_id)))


def _service(router: APIRouter, rack: "Rack", feed: Feed) -> None:
    names = tuple(sorted(rack.recipes))
    operations = {"items": [encode.operation(operation, names) for operation in rack.operations.values()]}

    @router.get("/operations", dependencies=READ, responses=_ok(schemas.Operations), tags=["operations"])
    async def list_operations() -> Response:
        """What can be done to a drive, with the JSON Schema of each one's options."""
        return JsonReply(operations)

    stream: dict[int | str, dict[str, Any]]
    stream = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Endless"}}

    @router.get(
        "/events", dependencies=READ, responses=stream, status_code=200, response_class=EventStream, tags=["events"]
    )
    async def events(last_event_id: Annotated[str, Header(max_length=100)] = "") -> Response:
        """Server-sent events: a snapshot, then what changed, at most every 100 ms. Ends with the rack."""
        return EventStream(feed, last_event_id)

    @router.get("/version", dependencies=READ, responses=_ok(schemas.Version), tags=["service"])
    async def version() -> Response:
        """Which release of this program answers."""
        return JsonReply(
            {"version": importlib.metadata.version("drive-test-orchestrator"), "simulated": rack.is_simulated}
        )

    @router.get("/health/live", dependencies=[needs(None)], responses=_ok(schemas.Health), tags=["service"])
    async def live() -> Response:
        """This process answers."""
        return JsonReply({"status": "ok", "reason": ""})

    not_ready: dict[int | str, dict[str, Any]] = {503: {"model": schemas.Health, "description": "Not ready"}}

    @router.get(
        "/health/ready", dependencies=[needs(None)], responses=_ok(schemas.Health) | not_ready, tags=["service"]
    )
    def ready() -> Response:
        """The rack can take work: the first look at the slots has ended, and the directory answers."""
        reason = rack.not_ready(timeout=1.0)
        return JsonReply({"status": "not_ready" if reason else "ok", "reason": reason}, 503 if reason else 200)


def _ok(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model}}


def _result(rack: "Rack", job_id: int, path: str) -> Response:
    """In a thread: an end may be known a moment before it is durable."""
    job = rack.get_job_status(job_id)
    try:
        answer = rack.result(job.name, job_id, timeout=DURABLE_S if job.has_ended else 0)
    except OrchestratorError as exc:
        job = rack.get_job_status(job_id)
        failed = job.status is AsyncJobStatus.FAILED and not isinstance(exc, JobNotFinished)
        return of_error(exc, path, JOB_FAILED if failed else None)
    return JsonReply({"answer": encode.plain(answer), "job": encode.job(rack.get_job_status(job_id))})


def _slot(rack: "Rack", slot_id: int) -> SlotInfo:
    for slot in rack.slots():
        if slot.id == slot_id:
            return slot
    raise UnknownSlot(f"no slot {slot_id} in this rack", remedy="list the slots to see their ids")


def _page(page: ResultSet, items: tuple[AsyncJob, ...], limit: int) -> dict[str, Any]:
    return {
        "total": page.total,
        "offset": page.offset,
        "limit": limit,
        "items": [encode.job(job) for job in items],
    }


def _link(wanted: Wanted, items: tuple[AsyncJob, ...], limit: int) -> dict[str, str]:
    asked = wanted.model_dump(mode="json", exclude_defaults=True)
    if wanted.order_by == "id":
        asked |= {"after_id": items[-1].id}
        asked.pop("offset", None)
    else:
        asked |= {"offset": wanted.offset + limit}
    return {"link": f'</api/v1/jobs?{urlencode(asked)}>; rel="next"'}
