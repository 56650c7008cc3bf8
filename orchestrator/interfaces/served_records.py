"""A rack's records, asked of its service: the same questions as of a store, and open jobs as they are now."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from orchestrator.interfaces import outcome
from orchestrator.interfaces.reach import Named, find_service
from orchestrator.interfaces.records import KeptRecords, open_records
from orchestrator.model.errors import JobNotFinished, NotFound
from orchestrator.model.history import DriveHistory, JobHistory
from orchestrator.model.job import AsyncJob, ListInfo, ResultSet

if TYPE_CHECKING:
    from orchestrator.remote.rack import RemoteRack


def records_of(named: Named) -> "Records":
    """Of the service that is named; of the file's store; of the service on this host. Raises as those."""
    found = find_service(named) if named.config is None else None
    return ServedRecords(found) if found is not None else open_records(named.config)


@dataclass(frozen=True)
class ServedRecords:
    rack: "RemoteRack"
    live: ClassVar[bool] = True

    @property
    def simulated(self) -> bool:
        return self.rack.is_simulated

    def slot_text(self, slot_id: int) -> str:
        label = self.labels.get(slot_id, str(slot_id))
        return str(slot_id) if label == str(slot_id) else f"{slot_id} ({label})"

    @cached_property
    def labels(self) -> dict[int, str]:
        return {slot.id: slot.label for slot in self.rack.slots()}

    def get_jobs_list(self, info: ListInfo) -> ResultSet:
        return self.rack.get_jobs_list(info)

    def get_job_status(self, job_id: int) -> AsyncJob:
        return self.rack.get_job_status(job_id)

    def find_result(self, job_id: int) -> tuple[AsyncJob, Any]:
        """The job, and its answer as JSON knows it; None where it has none. Raises UnknownJob, JobNotFinished."""
        job = self.rack.get_job_status(job_id)
        if not job.has_ended:
            raise JobNotFinished(f"job {job_id} is {job.status.name}", remedy=f"`orchestrator wait {job_id}` waits")
        return job, None if job.error is not None else outcome.plain(self.rack.result(job.name, job_id, 0))

    def history(self, serial: str) -> tuple[DriveHistory, ...]:
        found = self.rack.history(serial)
        if not found:
            raise NotFound(
                f"no drive {serial!r} was ever here", remedy="`orchestrator jobs` shows the serials there are"
            )
        return found

    def job_history(self, job_id: int) -> JobHistory:
        return self.rack.job_history(job_id)

    def raw_report(self, job_id: int, moment: str) -> bytes:
        self.rack.get_job_status(job_id)
        raw = self.rack.raw_report(job_id, moment)
        if not raw:
            raise NotFound(f"no report of the moment {moment!r} is kept of job {job_id}")
        return raw

    def close(self) -> None:
        self.rack.close()


Records = KeptRecords | ServedRecords
