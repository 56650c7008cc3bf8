"""A rack's records, read from its store by a process that does not own it: also while the owner writes.

    open_records(FILE) ──▶ KeptRecords      the facade's names and errors, without a rack

Nothing is locked, made or changed. Open jobs are as they were last kept: their state, but not their progress.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from orchestrator.model.errors import InvalidArgument, JobNotFinished, NotFound, StoreUnusable, UnknownJob
from orchestrator.model.history import DriveHistory, JobHistory
from orchestrator.model.job import AsyncJob, ListInfo, ResultSet

if TYPE_CHECKING:
    from orchestrator.adapters.store.reading import History

BUSY_S = 5.0
"""Host seconds to wait for another program's lock; the owner never makes a reader wait."""


def open_records(config: Path | None) -> "KeptRecords":
    """Of the rack that this file describes; no rack is opened.

    Raises InvalidArgument where no file is named or it keeps no history, ConfigError, StoreUnusable with the way out.
    """
    if config is None:
        raise InvalidArgument("no rack was named", remedy="give its file (--config FILE)")
    from orchestrator.adapters.store.reading import History
    from orchestrator.settings.rack_file import load_rack_file
    from orchestrator.system.store import store_path

    described = load_rack_file(config)
    simulated = described.simulated is not None
    path = store_path(described, config)
    if path is None:
        asked = "say `store: FILE` in it" if simulated else "leave `store: none` out of it, or name a file there"
        raise InvalidArgument(f"the rack of {config} keeps no history", remedy=asked)
    if not path.exists():
        raise _missing(path, config)
    labels = {slot_id: slot.label or str(slot_id) for slot_id, slot in described.slots.items()}
    return KeptRecords(History(path, busy_s=BUSY_S), labels, simulated=simulated)


def _missing(path: Path, config: Path) -> StoreUnusable:
    from orchestrator.adapters.store.mark import Mark, beside

    mark = Mark(beside(path))
    if mark.value > 1:
        return StoreUnusable(
            f"{path} is gone, though jobs were kept in it", remedy=f"restore it, or remove {mark.path}"
        )
    begins = f"it begins when the rack is first run (orchestrator serve --config {config})"
    return StoreUnusable(f"there is no history at {path}", remedy=f"{begins}; `store` in that file names its place")


@dataclass(frozen=True, slots=True)
class KeptRecords:
    """Its questions raise StoreUnavailable while the store cannot be read."""

    live: ClassVar[bool] = False
    """Its open jobs are as they were last kept."""
    store: "History"
    labels: dict[int, str]
    """What the chassis says beside each slot, as the rack file has it now."""
    simulated: bool

    def slot_text(self, slot_id: int) -> str:
        """The id, with the label where that says more."""
        label = self.labels.get(slot_id, str(slot_id))
        return str(slot_id) if label == str(slot_id) else f"{slot_id} ({label})"

    def get_jobs_list(self, info: ListInfo) -> ResultSet:
        return self.store.select(info)

    def get_job_status(self, job_id: int) -> AsyncJob:
        """Raises UnknownJob, which says whether it was ever here."""
        return self.find_result(job_id, must_have_ended=False)[0]

    def find_result(self, job_id: int, *, must_have_ended: bool = True) -> tuple[AsyncJob, Any]:
        """The job, and its answer as JSON knows it; None where it has none. Raises UnknownJob, JobNotFinished."""
        kept = self.store.find(job_id)
        if kept is None:
            raise self._unknown(job_id)
        if must_have_ended and not kept.job.has_ended:
            raise JobNotFinished(f"job {job_id} is {kept.job.status.name} as last kept", remedy="ask when it has ended")
        return kept.job, json.loads(kept.answer) if kept.answer else None

    def history(self, serial: str) -> tuple[DriveHistory, ...]:
        """Of every drive with this serial number, at least one. Raises NotFound."""
        found = self.store.history(serial)
        if not found:
            raise NotFound(
                f"no drive {serial!r} was ever here", remedy="`orchestrator jobs` shows the serials there are"
            )
        return found

    def job_history(self, job_id: int) -> JobHistory:
        """Raises UnknownJob."""
        found = self.store.job_history(job_id)
        if found is None:
            raise self._unknown(job_id)
        return found

    def raw_report(self, job_id: int, moment: str) -> bytes:
        """What smartctl printed at the job's first ("before") or last ("after") whole read. Raises UnknownJob; NotFound
        where none is kept."""
        self.get_job_status(job_id)
        raw = self.store.raw_report(job_id, moment)
        if not raw:
            raise NotFound(f"no report of the moment {moment!r} is kept of job {job_id}")
        return raw

    def close(self) -> None:
        self.store.close()

    def _unknown(self, job_id: int) -> UnknownJob:
        if why := self.store.why_missing(job_id):
            return UnknownJob(why, remedy="`store` in the rack file says how long jobs are kept")
        return UnknownJob(f"no job {job_id} was ever here", remedy="`orchestrator jobs` lists their ids")
