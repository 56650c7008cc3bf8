"""Rows 10, 11 and 23: pages of 100 of the ended jobs against the same SELECT by sqlite3, counts, and opening the store.

    ./run bench store_pages [--jobs 1e3,1e6] [--rounds 5] [--folder FOLDER]

Goal: a page at most 1.5 of the SELECT, and 1e6 at most 1.2 of 1e3; counts() at most 5 us; opening 1e6 within 1 s.
The stores are made where they are not there yet (1e6: a minute and 1 GB) and kept in FOLDER for the next time.
"""

import argparse
import itertools
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.common import calibrate, interleave, ratio_line, say
from orchestrator.adapters.store import batch, queries
from orchestrator.adapters.store.encoding import JOB_COLUMNS, body_text, differences, drive_row, job_row, micros
from orchestrator.adapters.store.queries import Shape
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.job import AsyncJob, AsyncJobStatus, JobError, ListInfo, changed
from orchestrator.model.verdict import Verdict, VerdictStatus

PAGE = 100
PAGES = 200
SLOTS = 24
NAMES = ("run_smart_test", "read_health", "read_scan", "locate")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
Rows = list[tuple[Any, ...]]


def drive(number: int) -> Drive:
    return Drive(f"SN{number:06}", f"5000c500{number:08x}", "Model A", 4_000_787_030_016, Protocol.ATA)


