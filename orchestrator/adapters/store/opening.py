"""A store is opened: made where there is none, migrated where it is older, refused where it is not ours to touch.

Every trouble is StoreUnusable with the way out, and never a new database in an old one's place.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from orchestrator.adapters.store.mark import Mark, beside
from orchestrator.adapters.store.memory import META
from orchestrator.adapters.store.troubles import UNREADABLE, unusable
from orchestrator.model.errors import StoreUnusable

APPLICATION_ID = 0x4F524348
"""In the database's header, so that file(1) and we know it from others: "ORCH"."""
REVISIONS = ("0001",)
"""alembic's, oldest first, without asking alembic."""
CREATED = Path(__file__).with_name("created.sql")

Connect = Callable[..., sqlite3.Connection]


def connect(path: Path, mode: str, busy_s: float, open_file: Connect = sqlite3.connect) -> sqlite3.Connection:
    """`mode` as SQLite names them: "ro", "rw" or "rwc". Any thread may use it, one at a time."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return open_file(uri, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False)


def open_database(
    path: Path, *, busy_s: float, synchronous: str, open_file: Connect
) -> tuple[sqlite3.Connection, Mark]:
    """For writing, at the newest revision. Waits up to `busy_s` (host seconds) for another program's lock."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists() and path.stat().st_size > 0
    except OSError as exc:
        remedy = f"make the folder {path.parent}, writable by this user, or name another file"
        raise StoreUnusable(f"the history {path} cannot be opened: {exc.strerror}", remedy=remedy) from exc
    mark = Mark(beside(path))
    if not there:
        _allow_new(path, mark)
    try:
        connection = connect(path, "rw" if there else "rwc", busy_s, open_file)
    except sqlite3.Error as exc:
        raise unusable(exc, path) from exc
    try:
        revision = check(connection, path)
        if not revision:
            _allow_new(path, mark)
        _prepare(connection, path, revision, synchronous)
    except BaseException as exc:
        with suppress(sqlite3.Error):
            connection.close()
        if isinstance(exc, (sqlite3.Error, OSError, *UNREADABLE)):
            raise unusable(exc, path) from exc
        raise
    return connection, mark


def _allow_new(path: Path, mark: Mark) -> None:
    """A database without tables is as good as none."""
    if mark.value > 1:
        remedy = f"restore it, or remove {mark.path} to begin anew"
        raise StoreUnusable(f"{path} is gone, though jobs up to id {mark.value - 1} were kept in it", remedy=remedy)


def _prepare(connection: sqlite3.Connection, path: Path, revision: str, synchronous: str) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
    connection.execute("PRAGMA cache_size = -8000")
    if not revision:
        made = f"{CREATED.read_text()}\nPRAGMA application_id = {APPLICATION_ID};"
        connection.executescript(f"BEGIN IMMEDIATE;\n{made}\nCOMMIT;")
    elif revision != REVISIONS[-1]:
        _migrate(connection, path, revision)
    connection.execute(META, ("revision", REVISIONS[-1]))  # whether it can be written


def check(connection: sqlite3.Connection, path: Path) -> str:
    """The store's revision; "" where it is empty. StoreUnusable where it is not ours, or newer than we are."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id not in (0, APPLICATION_ID) or (tables and not {"alembic_version", "meta", "jobs"} <= tables):
        remedy = "name another file; this one was left as it is"
        raise StoreUnusable(f"{path} is a database of another program", remedy=remedy)
    if not tables:
        return ""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = str(row[0]) if row else "none"
    if revision not in REVISIONS:
        remedy = (
            f"install that release again, or restore the copy {path.name}.before-{revision} it left, if there is one"
        )
        raise StoreUnusable(f"{path} was written by a newer release (revision {revision})", remedy=remedy)
    return revision


def _migrate(connection: sqlite3.Connection, path: Path, revision: str) -> None:
    from sqlalchemy.exc import DBAPIError

    from orchestrator.adapters.store import migrating

    copy = migrating.copy_beside(connection, path, REVISIONS[-1])
    try:
        migrating.migrate(connection)
    except DBAPIError as exc:
        remedy = (
            f"the store is as it was (revision {revision}), and {copy} is a copy; install the earlier release again"
        )
        raise StoreUnusable(
            f"{path} could not be brought to revision {REVISIONS[-1]}: {exc.orig}", remedy=remedy
        ) from exc
