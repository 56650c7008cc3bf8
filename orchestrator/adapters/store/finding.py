"""Jobs and drives by their ids, in plain SQL: asked before SQLAlchemy is worth its import (a third of a second).

The SQL of this folder is written to be understood by other databases too.
"""

import sqlite3
from typing import Any

from orchestrator.adapters.store.encoding import DRIVE_COLUMNS, RECORD_COLUMNS, KeptJob, drive_of, drive_row, job_of
from orchestrator.model.drive import Drive

_TEXTS = ("options", "answer", "memo")
_COLUMNS = (
    *(f"jobs.{name}" for name in (*RECORD_COLUMNS, *_TEXTS)),
    *(f"drives.{name}" for name in DRIVE_COLUMNS),
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM jobs LEFT JOIN drives ON drives.id = jobs.drive_id "  # noqa: S608
_DRIVE_ID = f"SELECT id FROM drives WHERE {' AND '.join(f'{name} = ?' for name in DRIVE_COLUMNS)}"  # noqa: S608
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
    return [
        KeptJob(job_of(row, drive_of(*row[texts:]) if row[texts] is not None else None), *row[width:texts])
        for row in connection.execute(_SELECT + which, values)
    ]


def drive_id(connection: sqlite3.Connection, drive: Drive) -> int | None:
    row = connection.execute(_DRIVE_ID, drive_row(drive)).fetchone()
    return None if row is None else int(row[0])
