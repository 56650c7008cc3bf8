"""What SQLite and the system say when a store cannot be read or written, in words for the person at the rack."""

import sqlite3
import zlib
from pathlib import Path

from orchestrator.model.errors import StoreUnavailable, StoreUnusable

UNREADABLE = (ValueError, KeyError, TypeError, OverflowError, zlib.error)
"""What decoding says of columns that no release of ours has written: the file is damaged where SQLite cannot see it."""

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


def _why(error: BaseException, path: Path) -> tuple[str, str]:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary one
    if isinstance(error, UNREADABLE):
        code = sqlite3.SQLITE_CORRUPT
    said, remedy = _SAID.get(code, ("", "see the disk and the rights of {path}"))
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{said} ({text})" if said else text, remedy.format(path=path)


def unavailable(error: BaseException, path: Path, doing: str = "written") -> StoreUnavailable:
    """For a store that was opened once and may be well again."""
    text, remedy = _why(error, path)
    return StoreUnavailable(f"the history {path} cannot be {doing}: {text}", remedy=remedy)


def unusable(error: BaseException, path: Path) -> StoreUnusable:
    """For a store that cannot even be opened."""
    text, remedy = _why(error, path)
    return StoreUnusable(f"the history {path} cannot be opened: {text}", remedy=remedy)
