"""What SQLite and the system say when a store cannot be read or written, in words for the person at the rack."""

import sqlite3
from pathlib import Path

from orchestrator.model.errors import StoreUnavailable, StoreUnusable

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_SAID = {
    sqlite3.SQLITE_FULL: ("the disk is full", "make room on the file system of {path}"),
    sqlite3.SQLITE_BUSY: ("another program has it locked", "end that program; `fuser {path}` tells which"),
    sqlite3.SQLITE_LOCKED: ("another program has it locked", "end that program; `fuser {path}` tells which"),
    sqlite3.SQLITE_READONLY: (
        "it may only be read",
        "let this user write {path} and its folder, and see that the file system is not mounted read-only",
    ),
    sqlite3.SQLITE_PERM: ("this user may not", "let this user read and write {path} and its folder"),
    sqlite3.SQLITE_IOERR: ("the disk gave an error", "see the kernel's messages about the disk of {path}"),
    sqlite3.SQLITE_CANTOPEN: (
        "the file, or the one beside it that SQLite writes to, cannot be opened",
        "see that the folder of {path} is there, may be written by this user, and that files are left (ulimit -n)",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "it is damaged",
        "put {path} aside and restore a copy, or save what can be read with `sqlite3 {path} .recover`",
    ),
    sqlite3.SQLITE_NOTADB: ("it is no SQLite database", "name another file, or put {path} aside"),
}


def code_of(error: BaseException) -> int:
    """SQLite's primary result code; 0 where the error carries none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _why(error: BaseException, path: Path) -> tuple[str, str]:
    said, remedy = _SAID.get(code_of(error), ("", "see the disk and the rights of {path}"))
    text = str(error) if isinstance(error, sqlite3.Error) else getattr(error, "strerror", None) or str(error)
    return f"{said} ({text})" if said else text, remedy.format(path=path)


def unavailable(error: sqlite3.Error | OSError, path: Path, doing: str = "written") -> StoreUnavailable:
    """For a store that was opened once and may be well again."""
    text, remedy = _why(error, path)
    return StoreUnavailable(f"the history {path} cannot be {doing}: {text}", remedy=remedy)


def unusable(error: sqlite3.Error | OSError, path: Path) -> StoreUnusable:
    """For a store that cannot even be opened."""
    text, remedy = _why(error, path)
    return StoreUnusable(f"the history {path} cannot be opened: {text}", remedy=remedy)
