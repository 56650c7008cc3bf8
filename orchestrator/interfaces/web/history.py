"""What was: a drive over its slots, a job change by change, and the raw words of its drive. Reads the store."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path
from starlette.responses import Response

from orchestrator.interfaces.web import encode, schemas
from orchestrator.interfaces.web.reply import JsonReply
from orchestrator.interfaces.web.security import needs
from orchestrator.interfaces.web.tokens import Scope
from orchestrator.model.errors import NotFound
from orchestrator.model.history import DriveHistory, JobHistory

if TYPE_CHECKING:
    from orchestrator.rack import Rack

READ = [needs(Scope.READ)]
PathId = Annotated[schemas.Int64, Path()]


def add(router: APIRouter, rack: "Rack") -> None:
    @router.get("/drives/{serial}", dependencies=READ, responses={200: {"model": schemas.Drives}}, tags=["history"])
    def drive_history(serial: Annotated[str, Path(max_length=200)]) -> Response:
        """Every drive of this serial number that was here: its stays, newest jobs, and counters over time."""
        found = rack.history(serial)
        if not found:
            raise NotFound(f"no drive {serial!r} was ever here", remedy="the slots and jobs name the serials there are")
        return JsonReply({"total": len(found), "items": [_drive(drive) for drive in found]})

    @router.get(
        "/jobs/{job_id}/history", dependencies=READ, responses={200: {"model": schemas.JobPast}}, tags=["history"]
    )
    def job_history(job_id: PathId) -> Response:
        """Every change of the job's state, and its drive's counters before and after it."""
        return JsonReply(_job(rack.job_history(job_id)))

    text: dict[int | str, dict[str, Any]]
    text = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "As smartctl printed it"}}

    @router.get(
        "/jobs/{job_id}/report/{moment}",
        dependencies=READ,
        status_code=200,
        response_class=Response,
        responses=text,
        tags=["history"],
    )
    def raw_report(job_id: PathId, moment: Literal["before", "after"]) -> Response:
        """What smartctl printed at the job's first or last whole read; to be saved, never to be shown as a page."""
        rack.get_job_status(job_id)
        if not (raw := rack.raw_report(job_id, moment)):
            raise NotFound(f"no report of the moment {moment!r} is kept of job {job_id}")
        name = f'attachment; filename="job-{job_id}-{moment}.txt"'
        return Response(raw, media_type="text/plain", headers={"content-disposition": name})


def _drive(found: DriveHistory) -> encode.Json:
    return {
        "drive": encode.drive(found.drive),
        "stays": encode.plain(found.stays),
        "total_jobs": found.total_jobs,
        "jobs": [encode.job(job) for job in found.jobs],
        "samples": [encode.plain(sample) | {"values": dict(sample.values)} for sample in found.samples],
    }


def _job(found: JobHistory) -> encode.Json:
    """Options and answer stay the JSON texts that the store has, each as one string."""
    return {
        "job": encode.job(found.job),
        "options": found.options,
        "answer": found.answer,
        "rows": [encode.plain(row) | {"changes": dict(encode.plain(row.changes))} for row in found.rows],
        "reports": [
            {"moment": report.moment, "time": encode.moment(report.time), "values": dict(report.values)}
            for report in found.reports
        ],
        "deltas": [{"name": name, "before": before, "after": after} for name, before, after in found.deltas],
    }
