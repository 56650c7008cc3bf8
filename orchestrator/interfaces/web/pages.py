"""The pages: each a template over what the facade says now. Live changes come to them by the event stream.

    /  /slots/{id}  /jobs  /jobs/{id}  /jobs/{id}/raw/{moment}  /drives/{serial}  /operations  /login

Nothing is changed here: a page's buttons call the REST API. Drives' words are hostile, so the environment escapes all.
"""

import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import fastapi
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from orchestrator.interfaces.web import faces, problems, tellings, wording
from orchestrator.interfaces.web.forms import form_of
from orchestrator.interfaces.web.schemas import INT64
from orchestrator.interfaces.web.security import LOCAL
from orchestrator.model.errors import InvalidArgument, NotFound, OrchestratorError, UnknownSlot
from orchestrator.model.history import DriveHistory, JobHistory
from orchestrator.model.job import AsyncJob, AsyncJobStatus, ListInfo, children_of
from orchestrator.model.slot import SlotInfo, SlotState

if TYPE_CHECKING:
    from orchestrator.rack import Rack

HERE = Path(__file__).parent
STATIC = HERE / "static"
PAGE_JOBS = 50
LOOKED_BACK = 5000
"""Jobs that are looked through for each slot's newest finding."""
DENSE_FROM = 97
"""Slots. So many cannot each show model and serial."""
TITLES = {401: "Sign in first", 403: "Not permitted", 404: "Nothing here", 422: "That makes no sense", 503: "Not now"}

_log = logging.getLogger(__name__)
Id = Annotated[int, fastapi.Path(ge=0, lt=INT64)]
WRONG = {
    "wrong_token": "This token is not known, or has ended.",
    "too_many_logins": "Too many wrong tokens came from this address. Wait a minute, then try again.",
}
"""What the service says of a login that failed (login.py), for people."""


@lru_cache(1)
def environment() -> Environment:
    """Escapes whatever the file's name ends with: select_autoescape would leave .svg and .j2 out."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "words": wording.words,
        "moment": wording.moment,
        "size": wording.size,
        "took": wording.took,
        "number": wording.number,
        "counter": wording.counter,
        "job_state": faces.job_state,
        "drive_path": drive_path,
    }
    return made


def drive_path(serial: str) -> str:
    return f"/drives/{quote(serial, safe='', errors='replace')}"


def show(request: Request, rack: "Rack", template: str, status: int = 200, **values: Any) -> Response:
    identity = getattr(request.state, "identity", None)
    scopes = frozenset(getattr(identity, "scopes", ()))
    theme = request.cookies.get("theme", "")
    html = (
        environment()
        .get_template(template)
        .render(
            here=request.url.path,
            now=datetime.now(UTC),
            theme=theme if theme in ("light", "dark") else "auto",
            csrf=getattr(identity, "csrf", ""),
            who=getattr(identity, "name", ""),
            signed_in=identity is not None,
            may_run="run" in scopes,
            may_release="admin" in scopes,
            may_run_code="admin" in scopes and identity is not LOCAL,
            simulated=rack.is_simulated,
            **values,
        )
    )
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def error_page(request: Request, rack: "Rack", status: int, text: str, remedy: str = "") -> Response:
    """What a browser is shown where a program gets problem+json."""
    title = TITLES.get(status) or HTTPStatus(status).phrase.capitalize()
    return show(request, rack, "error.html", status, code=status, title=title, text=text, remedy=remedy)


def _page_route(rack: "Rack") -> type[APIRoute]:
    """A route whose errors are pages."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            usual = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    return await usual(request)
                except OrchestratorError as exc:
                    return error_page(request, rack, problems.status_of(exc), exc.text, exc.remedy)
                except RequestValidationError:
                    return error_page(request, rack, 404, "The address names nothing here.", "look at the address")
                except HTTPException:
                    raise
                except Exception:
                    _log.exception("page %s", request.url.path)
                    return error_page(request, rack, 500, "This page could not be made.", "the log has the traceback")

            return handle

    return PageRoute


class Elsewhere(StringConvertor):
    """The rest of an address that is not of the API's, whose own errors stay problem+json."""

    regex = r"(?!api/|static/|metrics$).*"


class Serial(StringConvertor):
    """Whatever a drive may call itself, slashes and line breaks too."""

    regex = r"[\s\S]+"


register_url_convertor("elsewhere", Elsewhere())
register_url_convertor("serial", Serial())


