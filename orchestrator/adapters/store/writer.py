"""The one who writes: many changes in one transaction, all or none; and in small ones what is no longer to be kept.

    append ──▶ mark raised where an id needs it ──▶ BEGIN … COMMIT (durable) ──▶ memory

Speaks to SQLite's driver itself: SQLAlchemy costs 2.3 times as much in a burst (measured).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.adapters.store import finding, pruning
from orchestrator.adapters.store.batch import Batch
from orchestrator.adapters.store.encoding import micros
from orchestrator.adapters.store.mark import Mark
from orchestrator.adapters.store.memory import Memory
from orchestrator.adapters.store.troubles import UNREADABLE, unavailable
from orchestrator.model.history import Change
from orchestrator.model.job import AsyncJob


class Writer:
    """Belongs to one thread at a time. Its errors are StoreUnavailable, and after one nothing has changed."""

    def __init__(self, connection: sqlite3.Connection, path: Path, mark: Mark) -> None:
        """sqlite3.Error: it cannot be read."""
        self._connection, self._path, self._mark = connection, path, mark
        self._first_mark = mark.value
        self._in_doubt = False
        """Whether the last transaction failed: even a failed COMMIT may have been one, so the memory is read again."""
        self.memory = Memory(connection, mark.value)

    def append(self, changes: tuple[Change, ...]) -> None:
        self._settle()
        new = tuple({change.number: change for change in changes if change.number > self.memory.number}.values())
        if changes and not new:
            return
        top = max((job_id for change in new for job_id in _ids(change)), default=0)
        with self._transaction() as connection:
            if top:
                self._mark.cover(top)
            batch = Batch(self.memory, new, lambda drive: finding.drive_id(connection, drive), self._find)
            for sql, rows in batch.statements():
                connection.executemany(sql, rows)
            if not new:
                pruning.remember_numbers(connection, self.memory)  # only tries whether it could
        self._remember(batch, new, top)

    def prune(self, now: datetime, keep_days: float | None, keep_jobs: int | None) -> int:
        """How many jobs went. Ended `keep_days` before now, or more than the newest `keep_jobs`; None = no bound."""
        self._settle()
        before = -1 if keep_days is None else micros(now - timedelta(days=keep_days))
        removed, went = 0, -1
        while went:
            with self._transaction() as connection:
                less = pruning.remove_jobs(connection, self.memory, before, keep_jobs)
            self.memory.count(less)
            went = -sum(less.values())
            removed += went
        more = keep_days is not None
        while more:
            with self._transaction() as connection:
                more = pruning.remove_news(connection, self.memory, before)
        return removed

    def _settle(self) -> None:
        if not self._in_doubt:
            return
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self.memory = Memory(self._connection, self._first_mark)
        except (sqlite3.Error, *UNREADABLE) as exc:
            raise unavailable(exc, self._path, "read") from exc
        self._in_doubt = False

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or none of what is written in it, durable when it ends."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except BaseException as exc:
            self._in_doubt = True
            with suppress(sqlite3.Error):
                if connection.in_transaction:  # SQLite has ended it by itself after some errors
                    connection.execute("ROLLBACK")
            if isinstance(exc, sqlite3.Error | OSError):
                raise unavailable(exc, self._path) from exc
            raise

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
        memory.last_id = max(memory.last_id, top)
        memory.sequence = max(memory.sequence, *(change.sequence for change in new), 0)
        memory.number = max(memory.number, *(change.number for change in new), 0)


def _ids(change: Change) -> tuple[int, ...]:
    if change.job is not None:
        return (change.job.id,)
    return change.course.jobs if change.course is not None else ()
