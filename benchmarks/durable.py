"""Rows 2, 3, 8, 9, 17 and 23: what durability costs, against plain commits of the same file system.

    ./run bench durable [--rounds 5] [--jobs 1000] [--folder FOLDER]

Row 2: start -> result with both rows durable, one caller: 1.3 of two plain FULL commits at p50, 1.5 at p99.
Row 3: durable jobs a second from many callers at once: twice what raw pykka asks do without a log.
Row 8: 1,000 starts at power-on, durable and at their slot: 15 times 1,000 rows in one commit.
Row 9: one durable start while 24 callers keep the rack busy, p99: 3 times a commit's p99 in the same run.
Row 17: from a drive's event to its plan's job begun, debounce next to nothing: 1.5 of the same without a store, p99.
Row 23: a store of --jobs ended jobs and 24 open ones, until the rack is READY: 1 s, whatever the history's length.
"""

import argparse
import queue
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pykka

from benchmarks.common import calibrate, empty_rack, interleave, nothing, percentile, ratio_line, say
from benchmarks.start_to_result import Echo
from benchmarks.store_pages import store_of
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.job import AsyncJobStatus, OpenedBy
from orchestrator.model.plan import OnStart, Plan, Step
from orchestrator.rack import Rack

SAMPLES = 2000
SLOTS = 24
POWER_ON = 1000
PLUGS = 200
PLAN = Plan("one", (Step("nothing"),), on_start=OnStart.LEAVE)


class Commits:
    """A plain table and FULL commits, one row each; the log is warm."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, name TEXT, body TEXT)")
        for _ in range(300):
            self.commit()

    def commit(self, rows: int = 1) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO rows (name, body) VALUES (?, ?)", [("nothing", "x" * 200)] * rows)
        self._connection.execute("COMMIT")


def timed(call: Callable[[], object], times: int = SAMPLES) -> list[float]:
    """Microseconds of each call."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1e6)
    return found


def cycle(rack: Rack, slot_id: int = 1) -> None:
    rack.result(nothing, rack.start(nothing, 0, slot_id), 30)


def in_threads(work: Callable[[int], object], threads: int) -> None:
    all_of_them = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join()


