"""The high-water mark of job ids, in a file beside the database: ids grow although an older copy of it is restored.

Every id below the mark may have been given away, none from it on. It is raised by more than is needed, and well before:
one write for many jobs. A store that is closed in order leaves it at the very next id.
"""

import os
from contextlib import suppress
from pathlib import Path

from orchestrator.model.errors import StoreUnusable

STEP = 64


def beside(path: Path) -> Path:
    """Where the mark of this database is."""
    return path.with_name(f"{path.name}.ids")


class Mark:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._value = _read(path)

    @property
    def value(self) -> int:
        """0 where none was ever written."""
        return self._value

    def cover(self, job_id: int) -> None:
        """Durably above this id when it returns. OSError: it could not be written, and is what it was."""
        if job_id >= self._value:
            self.set(job_id + STEP)

    def set(self, value: int) -> None:
        if value == self._value:
            return
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            with new.open("w") as file:
                file.write(f"{value}\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._value = value


def _read(path: Path) -> int:
    try:
        text = path.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return 0
    except OSError as exc:
        raise StoreUnusable(f"{path} cannot be read: {exc.strerror}", remedy="let this user read and write it") from exc
    if not text.isdecimal():
        remedy = "write the next job id into it, or remove it: ids then go on above the greatest in the database"
        raise StoreUnusable(f"{path} does not hold a job id, but {text[:20]!r}", remedy=remedy)
    return int(text)
