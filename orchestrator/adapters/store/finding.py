"""Jobs and drives by their ids, in plain SQL: asked before SQLAlchemy is worth its import (a third of a second).

The SQL of this folder is written to be understood by other databases too.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from orchestrator.adapters.store.encoding import (
    DRIVE_COLUMNS,
    RECORD_COLUMNS,
    KeptJob,
    drive_of,
    drive_row,
    jobs_of,
    moment,
)
from orchestrator.model.drive import Drive
from orchestrator.model.job import AsyncJobStatus
from orchestrator.model.plan import SELF_TEST

_DRIVE = RECORD_COLUMNS.index("drive_id")
_TEXTS = ("options", "answer", "memo")
_COLUMNS = (
    *(f"jobs.{name}" for name in (*RECORD_COLUMNS, *_TEXTS)),
    *(f"drives.{name}" for name in DRIVE_COLUMNS),
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM jobs LEFT JOIN drives ON drives.id = jobs.drive_id "  # noqa: S608
_DRIVE_ID = f"SELECT id FROM drives WHERE {' AND '.join(f'{name} = ?' for name in DRIVE_COLUMNS)}"  # noqa: S608
_KNOWN = f"""
    SELECT (SELECT ended FROM jobs WHERE drive_id = drives.id AND name = ? AND status = ? ORDER BY id DESC LIMIT 1),
        {", ".join(DRIVE_COLUMNS)}
    FROM drives
"""  # noqa: S608
_GREATEST = 2**63 - 1
"""Of the whole numbers that a database takes."""


def kept_job(connection: sqlite3.Connection, job_id: int) -> KeptJob | None:
    if not isinstance(job_id, int) or abs(job_id) > _GREATEST:
        return None
    found = _kept_jobs(connection, "WHERE jobs.id = ?", (job_id,))
    return found[0] if found else None


def open_jobs(connection: sqlite3.Connection) -> list[KeptJob]:
    """By id."""
    return _kept_jobs(connection, "WHERE jobs.has_ended = 0 ORDER BY jobs.id")


def all_jobs(connection: sqlite3.Connection) -> list[KeptJob]:
    """The whole table, by id."""
    return _kept_jobs(connection, "ORDER BY jobs.id")


def _kept_jobs(connection: sqlite3.Connection, which: str, values: tuple[Any, ...] = ()) -> list[KeptJob]:
    width, texts = len(RECORD_COLUMNS), len(RECORD_COLUMNS) + len(_TEXTS)
    rows = connection.execute(_SELECT + which, values).fetchall()
    drives = {row[_DRIVE]: drive_of(*row[texts:]) for row in rows if row[_DRIVE] is not None}
    return [KeptJob(job, *row[width:texts]) for job, row in zip(jobs_of(rows, drives), rows, strict=True)]


def greatest_id(connection: sqlite3.Connection) -> int:
    """Of all jobs that were ever kept, also of those that were removed."""
    sql = "SELECT max(id) FROM jobs UNION ALL SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'job_id'"
    return max(found or 0 for (found,) in connection.execute(sql))


def drive_id(connection: sqlite3.Connection, drive: Drive) -> int | None:
    row = connection.execute(_DRIVE_ID, drive_row(drive)).fetchone()
    return None if row is None else int(row[0])


def drives_by_id(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Drive]:
    columns, among = ", ".join(DRIVE_COLUMNS), ", ".join(str(int(each)) for each in ids)
    rows = connection.execute(f"SELECT id, {columns} FROM drives WHERE id IN ({among})")  # noqa: S608
    return {known: drive_of(*drive) for known, *drive in rows}


def known_drives(connection: sqlite3.Connection) -> tuple[tuple[Drive, datetime | None], ...]:
    """Every drive there is, and when its newest COMPLETED self-test ended. One look at an index for each."""
    rows = connection.execute(_KNOWN, (SELF_TEST, int(AsyncJobStatus.COMPLETED))).fetchall()
    return tuple((drive_of(*drive), None if tested is None else moment(tested)) for tested, *drive in rows)
