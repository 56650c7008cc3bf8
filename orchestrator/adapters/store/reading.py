"""What can be asked of a store, from any thread: also of one that another process writes.

Each question is one read transaction on a connection of its own, opened read-only; a few are kept for the next ones.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.adapters.store import finding
from orchestrator.adapters.store.opening import check, connect
from orchestrator.adapters.store.troubles import unavailable, unusable
from orchestrator.model.errors import StoreUnusable
from orchestrator.model.history import EndedJob

IDLE = 4
"""Connections that are kept open for the next question."""


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
            connection = self._idle.pop() if self._idle else connect(self._path, "ro", self._busy_s)
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as exc:
            if connection is not None:
                connection.close()
            raise unavailable(exc, self._path, "read") from exc
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        if len(self._idle) < self._keep:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Keep none open any more; questions are answered all the same."""
        self._keep = 0
        while self._idle:
            self._idle.pop().close()


class History:
    """The store's reading half. Raises StoreUnusable where there is none, or none of this release."""

    def __init__(self, path: Path, *, busy_s: float = 5.0) -> None:
        self._path = path
        self._readers = Readers(path, busy_s)
        if not path.exists():
            raise StoreUnusable(f"there is no history at {path}", remedy="see `store` in the rack file")
        try:
            connection = connect(path, "ro", busy_s)
            try:
                if not check(connection, path):
                    raise StoreUnusable(f"the history {path} is empty", remedy="start the rack that owns it")
            finally:
                connection.close()
        except sqlite3.Error as exc:
            raise unusable(exc, path) from exc

    def find(self, job_id: int) -> EndedJob | None:
        with self._readers.reading() as connection:
            kept = finding.kept_job(connection, job_id)
        return None if kept is None else EndedJob(kept.job, kept.answer)

    def close(self) -> None:
        self._readers.close()
