"""What was said to the clients over many lives, and what must be so in the end."""

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any


class Truth:
    """The facts of one store's lives."""

    def __init__(self) -> None:
        self.accepted: dict[int, Any] = {}
        self.told: dict[int, Any] = {}
        self.found: dict[int, Any] = {}
        """What the last life has."""

    def hear(self, facts: Path) -> None:
        """All that one life said. No id twice, and what was told once is told again in the same words."""
        if not facts.exists():
            return
        for line in facts.read_text().splitlines():
            what, job_id, *rest = json.loads(line)
            match what:
                case "accepted":
                    assert job_id not in self.accepted, f"{job_id} was given away twice"
                    self.accepted[job_id] = rest
                case "is":
                    self.found[job_id] = rest
                case "told":
                    assert self.told.setdefault(job_id, rest) == rest, job_id
        facts.unlink()

    def check(self, database: Path) -> None:
        """After the last life."""
        lost = {job_id: job for job_id, job in self.accepted.items() if self.found.get(job_id) != job}
        assert lost == {}, "acknowledged, and not there as it was"
        assert self.found.keys() == self.told.keys(), "the last life ends everything and tells it"
        ends = ends_by_job(database)
        assert ends == dict.fromkeys(self.found, 1), "each job has one end"


def ends_by_job(database: Path) -> dict[int, int]:
    """How many of its changes end a job, by job."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT job_id, kind, body FROM changes WHERE job_id IS NOT NULL").fetchall()
    finally:
        connection.close()
    ends = Counter({job_id: 0 for job_id, _, _ in rows})
    ends.update(job_id for job_id, kind, body in rows if kind == "status" and json.loads(body).get("status") in (4, 5))
    return dict(ends)
