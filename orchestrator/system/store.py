"""The store that a rack file asks for, and where it is."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.settings.rack_file import RackSettings

if TYPE_CHECKING:
    from orchestrator.adapters.store.sqlite import SqliteStore


def store_path(settings: RackSettings, file: Path) -> Path | None:
    """Where the history of this rack file is; None where it keeps none."""
    asked = settings.store
    unsaid = "store" not in settings.model_fields_set
    if asked is None or (settings.simulated is not None and unsaid):
        return None
    if asked.path is not None:
        return file.resolve().parent / Path(asked.path).expanduser()
    real = file.resolve()
    mark = hashlib.sha256(os.fsencode(real)).hexdigest()[:8]
    return state_folder() / f"{real.stem}-{mark}.db"


def state_folder() -> Path:
    """What outlives the process and belongs to this user."""
    if systemd := os.environ.get("STATE_DIRECTORY"):
        return Path(systemd.split(":")[0])
    if xdg := os.environ.get("XDG_STATE_HOME"):
        return Path(xdg) / "orchestrator"
    return Path("~/.local/state/orchestrator").expanduser()


def open_store(settings: RackSettings, file: Path) -> "SqliteStore | None":
    """For writing. Blocks for some milliseconds. Raises StoreUnusable, with the way out."""
    path = store_path(settings, file)
    if path is None or settings.store is None:
        return None
    from orchestrator.adapters.store.sqlite import SqliteStore

    return SqliteStore(path, keep_days=settings.store.keep_days, keep_jobs=settings.store.keep_jobs)
