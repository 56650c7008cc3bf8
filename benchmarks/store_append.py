"""Rows 2 and 8's share of the store: jobs accepted, run and ended by appends, against sqlite3 alone with the same rows.

    ./run bench store_append [--groups 1,24,1000] [--jobs 1e3,1e6] [--rounds 5] [--folder FOLDER]

A group is so many jobs whose changes of one kind are appended at once, as the recorder does it: three durable appends.
The floor commits the same columns as text and numbers that were made before, with the same indexes.
Goal: growth from 1e3 to 1e6 kept jobs at most 1.2.
"""

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import calibrate, interleave, ratio_line, say
from benchmarks.store_pages import drive, store_of
from orchestrator.adapters.store.batch import Batch
from orchestrator.adapters.store.finding import drive_id
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.history import Change
from orchestrator.model.job import AsyncJob, AsyncJobStatus, EventKind, changed
from orchestrator.model.verdict import Verdict, VerdictStatus

ENOUGH = 480
"""Jobs a measure, or one group."""


class Day:
    """Groups of jobs, one after the other."""

    def __init__(self, number: int, job_id: int) -> None:
        self._number, self._job_id = number, job_id

    @classmethod
    def after(cls, store: SqliteStore) -> "Day":
        left = store.unfinished()
        return cls(left.number, left.next_job_id)

    def group(self, jobs: int) -> list[tuple[Change, ...]]:
        """Accepted, running, ended."""
        now = datetime.now(UTC)
        first = self._job_id
        self._job_id += jobs
        opened = [
            AsyncJob(first + n, "read_health", 7, n % 24 + 1, drive=drive(n % 24 + 1), accepted=now)
            for n in range(jobs)
        ]
        running = [changed(job, status=AsyncJobStatus.RUNNING, started=now, progress=0) for job in opened]
        end = {
            "status": AsyncJobStatus.COMPLETED,
            "progress": 100,
            "ended": now,
            "verdict": Verdict(VerdictStatus.PASS),
        }
        ended = [changed(job, **end) for job in running]
        return [
            tuple(self._change(EventKind.ACCEPTED, job, options="{}") for job in opened),
            tuple(self._change(EventKind.STATUS, job) for job in running),
            tuple(self._change(EventKind.STATUS, job, answer="true") for job in ended),
        ]

    def _change(self, kind: EventKind, job: AsyncJob, **more: Any) -> Change:
        self._number += 1
        return Change(
            self._number, job.accepted or datetime.now(UTC), kind, "api", sequence=self._number, job=job, **more
        )


def copy_of(path: Path, name: str) -> Path:
    copy = path.with_name(name)
    for left in path.parent.glob(f"{name}*"):
        left.unlink()
    shutil.copy(path, copy)
    return copy


def ours(store: SqliteStore, day: Day, group: int) -> Callable[[], float]:
    """Microseconds a job."""

    def measure() -> float:
        groups = [day.group(group) for _ in range(max(1, ENOUGH // group))]
        began = time.perf_counter()
        for changes in groups:
            for batch in changes:
                store.append(batch)
        return (time.perf_counter() - began) / len(groups) / group * 1e6

    return measure


def floor(path: Path, store: SqliteStore, day: Day, group: int) -> Callable[[], float]:
    """The same statements with the same rows, ready made; `store` is a third one that makes them."""
    connection = sqlite3.connect(path, isolation_level=None)
    known = partial(drive_id, store._writer._connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -8000")

    def measure() -> float:
        groups = [day.group(group) for _ in range(max(1, ENOUGH // group))]
        ready = []
        for changes in groups:
            for batch in changes:
                ready.append(Batch(store._writer.memory, batch, known, lambda _: None).statements())
                store.append(batch)
        began = time.perf_counter()
        for statements in ready:
            connection.execute("BEGIN IMMEDIATE")
            for sql, rows in statements:
                connection.executemany(sql, rows)
            connection.execute("COMMIT")
        return (time.perf_counter() - began) / len(groups) / group * 1e6

    return measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", default="1,24,1000", help="jobs an append, separated by commas")
    parser.add_argument("--jobs", default="1e3,1e6", help="kept before, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "orchestrator-stores")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    sizes = [int(float(size)) for size in options.jobs.split(",")]
    stores, floors, makers = {}, {}, {}
    for jobs in sizes:
        path = store_of(options.folder, jobs)
        floors[jobs] = copy_of(path, f"floor-{jobs}.db")
        stores[jobs] = SqliteStore(copy_of(path, f"ours-{jobs}.db"))
        makers[jobs] = SqliteStore(copy_of(path, f"maker-{jobs}.db"), synchronous="OFF")
    for group in map(int, options.groups.split(",")):
        measures = []
        for jobs in sizes:
            maker, store = makers[jobs], stores[jobs]
            measures += [floor(floors[jobs], maker, Day.after(maker), group), ours(store, Day.after(store), group)]
        calibration = [calibrate()]
        figures = interleave(measures, options.rounds)
        calibration.append(calibrate())
        for n, jobs in enumerate(sizes):
            least, mine = figures[2 * n], figures[2 * n + 1]
            grown = sorted(now / then for now, then in zip(mine, figures[1], strict=True))[len(mine) // 2]
            line = ratio_line(2, "append a job's three changes", "us", least, mine, group=group, jobs=jobs)
            line |= {"jobs_per_s": round(1e6 / line["ours"]), "growth": round(grown, 2), "goal_growth": 1.2}
            say(line, calibration)
    for store in (*stores.values(), *makers.values()):
        store.close()
    for name in ("ours", "floor", "maker"):
        for left in options.folder.glob(f"{name}-*"):
            left.unlink()


if __name__ == "__main__":
    main()
