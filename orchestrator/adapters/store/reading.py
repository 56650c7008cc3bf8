"""What can be asked of a store, from any thread: also of one that another process writes.

Each question is one read transaction on a connection of its own, opened read-only; a few are kept for the next ones.
The questions about many jobs need SQLAlchemy, which is imported with the first of them.
"""

import json
import sqlite3
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator.adapters.store import finding
from orchestrator.adapters.store.encoding import RECORD_COLUMNS, clean, drive_of, for_people, jobs_of, moment
from orchestrator.adapters.store.opening import check, connect
from orchestrator.adapters.store.troubles import UNREADABLE, unavailable, unusable
from orchestrator.model.drive import Drive
from orchestrator.model.errors import StoreUnusable
from orchestrator.model.history import DriveHistory, EndedJob, JobHistory, KeptReport, Row, Sample, Stay
from orchestrator.model.job import AsyncJob, AsyncJobStatus, EventKind, ListInfo, ResultSet

IDLE = 4
"""Connections that are kept open for the next question."""
DRIVES = 10_000
"""So many drives are remembered."""
_DRIVE_ID = RECORD_COLUMNS.index("drive_id")


class Readers:
    """Connections for reading: one a question at a time."""

    def __init__(self, path: Path, busy_s: float) -> None:
        self._path, self._busy_s = path, busy_s
        self._idle: deque[sqlite3.Connection] = deque()
        self._keep = IDLE

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction: everything that is read in it is of one moment. StoreUnavailable: it cannot be read."""
        connection = None
        try:
            connection = self._take()
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        except BaseException as exc:
            if connection is not None:
                connection.close()
            if isinstance(exc, (sqlite3.Error, *UNREADABLE)):
                raise unavailable(exc, self._path, "read") from exc
            raise
        self._idle.append(connection)
        if len(self._idle) > self._keep:
            self._drop()

    def close(self) -> None:
        """Keep none open any more; questions are answered all the same."""
        self._keep = 0
        self._drop()

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self._path, "ro", self._busy_s)

    def _drop(self) -> None:
        while len(self._idle) > self._keep:
            try:
                self._idle.pop().close()
            except IndexError:
                return


class History:
    """A store's reading half. Its questions raise StoreUnavailable while the store cannot be read."""

    def __init__(self, path: Path, *, busy_s: float = 5.0) -> None:
        """StoreUnusable where there is none, or none of this release."""
        self.path = path
        self._readers = Readers(path, busy_s)
        self._drives: dict[int, Drive] = {}
        if not path.exists():
            raise StoreUnusable(f"there is no history at {path}", remedy="see `store` in the rack file")
        try:
            connection = connect(path, "ro", busy_s)
            try:
                if not check(connection, path):
                    raise StoreUnusable(f"the history {path} is empty", remedy="start the rack that owns it")
            finally:
                connection.close()
        except (sqlite3.Error, *UNREADABLE) as exc:
            raise unusable(exc, path) from exc

    def find(self, job_id: int) -> EndedJob | None:
        with self._readers.reading() as connection:
            kept = finding.kept_job(connection, job_id)
        return None if kept is None else EndedJob(kept.job, kept.answer)

    def why_missing(self, job_id: int) -> str:
        with self._readers.reading() as connection:
            last = finding.greatest_id(connection)
        return f"job {job_id} is no longer kept" if 0 < job_id <= last else ""

    def select(self, info: ListInfo, live: Sequence[AsyncJob] | None = None) -> ResultSet:
        """`live` None: the open jobs as they are kept, of the same moment as the ended ones."""
        from orchestrator.adapters.store import listing

        with self._readers.reading() as connection:
            if live is None:
                live = [kept.job for kept in finding.open_jobs(connection)]
            return listing.select(connection, info, live, self._records)

    def counts(self) -> Mapping[tuple[str, int, AsyncJobStatus], int]:
        with self._readers.reading() as connection:
            rows = connection.execute("SELECT name, slot_id, status, count FROM tallies").fetchall()
        return {(name, slot_id, AsyncJobStatus(status)): count for name, slot_id, status, count in rows}

    def answers(self, name: str, model: str) -> tuple[tuple[str, str], ...]:
        from orchestrator.adapters.store import queries

        with self._readers.reading() as connection:
            return tuple(queries.ANSWERS.run(connection, name=clean(name), model=clean(model)).fetchall())

    def history(self, serial: str, *, jobs: int = 100, samples: int = 1000) -> tuple[DriveHistory, ...]:
        from orchestrator.adapters.store import queries

        found = []
        with self._readers.reading() as connection:
            for drive_id, *drive in queries.DRIVES_OF.run(connection, serial=clean(serial)).fetchall():
                rows = queries.JOBS_OF.run(connection, drive_id=drive_id, limit=jobs).fetchall()
                (total,) = queries.COUNT_OF.run(connection, drive_id=drive_id).fetchone()
                stays = tuple(
                    Stay(slot_id, label, moment(began), None if ended is None else moment(ended))
                    for slot_id, label, began, ended in queries.STAYS_OF.run(connection, drive_id=drive_id)
                )
                newest = queries.SAMPLES_OF.run(connection, drive_id=drive_id, limit=samples).fetchall()
                trend = tuple(
                    Sample(moment(time), job_id, when, _counters(text)) for time, job_id, when, text in reversed(newest)
                )
                records = tuple(self._records(connection, rows))
                found.append(DriveHistory(drive_of(*drive), stays, records, total, trend))
        return tuple(found)

    def job_history(self, job_id: int) -> JobHistory | None:
        from orchestrator.adapters.store import queries

        with self._readers.reading() as connection:
            kept = finding.kept_job(connection, job_id)
            if kept is None:
                return None
            rows = tuple(
                Row(number, moment(time), EventKind(kind), who, cause, for_people(json.loads(body)))
                for number, time, kind, who, cause, body in queries.CHANGES_OF.run(connection, job_id=job_id)
            )
            reports = tuple(
                KeptReport(when, moment(time), _counters(text))
                for when, time, text in queries.REPORTS_OF.run(connection, job_id=job_id)
            )
        return JobHistory(kept.job, kept.options, kept.answer, rows, reports)

    def raw_report(self, job_id: int, moment: str) -> bytes:
        from orchestrator.adapters.store import queries

        with self._readers.reading() as connection:
            row = queries.RAW_REPORT.run(connection, job_id=job_id, moment=moment).fetchone()
        return zlib.decompress(row[0]) if row and row[0] else b""

    def close(self) -> None:
        """Closes its files; what is asked later opens them for the moment."""
        self._readers.close()

    def _records(self, connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> list[AsyncJob]:
        """Rows of RECORD_COLUMNS as jobs. A drive's row never changes, so it is remembered."""
        drives = self._drives
        wanted = {row[_DRIVE_ID] for row in rows} - {None}
        if not wanted <= drives.keys():
            drives = finding.drives_by_id(connection, wanted)
            self._drives = self._drives | drives if len(self._drives) < DRIVES else drives
        return jobs_of(rows, drives)


def _counters(text: str) -> tuple[tuple[str, float], ...]:
    return tuple((name, float(value)) for name, value in json.loads(text).items())
