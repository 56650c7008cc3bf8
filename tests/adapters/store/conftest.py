"""Stores in a folder of their own, closed afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., SqliteStore]]:
    """Opens the store at `path`; called again it closes the last one first."""
    stores: list[SqliteStore] = []

    def again(**options) -> SqliteStore:
        if stores:
            stores.pop().close()
        stores.append(SqliteStore(path, **options))
        return stores[-1]

    yield again
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., SqliteStore]) -> SqliteStore:
    return opened()