def some_job(number: int) -> AsyncJob:
    """One of a busy rack's year: 24 slots, four operations, a drive for 200 jobs, one in 50 without an answer."""
    slot_id = number % SLOTS + 1
    at = BEGAN + timedelta(seconds=30 * number)
    failed = number % 50 == 7
    return AsyncJob(
        number,
        NAMES[number * 7 % 16 % 4],
        number % 1000,
        slot_id,
        AsyncJobStatus.FAILED if failed else AsyncJobStatus.COMPLETED,
        40 if failed else 100,
        drive=drive(number // (200 * SLOTS) * SLOTS + slot_id),
        accepted=at,
        started=at + timedelta(seconds=1),
        ended=at + timedelta(seconds=20 + number % 60),
        verdict=None if failed else Verdict(VerdictStatus.PASS),
        error=JobError("drive_removed", f"slot {slot_id}: the drive was pulled", "plug it in again")
        if failed
        else None,
    )


def make(path: Path, jobs: int) -> None:
    """A store of so many ended jobs, as their three changes each would have made it."""
    SqliteStore(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -200000")
    connection.execute("BEGIN")
    drives: dict[Drive, int] = {}
    tallies: Counter[tuple[str, int, int]] = Counter()
    numbers = itertools.count(1)
    for chunk in _chunks(jobs):
        rows, changes = [], []
        for number in chunk:
            job = some_job(number)
            drive_id = drives.setdefault(job.drive or drive(0), len(drives) + 1)
            rows.append((*job_row(job, drive_id), 1, "{}", "true", ""))
            tallies[job.name, job.slot_id, int(job.status)] += 1
            opened = changed(
                job, status=AsyncJobStatus.INIT, progress=-1, started=None, ended=None, verdict=None, error=None
            )
            running = changed(opened, status=AsyncJobStatus.RUNNING, progress=0, started=job.started)
            for before, after in ((None, opened), (opened, running), (running, job)):
                n, body = next(numbers), body_text(differences(before, after))
                at = micros(after.ended or after.started or after.accepted or BEGAN)
                kind = "status" if before else "accepted"
                changes.append((n, n, at, kind, job.id, job.slot_id, "api", "", body))
        columns = ", ".join(JOB_COLUMNS)
        connection.executemany(f"INSERT INTO jobs ({columns}) VALUES ({', '.join('?' * len(JOB_COLUMNS))})", rows)  # noqa: S608
        connection.executemany(batch.CHANGES, changes)
    connection.executemany(batch.DRIVES, [(drive_id, *drive_row(each)) for each, drive_id in drives.items()])
    connection.executemany(batch.TALLIES, [(*key, count) for key, count in tallies.items()])
    connection.execute("COMMIT")
    connection.close()
    path.with_name(f"{path.name}.ids").write_text(f"{jobs + 1}\n")


def _chunks(jobs: int) -> Iterator[range]:
    for first in range(1, jobs + 1, 10_000):
        yield range(first, min(first + 10_000, jobs + 1))


def store_of(folder: Path, jobs: int) -> Path:
    """Made where it is not there yet."""
    path = folder / f"jobs-{jobs}.db"
    if not path.exists():
        new = folder / f"making-{jobs}.db"
        for left in folder.glob(f"{new.name}*"):
            left.unlink()
        make(new, jobs)
        new.rename(path)
        new.with_name(f"{new.name}.ids").rename(f"{path}.ids")
    return path


def pages(jobs: int, kind: str) -> list[tuple[ListInfo, Shape, dict[str, Any]]]:
    """What is asked, and the statement and its values that answer it."""
    dice, found = random.Random(jobs), []
    for _ in range(PAGES):
        values: dict[str, Any] = {"limit": PAGE, "offset": 0}
        if kind == "by id":
            after = dice.randrange(PAGE, jobs + 1)
            info, shape = ListInfo(limit=PAGE, after_id=after, descending=True), Shape(after=True, descending=True)
            values["after_id"] = after
        elif kind == "newest":
            info = ListInfo(limit=PAGE, offset=dice.randrange(10) * PAGE, order_by="ended", descending=True)
            shape = Shape(order_by="ended", descending=True)
            values["offset"] = info.offset
        elif kind == "slot":
            info = ListInfo(limit=PAGE, slot_id=dice.randint(1, SLOTS), descending=True)
            shape = Shape(equal=("slot_id",), descending=True, along="slot_id")
            values["slot_id"] = info.slot_id
        elif kind == "name, completed":
            info = ListInfo(limit=PAGE, name_starts_with="run_", status=AsyncJobStatus.COMPLETED, descending=True)
            shape = Shape(names=1, equal=("status",), descending=True, along="name")
            values |= {"name_0": "run_smart_test", "status": 4}
        else:
            number = dice.randrange(jobs)
            info = ListInfo(limit=PAGE, serial=some_job(number).drive.serial, descending=True)  # type: ignore[union-attr]
            shape, values["serial"] = Shape(drives=1, descending=True, along="drive_id"), info.serial
        found.append((info, shape, values))
    return found


KINDS = ("by id", "newest", "slot", "name, completed", "drive")


def floor_us(path: Path, asked: list[tuple[ListInfo, Shape, dict[str, Any]]]) -> Callable[[], float]:
    """The page's own SELECT, and nothing else, by sqlite3."""
    connection = sqlite3.connect(path)
    ready = []
    for _, shape, values in asked:
        if "serial" in values:
            values["drive_0"] = queries.DRIVES_OF.run(connection, serial=values["serial"]).fetchone()[0]
        query = queries.page(shape)
        ready.append((query.sql, [(query._values | values)[name] for name in query._names]))

    def measure() -> float:
        began = time.perf_counter()
        for sql, values in ready:
            connection.execute(sql, values).fetchall()
        return (time.perf_counter() - began) / len(ready) * 1e6

    return measure


def ours_us(store: SqliteStore, asked: list[tuple[ListInfo, Shape, dict[str, Any]]]) -> Callable[[], float]:
    def measure() -> float:
        began = time.perf_counter()
        for info, _, _ in asked:
            store.select(info, [])
        return (time.perf_counter() - began) / len(asked) * 1e6

    return measure


def opening_ms(path: Path) -> tuple[float, float]:
    """Of sqlite3 with a first read, and of the store with what it left open."""
    began = time.perf_counter()
    connection = sqlite3.connect(path)
    connection.execute("SELECT max(id) FROM jobs").fetchone()
    connection.close()
    between = time.perf_counter()
    store = SqliteStore(path)
    store.unfinished()
    done = time.perf_counter()
    store.close()
    return (between - began) * 1e3, (done - between) * 1e3


def counts_us(store: SqliteStore) -> float:
    began = time.perf_counter()
    for _ in range(10_000):
        store.counts()
    return (time.perf_counter() - began) / 10_000 * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", default="1e3,1e6", help="sizes, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "orchestrator-stores")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    first: dict[str, float] = {}
    for jobs in (int(float(size)) for size in options.jobs.split(",")):
        path = store_of(options.folder, jobs)
        opened = [opening_ms(path) for _ in range(options.rounds)]
        say(ratio_line(23, "open the store", "ms", *map(list, zip(*opened, strict=True)), jobs=jobs, goal_ms=1000))
        store = SqliteStore(path)
        counted = min(counts_us(store) for _ in range(options.rounds))
        say({"row": 11, "metric": "counts", "unit": "us", "ours": round(counted, 3), "jobs": jobs, "goal": 5})
        for kind in KINDS:
            asked = pages(jobs, kind)
            calibration = [calibrate()]
            floor, ours = interleave([floor_us(path, asked), ours_us(store, asked)], options.rounds)
            calibration.append(calibrate())
            rows = sum(len(store.select(info, []).items) for info, _, _ in asked) / PAGES
            line = ratio_line(10, f"page of {PAGE}, {kind}", "us", floor, ours, jobs=jobs, goal=1.5, rows=rows)
            if rows == PAGE:  # the pages of a small store are shorter
                line["growth"] = round(line["ours"] / first.setdefault(kind, line["ours"]), 2)
            say(line, calibration)
        store.close()


if __name__ == "__main__":
    main()
