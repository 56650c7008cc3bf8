"""A run's report in each of its forms, made when it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from orchestrator.interfaces.report.forms import FORMS, Format, file_name, write
from orchestrator.interfaces.report.gather import make_report
from orchestrator.interfaces.web import schemas
from orchestrator.interfaces.web.security import needs
from orchestrator.interfaces.web.tokens import Scope
from orchestrator.model import plain
from orchestrator.model.history import DriveHistory, JobHistory
from orchestrator.model.job import AsyncJob, AsyncJobStatus, ListInfo, ResultSet

if TYPE_CHECKING:
    from orchestrator.rack import Rack

PathId = Annotated[schemas.Int64, Path()]
DURABLE_S = 5.0
"""Between an end that is known and one that is durable, at most."""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Of the HTML: it runs nothing and needs nothing from anywhere."""


def add(router: APIRouter, rack: "Rack") -> None:
    types = {name: operation.answer_type for name, operation in rack.operations.items()}
    text: dict[str, Any] = {"schema": {"type": "string"}}
    content = {form.media_type.split(";")[0]: text for form in FORMS.values()}
    content["application/json"] = {"schema": {"type": "object", "description": "As docs/report.schema.json has it"}}
    answers: dict[int | str, dict[str, Any]]
    answers = {200: {"content": content, "description": "The same bytes each time"}}

    @router.get("/jobs/{job_id}/report", dependencies=[needs(Scope.READ)], responses=answers, tags=["jobs"])
    def get_report(job_id: PathId, form: Annotated[Format, Query(alias="format")] = "html") -> Response:
        """What an ended job came to, with all jobs that it opened: to read or print, or for programs."""
        written = write(make_report(RackRecords(rack), job_id, types), form)
        shown = "inline" if form == "html" else "attachment"
        headers = {"content-disposition": f'{shown}; filename="{file_name(job_id, form)}"'}
        if form == "html":
            headers["content-security-policy"] = POLICY
        return Response(written, media_type=FORMS[form].media_type, headers=headers)


@dataclass(frozen=True, slots=True)
class RackRecords:
    """A rack of this process as a report's source."""

    rack: "Rack"

    @property
    def simulated(self) -> bool:
        return self.rack.is_simulated

    @property
    def labels(self) -> Mapping[int, str]:
        return {slot.id: slot.label for slot in self.rack.slots()}

    def get_job_status(self, job_id: int) -> AsyncJob:
        """An ended one once its end is durable."""
        job = self.rack.get_job_status(job_id)
        return self.rack.wait([job_id], DURABLE_S)[0] if job.has_ended else job

    def get_jobs_list(self, info: ListInfo) -> ResultSet:
        return self.rack.get_jobs_list(info)

    def job_history(self, job_id: int) -> JobHistory:
        if self.rack.keeps_history:
            return self.rack.job_history(job_id)
        job = self.rack.get_job_status(job_id)
        done = job.status is AsyncJobStatus.COMPLETED
        return JobHistory(job, "", plain.dumps(self.rack.result(job.name, job_id, 0)) if done else "", (), ())

    def history(self, serial: str) -> tuple[DriveHistory, ...]:
        return self.rack.history(serial, jobs=1, samples=1)