def router(rack: "Rack") -> APIRouter:
    pages = APIRouter(route_class=_page_route(rack), include_in_schema=False, default_response_class=HTMLResponse)

    @pages.get("/")
    def show_rack(request: Request) -> Response:
        cells = _faces(rack)
        layout = rack.layout
        columns = layout.columns if layout is not None else faces.usual_columns(len(cells))
        return show(
            request, rack, "rack.html",
            rows=faces.rows(cells, columns), columns=columns, cells=len(cells), dense=len(cells) >= DENSE_FROM,
            states=faces.STATES, verdicts=faces.VERDICTS, counts=_counts(cells),
        )  # fmt: skip

    @pages.get("/slots/{slot_id}")
    def show_slot(request: Request, slot_id: Id) -> Response:
        slot = next((slot for slot in rack.slots() if slot.id == slot_id), None)
        if slot is None:
            raise UnknownSlot(f"no slot {slot_id} in this rack", remedy="open the rack to see its slots")
        job = rack.get_job_status(slot.job) if slot.job is not None else None
        recent = rack.get_jobs_list(ListInfo(slot_id=slot_id, limit=10, descending=True)).items
        last = faces.newest_findings([slot], _newest(rack, slot_id)).get(slot_id)
        queue = rack.get_jobs_list(ListInfo(slot_id=slot_id, status=AsyncJobStatus.INIT)).items
        return show(
            request, rack, "slot.html",
            face=faces.Face(slot, job, last), last=last, recent=recent,
            queue=[waiting for waiting in queue if waiting.parent_id is None],
            children=_children(rack, job), pausable=_pausable(rack, job), labels=_labels(rack),
            temperature=_temperature(rack, slot), free=job is None,
            forms=[form_of(operation, rack.recipes) for _, operation in sorted(rack.operations.items())],
            why_not=_why_not(slot),
        )  # fmt: skip

    @pages.get("/jobs")
    def show_jobs(
        request: Request,
        name_starts_with: str = "",
        status: str = "",
        slot_id: str = "",
        serial: str = "",
        client_ref: str = "",
        after_id: str = "",
    ) -> Response:
        asked = ListInfo(
            name_starts_with=name_starts_with,
            status=_status(status) if status else None,
            slot_id=_whole("slot_id", slot_id) if slot_id else None,
            serial=serial or None,
            client_ref=_whole("client_ref", client_ref) if client_ref else None,
            after_id=_whole("after_id", after_id) if after_id else None,
            limit=PAGE_JOBS + 1,
            descending=True,
        )
        found = rack.get_jobs_list(asked)
        shown = replace(found, items=found.items[:PAGE_JOBS])
        given = {name: value for name, value in request.query_params.items() if value and name != "after_id"}
        older = {**given, "after_id": str(shown.items[-1].id)} if len(found.items) > PAGE_JOBS else None
        return show(
            request, rack, "jobs.html",
            found=shown, asked=asked, filtered=bool(given), newest=asked.after_id is None,
            first_page=f"/jobs?{urlencode(given)}", older=f"/jobs?{urlencode(older)}" if older else "",
            operations=sorted(rack.operations), statuses=list(AsyncJobStatus), labels=_labels(rack),
        )  # fmt: skip

    @pages.get("/jobs/{job_id}")
    def show_job(request: Request, job_id: Id) -> Response:
        job = rack.get_job_status(job_id)
        history, no_history = _job_history(rack, job_id)
        return show(
            request, rack, "job.html",
            job=job, labels=_labels(rack), pausable=_pausable(rack, job), children=_children(rack, job),
            measured=tellings.measured(_answer(rack, job), job.name),
            timeline=tellings.timeline(job, history), no_history=no_history,
            options=tellings.options(history), deltas=history.deltas if history else (),
            kept=history.reports if history else (),
        )  # fmt: skip

    @pages.get("/jobs/{job_id}/raw/{moment}")
    def show_raw(request: Request, job_id: Id, moment: str) -> Response:
        raw = rack.raw_report(job_id, moment)
        if not raw:
            raise NotFound(f"job {job_id} has no output kept of the moment {moment!r}")
        text = raw.decode("utf-8", "replace")
        return show(request, rack, "raw.html", job=rack.get_job_status(job_id), moment=moment, text=text)

    @pages.get("/drives/{serial:serial}")
    def show_drive(request: Request, serial: str) -> Response:
        slot = next((slot for slot in rack.slots() if slot.drive is not None and slot.drive.serial == serial), None)
        known, no_history = _drive_history(rack, serial)
        history = known[0] if known else _live_history(rack, serial, slot)
        charts, steady = tellings.trends(history.samples)
        return show(
            request, rack, "drive.html",
            drive=history.drive, slot=slot, stays=history.stays, namesakes=len(known) - 1 if known else 0,
            jobs=history.jobs[:PAGE_JOBS], total=history.total_jobs, charts=charts, steady=steady,
            labels=_labels(rack), no_history=no_history,
        )  # fmt: skip

    @pages.get("/operations")
    def show_operations(request: Request) -> Response:
        told = [tellings.operation(operation) for _, operation in sorted(rack.operations.items())]
        return show(request, rack, "operations.html", operations=told)

    @pages.get("/login")
    def show_login(request: Request, next: str = "/", failed: str = "") -> Response:  # noqa: A002 -- its name there
        return show(request, rack, "login.html", next=next, wrong=WRONG.get(failed, ""))

    @pages.get("/{path:elsewhere}")
    def show_elsewhere(request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        raise NotFound("The address names no page.", remedy="start from the rack")

    return pages


def _newest(rack: "Rack", slot_id: int | None = None) -> tuple[AsyncJob, ...]:
    return rack.get_jobs_list(ListInfo(slot_id=slot_id, limit=LOOKED_BACK, descending=True)).items


def _faces(rack: "Rack") -> list[faces.Face]:
    slots = rack.slots()
    running = {slot.job: rack.get_job_status(slot.job) for slot in slots if slot.job is not None}
    return faces.faces(slots, running, faces.newest_findings(slots, _newest(rack)))


def _counts(cells: list[faces.Face]) -> Counter[str]:
    counts = Counter(f"state:{face.state}" for face in cells)
    counts.update(f"verdict:{face.verdict}" for face in cells)
    counts["state:trouble"] = sum(face.state in faces.TROUBLE for face in cells)
    return counts


def _labels(rack: "Rack") -> dict[int, str]:
    return {slot.id: slot.label for slot in rack.slots()}


def _pausable(rack: "Rack", job: AsyncJob | None) -> bool:
    operation = rack.operations.get(job.name) if job is not None else None
    return operation is not None and operation.pausable


def _children(rack: "Rack", job: AsyncJob | None) -> list[AsyncJob]:
    return list(children_of(job, rack.get_jobs_list)) if job is not None else []


def _why_not(slot: SlotInfo) -> str:
    if slot.state is SlotState.EMPTY:
        return "The slot is empty: plug a drive in."
    if slot.state in faces.TROUBLE:
        return "Nothing can be started here until the slot is well again."
    return ""


def _answer(rack: "Rack", job: AsyncJob) -> Any:
    return rack.result(job.name, job.id, 0) if job.status is AsyncJobStatus.COMPLETED else None


def _whole(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = INT64
    if not -INT64 <= number < INT64:
        raise InvalidArgument(f"{name} is {text!r}; it takes a whole number of 64 bits")
    return number


def _status(text: str) -> AsyncJobStatus:
    number = _whole("status", text)
    if number not in list(AsyncJobStatus):
        raise InvalidArgument(f"status is {number}; it takes one of {[status.value for status in AsyncJobStatus]}")
    return AsyncJobStatus(number)


def _job_history(rack: "Rack", job_id: int) -> tuple[JobHistory | None, str]:
    """And why there is none."""
    try:
        return rack.job_history(job_id), ""
    except InvalidArgument:
        return None, "This rack keeps no history: only the live record is shown."


def _drive_history(rack: "Rack", serial: str) -> tuple[tuple[DriveHistory, ...], str]:
    try:
        return rack.history(serial), ""
    except InvalidArgument:
        return (), "This rack keeps no history: only what happened since it was started is shown."


def _live_history(rack: "Rack", serial: str, slot: SlotInfo | None) -> DriveHistory:
    found = rack.get_jobs_list(ListInfo(serial=serial, limit=PAGE_JOBS, descending=True))
    drives = [slot.drive] if slot is not None else [job.drive for job in found]
    if not drives or drives[0] is None:
        raise NotFound(f"no drive with the serial {serial!r} was ever here", remedy="look at the label on the drive")
    return DriveHistory(drives[0], (), found.items, found.total, ())


def _temperature(rack: "Rack", slot: SlotInfo) -> "tellings.Temperature | None":
    known, _ = _drive_history(rack, slot.drive.serial) if slot.drive is not None else ((), "")
    return tellings.temperature(known[0].samples) if known else None
