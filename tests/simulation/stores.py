"""The real store in a world: the same SQLite file, written in virtual time by a disk that may be slow or full."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.errors import StoreUnavailable
from orchestrator.model.history import Change
from orchestrator.simulated.world import World


class WorldStore:
    """`Store` over SqliteStore. Where it sleeps the process may die: before the commit, or after it, unacknowledged."""

    def __init__(self, world: World, path: Path, *, fails: Callable[[], bool] = lambda: False, commit_s: float) -> None:
        self._world, self._fails, self._commit_s = world, fails, commit_s
        self.path = path
        self.inner = SqliteStore(path, synchronous="OFF")

    def append(self, changes: tuple[Change, ...]) -> None:
        self._world.sleep(self._commit_s * self._world.rng.random())
        if self._fails():
            raise StoreUnavailable("the disk is full, says the world", remedy="make room")
        self.inner.append(changes)
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
    import json

    found: dict[int, dict[str, Any]] = {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for job_id, body in connection.execute(
            "SELECT job_id, body FROM changes WHERE job_id IS NOT NULL ORDER BY number"
        ):
            found.setdefault(job_id, {}).update(json.loads(body))
    return found
