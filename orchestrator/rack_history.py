"""What a rack's history answers: read from its store, by whoever asks, on their own thread. No actor is asked."""

from collections import Counter

from orchestrator.actors.tables import Tables
from orchestrator.model.errors import InvalidArgument, UnknownJob
from orchestrator.model.history import AFTER, BEFORE, DriveHistory, JobHistory
from orchestrator.model.job import ENDED, AsyncJobStatus
from orchestrator.model.ports import Store


class RackHistory:
    """The part of `Rack` that looks back."""

    _tables: Tables

    def history(self, serial: str, *, jobs: int = 100, samples: int = 1000) -> tuple[DriveHistory, ...]:
        """Of every drive with this serial number: its stays, its newest jobs, and its counters over time.

        Args:
            jobs, samples: at most so many of each, the newest.
        Reads the store. InvalidArgument on a rack without one; empty for a drive that was never here.
        """
        return self._store.history(serial, jobs=jobs, samples=samples)

    def job_history(self, job_id: int) -> JobHistory:
        """Every change of the job's state, and what its drive said before and after it.

        Reads the store. InvalidArgument on a rack without one; UnknownJob.
        """
        found = self._store.job_history(job_id)
        if found is None:
            self._tables.get(job_id)
            raise UnknownJob(f"job {job_id} is not in the history yet", remedy="ask again")
        return found

    def raw_report(self, job_id: int, moment: str) -> bytes:
        """What smartctl printed at the job's first ("before") or last ("after") whole read; empty where none is kept.

        Reads the store. InvalidArgument on a rack without one, or for another moment.
        """
        if moment not in (BEFORE, AFTER):
            raise InvalidArgument(f"moment is {moment!r}; it takes {BEFORE} or {AFTER}")
        return self._store.raw_report(job_id, moment)

    def counts(self) -> dict[AsyncJobStatus, int]:
        """How many jobs there are of each status. From memory: some microseconds, and as many open jobs."""
        found = Counter(job.status for job in list(self._tables.jobs.values()))
        if self._tables.store is not None:
            found = Counter({status: n for status, n in found.items() if status not in ENDED})  # those are there
            for (_, _, status), n in self._tables.store.counts().items():
                found[status] += n
        return dict(found)

    @property
    def _store(self) -> Store:
        if self._tables.store is None:
            raise InvalidArgument(
                "this rack keeps no history", remedy="leave `store: none` out of its file, or name a path"
            )
        return self._tables.store

    @property
    def keeps_history(self) -> bool:
        return self._tables.store is not None

    @property
    def trouble(self) -> str:
        """Why the store cannot be written now, so that no job is accepted; "" while it can."""
        return self._tables.journal.outbox.trouble
