"""Records the history of a release: run it once, when the release is made, and never again for that one.

.venv/bin/python -m tests.adapters.store.histories.record 0.2.0
"""

import random
import sqlite3
import sys
import tempfile
from pathlib import Path

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.plan import Course, Plan, Step
from tests.adapters.store.days import drive
from tests.adapters.store.test_listing import some_day


def record(release: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.db"
        store = SqliteStore(path)
        day = some_day(random.Random(20), 40)
        day.course(1, Course(1, Plan("burn-in", (Step("run_smart_test", (("kind", "short"),)),)), 1.5, (41,)))
        for slot_id in (1, 2, 2, 3):
            day.slot(slot_id, drive(slot_id))
            day.slot(slot_id)
        last = day.accept(1)
        day.run(last)
        day.note(last)
        store.append(day.take())
        store.close()
        with sqlite3.connect(path) as connection:
            application_id = connection.execute("PRAGMA application_id").fetchone()[0]
            lines = [f"PRAGMA application_id = {application_id};", *connection.iterdump()]
        connection.close()
    Path(__file__).with_name(f"{release}.sql").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
