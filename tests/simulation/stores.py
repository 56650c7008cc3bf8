"""The real store in a world: the same SQLite file, written in virtual time by a disk that may be slow or full."""

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.errors import StoreUnavailable
from orchestrator.model.history import Change
from orchestrator.model.job import PAUSED_BY_USER, AsyncJobStatus, OpenedBy
from orchestrator.simulated.world import World


class WorldStore:
    """`Store` over SqliteStore. Where it sleeps the process may die: before the commit, or after it, unacknowledged."""

    def __init__(self, world: World, path: Path, *, fails: Callable[[], bool] = lambda: False, commit_s: float) -> None:
        self._world, self._fails, self._commit_s = world, fails, commit_s
        self.path = path
        self.inner = SqliteStore(path, synchronous="OFF")
        self.durable = {left.job.id for left in self.inner.unfinished().jobs}
        """The jobs that have a row, of those that were open here."""

    def append(self, changes: tuple[Change, ...]) -> None:
        self._world.sleep(self._commit_s * self._world.rng.random())
        if self._fails():
            raise StoreUnavailable("the disk is full, says the world", remedy="make room")
        self.inner.append(changes)
        self.durable.update(change.job.id for change in changes if change.job is not None)
        self._world.sleep(self._commit_s * self._world.rng.random())

    def prune(self) -> int:
        return 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def die(store: WorldStore) -> None:
    """As the store is left by a process that is killed: nothing is put in order."""
    inner = store.inner
    with contextlib.suppress(sqlite3.Error):
        inner._connection.close()
    inner._owner.release()
    inner._readers.close()


def replayed(path: Path) -> dict[int, dict[str, Any]]:
    """The job table that the changes alone give: by id, the fields that ever differed from a new record's."""
    found: dict[int, dict[str, Any]] = {}
    for job_id, body in _ask(path, "SELECT job_id, body FROM changes WHERE job_id IS NOT NULL ORDER BY number"):
        found.setdefault(job_id, {}).update(json.loads(body))
    return found


def asked_for(path: Path) -> set[int]:
    """The jobs that someone started, by what is kept."""
    return {job_id for (job_id,) in _ask(path, "SELECT id FROM jobs WHERE opened_by = ?", OpenedBy.API.value)}


def held(path: Path) -> list[int]:
    """The jobs that are paused by the user, by what is kept."""
    asked = "SELECT id FROM jobs WHERE status = ? AND reason = ?"
    return [job_id for (job_id,) in _ask(path, asked, AsyncJobStatus.PAUSED.value, PAUSED_BY_USER)]


def sequences(path: Path) -> list[int]:
    """The events' numbers, in the order in which they were kept."""
    return [n for (n,) in _ask(path, "SELECT sequence FROM changes WHERE sequence > 0 ORDER BY number")]


def _ask(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()
