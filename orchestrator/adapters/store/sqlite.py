"""The store in a file: one SQLite database, a mark beside it, one who writes and many who read.

FILE           the database; FILE-wal and FILE-shm while it is open
FILE.ids       the high-water mark of job ids
FILE.before-R  a copy, made before it was brought to revision R
"""

import sqlite3
from contextlib import suppress
from pathlib import Path

from orchestrator.adapters.owner import Owner
from orchestrator.adapters.store.mark import Mark
from orchestrator.adapters.store.opening import Connect, open_database
from orchestrator.adapters.store.reading import History
from orchestrator.adapters.store.troubles import unusable
from orchestrator.adapters.store.writer import Writer
from orchestrator.model.errors import Refused, StoreUnusable
from orchestrator.model.history import Change, Unfinished


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
        open_file: Connect = sqlite3.connect,
    ) -> None:
        """Blocks for some milliseconds; for up to `busy_s` (host seconds) while another program has it locked.

        Args:
            keep_days, keep_jobs: ended jobs beyond these are removed by `prune`; None = no bound.
            synchronous: FULL, or NORMAL to show what a power cut then loses.
            open_file: as sqlite3.connect.
        """
        try:
            self._owner = Owner(path)
        except Refused as exc:
            remedy = "end that process first, or give each rack a store of its own"
            raise StoreUnusable(f"the history {exc}", remedy=remedy) from exc
        try:
            self._mark = Mark(path.with_name(f"{path.name}.ids"))
            self._connection = open_database(
                path, self._mark, busy_s=busy_s, synchronous=synchronous, open_file=open_file
            )
            try:
                self._writer = Writer(self._connection, path, self._mark)
                super().__init__(path, busy_s=busy_s)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as exc:
            self._owner.release()
            raise unusable(exc, path) from exc
        except BaseException:
            self._owner.release()
            raise
        self._keep_days, self._keep_jobs = keep_days, keep_jobs

    def unfinished(self) -> Unfinished:
        return self._writer.memory.unfinished()

    def append(self, changes: tuple[Change, ...]) -> None:
        self._writer.append(changes)

    def last_number(self) -> int:
        return self._writer.memory.number

    def close(self) -> None:
        """Ends the writing; what can be asked is still answered."""
        super().close()
        with suppress(OSError):  # then the next ids begin a little higher
            self._mark.set(self._writer.memory.next_id)
        self._connection.close()
        self._owner.release()