def row_2(commits: Commits, rack: Rack, rounds: int) -> None:
    both: dict[str, list[list[float]]] = {"floor": [], "ours": []}

    def two() -> None:
        commits.commit()
        commits.commit()

    def measure(name: str, call: Callable[[], object]) -> float:
        both[name].append(timed(call, SAMPLES // rounds + 100))
        return percentile(both[name][-1], 50)

    floor, ours = interleave([partial(measure, "floor", two), partial(measure, "ours", partial(cycle, rack))], rounds)
    say(ratio_line(2, "start -> result, both rows durable, p50", "us", floor, ours, goal=1.3))
    late = {name: [percentile(part, 99) for part in parts[1:]] for name, parts in both.items()}
    say(ratio_line(2, "start -> result, both rows durable, p99", "us", late["floor"], late["ours"], goal=1.5))


def row_3(rack: Rack, rounds: int, callers: int) -> None:
    echoes: list[pykka.ActorRef[Any]] = [Echo.start() for _ in range(SLOTS)]

    def raw() -> float:
        began = time.perf_counter()
        for n in range(SAMPLES):
            echoes[n % SLOTS].ask(n, timeout=10)
        return SAMPLES / (time.perf_counter() - began)

    def ours() -> float:
        began = time.perf_counter()
        each = SAMPLES // callers

        def caller(me: int) -> None:
            for _ in range(each):
                cycle(rack, me % SLOTS + 1)

        in_threads(caller, callers)
        return each * callers / (time.perf_counter() - began)

    floor, mine = interleave([raw, ours], rounds)
    for echo in echoes:
        echo.stop(block=False)
    say(ratio_line(3, "durable jobs a second, start to result", "1/s", floor, mine, callers=callers, goal="at least 2"))


def row_8(commits: Commits, folder: Path, rounds: int) -> None:
    store = SqliteStore(folder / "power-on.db")
    with empty_rack(POWER_ON, store) as rack:

        def ours() -> float:
            begun: queue.SimpleQueue[int] = queue.SimpleQueue()
            post = rack._post.tell

            def tell(key: Any, message: Any) -> None:
                post(key, message)
                if type(message).__name__ == "Start":
                    begun.put(message.job_id)

            rack._post.tell = tell  # type: ignore[method-assign]
            began = time.perf_counter()
            for slot_id in range(1, POWER_ON + 1):
                rack._door.open_job(nothing, 0, slot_id, {}, opened_by=OpenedBy.PLUG, wait=False)
            for _ in range(POWER_ON):
                begun.get(timeout=30)
            took = (time.perf_counter() - began) * 1e3
            rack._post.tell = post  # type: ignore[method-assign]
            while rack.open_jobs():
                time.sleep(0.01)
            return took

        floor, mine = interleave([lambda: timed(lambda: commits.commit(POWER_ON), 1)[0] / 1e3, ours], rounds)
    say(ratio_line(8, "1,000 starts, durable and at their slot", "ms", floor, mine, goal=15))


def row_9(commits: Commits, rack: Rack) -> None:
    over = threading.Event()

    def busy(me: int) -> None:
        while not over.is_set():
            cycle(rack, me % (SLOTS - 1) + 2)
            over.wait(0.02)  # a job in each slot, some fifty a second: more than drives ever give

    floor = percentile(timed(commits.commit), 99)
    workers = [threading.Thread(target=busy, args=(n,)) for n in range(SLOTS - 1)]
    for worker in workers:
        worker.start()
    found = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        job_id = rack.start(nothing, 0, 1)
        found.append((time.perf_counter() - began) * 1e6)
        rack.result(nothing, job_id, 30)
    over.set()
    for worker in workers:
        worker.join()
    say(ratio_line(9, "one durable start while the rack is busy, p99", "us", [floor], [percentile(found, 99)], goal=3))


def row_17(folder: Path) -> None:
    def measure(store: SqliteStore | None) -> list[float]:
        found = []
        with empty_rack(2, store, PLAN) as rack:
            events = rack.events()
            for _ in range(PLUGS):
                rack.simulation.pull(1)
                for event in events:
                    if event.slot is not None and event.slot.id == 1 and event.slot.drive is None:
                        break
                began = time.perf_counter()
                rack.simulation.insert(1)
                for event in events:
                    if event.job is not None and event.job.status is AsyncJobStatus.RUNNING:
                        break
                found.append((time.perf_counter() - began) * 1e6)
                for event in events:
                    if event.job is not None and event.job.has_ended:
                        break
        return found

    floor, ours = measure(None), measure(SqliteStore(folder / "plugs.db"))
    for percent in (50, 99):
        figures = [percentile(floor, percent)], [percentile(ours, percent)]
        say(ratio_line(17, f"event -> durable job begun, p{percent}", "us", *figures, goal=1.5))


def row_23(folder: Path, kept: Path, jobs: int) -> None:
    source, path = store_of(kept, jobs), folder / "long.db"
    shutil.copy(source, path)
    shutil.copy(f"{source}.ids", f"{path}.ids")
    store = SqliteStore(path)
    rack = empty_rack(SLOTS, store)
    left = [rack._door.open_job("nothing", 0, slot_id, {}) for slot_id in range(1, SLOTS + 1)]
    rack.wait(left, 30)
    with store._connection as connection:  # as if the process had been killed before any of them had begun
        connection.execute(f"UPDATE jobs SET status = 1, has_ended = 0, ended = NULL WHERE id >= {left[0]}")  # noqa: S608
    store._connection.close()
    store._owner.release()
    began = time.perf_counter()
    sqlite3.connect(path).execute("SELECT max(id) FROM jobs").fetchone()
    floor = time.perf_counter() - began
    began = time.perf_counter()
    again = empty_rack(SLOTS, SqliteStore(path))
    ready = time.perf_counter() - began
    ended = again.wait(left, 30)
    again.close()
    whole = len(ended) == SLOTS and all(job.status is AsyncJobStatus.COMPLETED for job in ended)
    line = ratio_line(23, "restart until READY", "ms", [floor * 1e3], [ready * 1e3], jobs=jobs, none_lost=whole)
    say(line | {"goal": "at most 1000 ms"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", default="1e3", help="ended jobs of row 23, sizes separated by commas")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "orchestrator-stores")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    calibration = [calibrate()]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        commits = Commits(folder / "plain.db")
        with empty_rack(SLOTS, SqliteStore(folder / "rack.db")) as rack:
            for _ in range(300):
                cycle(rack)
            row_2(commits, rack, options.rounds)
            row_3(rack, options.rounds, SLOTS)
            row_3(rack, options.rounds, 100)
            row_9(commits, rack)
        row_8(commits, folder, options.rounds)
        row_17(folder)
        for jobs in options.jobs.split(","):
            row_23(folder, options.folder, int(float(jobs)))
    calibration.append(calibrate())
    say({"row": 0, "metric": "calibration"}, calibration)


if __name__ == "__main__":
    main()
