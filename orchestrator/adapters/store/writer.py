"""The one who writes: many changes in one transaction, all or none; and in small ones what is no longer to be kept.

    append ──▶ mark raised where an id needs it ──▶ BEGIN … COMMIT (durable) ──▶ memory

Speaks to SQLite's driver itself: SQLAlchemy costs 2.3 times as much in a burst (measured).
"""

import sqlite3
from contextlib import suppress
from pathlib import Path

from orchestrator.adapters.store import finding
from orchestrator.adapters.store.batch import Batch
from orchestrator.adapters.store.mark import Mark
from orchestrator.adapters.store.memory import Memory
from orchestrator.adapters.store.troubles import unavailable
from orchestrator.model.history import Change
from orchestrator.model.job import AsyncJob

META = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


class Writer:
    """Belongs to one thread at a time. Its errors are StoreUnavailable, and after one nothing has changed."""

    def __init__(self, connection: sqlite3.Connection, path: Path, mark: Mark) -> None:
        """sqlite3.Error: it cannot be read."""
        self._connection, self._path, self._mark = connection, path, mark
        self.memory = Memory(connection, mark.value)

    def append(self, changes: tuple[Change, ...]) -> None:
        new = tuple(change for change in changes if change.number > self.memory.number)
        if changes and not new:
            return
        top = max((job_id for change in new for job_id in _ids(change)), default=0)
        try:
            if top:
                self._mark.cover(top)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                batch = self._write(new)
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        except (sqlite3.Error, OSError) as exc:
            raise unavailable(exc, self._path) from exc
        self._remember(batch, new, top)

    def _write(self, new: tuple[Change, ...]) -> Batch:
        connection = self._connection
        batch = Batch(self.memory, new, lambda drive: finding.drive_id(connection, drive), self._find)
        for sql, rows in batch.statements():
            connection.executemany(sql, rows)
        if not new:
            connection.execute(META, ("number", str(self.memory.number)))  # only tries whether it could
        return batch

    def _find(self, job_id: int) -> AsyncJob | None:
        kept = finding.kept_job(self._connection, job_id)
        return None if kept is None else kept.job

    def _remember(self, batch: Batch, new: tuple[Change, ...], top: int) -> None:
        memory = self.memory
        memory.count(batch.tallies)
        memory.know(batch.drive_ids)
        memory.next_drive_id += len(batch.new_drives)
        for job in batch.jobs.values():
            if job.has_ended:
                memory.open.pop(job.id, None)
            else:
                memory.open[job.id] = job
        for slot_id, drive in batch.occupants.items():
            if drive is None:
                memory.occupants.pop(slot_id, None)
            else:
                memory.occupants[slot_id] = drive
        memory.next_id = max(memory.next_id, top + 1)
        if new:
            memory.sequence = max(memory.sequence, *(change.sequence for change in new))
            memory.number = new[-1].number

    def _roll_back(self) -> None:
        """SQLite has done so by itself after some errors."""
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _ids(change: Change) -> tuple[int, ...]:
    if change.job is not None:
        return (change.job.id,)
    return change.course.jobs if change.course is not None else ()
