"""What the writer remembers of the store, so that an append reads nothing: read at the opening, changed by commits.

Costs by what is open and by kinds of ended jobs, not by how many have ended.
"""

import sqlite3

from orchestrator.adapters.store.encoding import drive_of
from orchestrator.adapters.store.finding import greatest_id, known_drives, open_jobs
from orchestrator.model.drive import Drive
from orchestrator.model.history import OpenJob, Unfinished
from orchestrator.model.job import AsyncJobStatus
from orchestrator.model.plain import loads
from orchestrator.model.plan import Course

META = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
Tallies = dict[tuple[str, int, AsyncJobStatus], int]

DRIVES = 10_000
"""So many ids of drives are remembered."""
_SEQUENCE = """
    SELECT max(sequence)
    FROM (SELECT sequence FROM changes WHERE sequence > 0 ORDER BY number DESC LIMIT 1000) AS newest
"""


class Memory:
    def __init__(self, connection: sqlite3.Connection, mark: int) -> None:
        """sqlite3.Error: it cannot be read."""
        self._connection, self._mark = connection, mark
        self._meta = {str(key): str(value) for key, value in connection.execute("SELECT key, value FROM meta")}
        self.number = self._greatest("SELECT max(number) FROM changes", "number")
        """Of the newest change that is kept."""
        self.sequence = self._greatest(_SEQUENCE, "sequence")
        self._courses = {
            int(slot_id): loads(body, Course)
            for slot_id, body in connection.execute("SELECT slot_id, body FROM courses ORDER BY slot_id")
        }
        named = max((job_id for course in self._courses.values() for job_id in course.jobs), default=0)
        self.last_id = max(greatest_id(connection), named)
        """The greatest job id that was ever kept."""
        self.open = {kept.job.id: kept.job for kept in open_jobs(connection)}
        """The open jobs' records, as last kept."""
        self.tallies: Tallies = {
            (name, slot_id, AsyncJobStatus(status)): count
            for name, slot_id, status, count in connection.execute("SELECT name, slot_id, status, count FROM tallies")
        }
        """Is replaced where a key comes or goes, so that others may walk over it."""
        self.occupants = {
            int(slot_id): drive_of(*drive)
            for slot_id, *drive in connection.execute(
                "SELECT slot_id, serial, wwn, model, capacity_bytes, protocol "
                "FROM stays JOIN drives ON drives.id = stays.drive_id WHERE stays.ended IS NULL ORDER BY slot_id"
            )
        }
        """The drives whose stays last, by slot."""
        self.drive_ids: dict[Drive, int] = {}
        self.next_drive_id = self._greatest("SELECT max(id) FROM drives") + 1

    @property
    def next_id(self) -> int:
        """Above every id that was ever given away."""
        return max(self._mark, self.last_id + 1)

    def _greatest(self, sql: str, key: str = "") -> int:
        """Also of what was removed: `prune` leaves that in the table meta."""
        return max(self._connection.execute(sql).fetchone()[0] or 0, int(self._meta.get(key, 0)))

    def unfinished(self) -> Unfinished:
        jobs = tuple(OpenJob(kept.job, kept.options, kept.memo) for kept in open_jobs(self._connection))
        courses = tuple(self._courses.items())
        drives = tuple(sorted(self.occupants.items()))
        return Unfinished(
            self.next_id, self.number, self.sequence, jobs, courses, drives, known_drives(self._connection)
        )

    def count(self, more: Tallies) -> None:
        """Add these to the tallies."""
        tallies = self.tallies
        if not more.keys() <= tallies.keys() or any(tallies[key] + count <= 0 for key, count in more.items()):
            tallies = dict(tallies)
        for key, count in more.items():
            tallies[key] = tallies.get(key, 0) + count
            if tallies[key] <= 0:
                del tallies[key]
        self.tallies = tallies

    def know(self, drive_ids: dict[Drive, int]) -> None:
        if len(self.drive_ids) > DRIVES:
            self.drive_ids.clear()
        self.drive_ids |= drive_ids
