"""The store in a file: one SQLite database, a mark beside it, one who writes and many who read.

FILE           the database; FILE-wal and FILE-shm while it is open
FILE.ids       the high-water mark of job ids
FILE.before-R  a copy, made before it was brought to revision R
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from orchestrator.adapters.owner import Owner
from orchestrator.adapters.store.opening import Connect, open_database
from orchestrator.adapters.store.reading import History
from orchestrator.adapters.store.troubles import UNREADABLE, unusable
from orchestrator.adapters.store.writer import Writer
from orchestrator.model.errors import Refused, StoreUnusable
from orchestrator.model.history import Change, Unfinished
from orchestrator.model.job import AsyncJobStatus


class SqliteStore(History):
    """`Store`. Opening raises StoreUnusable, with the way out."""

    def __init__(
        self,
        path: Path,
        *,
        keep_days: float | None = None,
        keep_jobs: int | None = None,
        synchronous: str = "FULL",
        busy_s: float = 5.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        open_file: Connect = sqlite3.connect,
    ) -> None:
        """Blocks for some milliseconds; for up to `busy_s` (host seconds) while another program has it locked.

        Args:
            keep_days, keep_jobs: ended jobs beyond these are removed by `prune`; None = no bound.
            synchronous: FULL, or NORMAL to show what a power cut then loses.
            now: what `prune` counts the days from.
            open_file: as sqlite3.connect.
        """
        try:
            self._owner = Owner(path)
        except Refused as exc:
            remedy = "end that process first, or give each rack a store of its own"
            raise StoreUnusable(f"the history {exc}", remedy=remedy) from exc
        with ExitStack() as on_trouble:
            on_trouble.callback(self._owner.release)
            self._connection, self._mark = open_database(
                path, busy_s=busy_s, synchronous=synchronous, open_file=open_file
            )
            on_trouble.callback(self._connection.close)
            try:
                self._writer = Writer(self._connection, path, self._mark)
            except (sqlite3.Error, *UNREADABLE) as exc:
                raise unusable(exc, path) from exc
            super().__init__(path, busy_s=busy_s)
            on_trouble.pop_all()
        self._keep_days, self._keep_jobs, self._now = keep_days, keep_jobs, now

    @staticmethod
    def reader(path: Path, *, busy_s: float = 5.0) -> History:
        """For a store that another process may own: what can be asked, and nothing else. StoreUnusable: none there."""
        return History(path, busy_s=busy_s)

    def unfinished(self) -> Unfinished:
        return self._writer.memory.unfinished()

    def append(self, changes: tuple[Change, ...]) -> None:
        self._writer.append(changes)

    def last_number(self) -> int:
        return self._writer.memory.number

    def prune(self) -> int:
        return self._writer.prune(self._now(), self._keep_days, self._keep_jobs)

    def counts(self) -> Mapping[tuple[str, int, AsyncJobStatus], int]:
        return MappingProxyType(self._writer.memory.tallies)

    def why_missing(self, job_id: int) -> str:
        if not 0 < job_id < self._writer.memory.next_id:
            return ""
        kept = [f"{self._keep_days:g} days"] if self._keep_days is not None else []
        kept += [f"{self._keep_jobs} jobs"] if self._keep_jobs is not None else []
        return f"job {job_id} is no longer kept" + (f": the store keeps {', '.join(kept)}" if kept else "")

    def close(self) -> None:
        """Ends the writing; what can be asked is still answered. May be called twice."""
        if not self._owner.release.alive:
            return
        super().close()
        with suppress(OSError):  # then the next ids begin a little higher
            self._mark.set(self._writer.memory.next_id)
        self._connection.close()
        self._owner.release()
