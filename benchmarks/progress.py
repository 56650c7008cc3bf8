"""Rows 6 and 7: 1,000 running jobs that report progress at 10 and 100 Hz, and how old what the status shows is.

    ./run bench progress [--slots 1000] [--seconds 3]

Four threads report for all of them, as a few loops drive many drives. The floor makes the same updates and drops them.
Goals: at most 1.5 of the floor, at most 0.10 and 0.20 of a core; the age's p99 at most 110 ms; idle slots cost nothing.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.common import empty_rack, percentile, say
from orchestrator.actors.tables import Cell
from orchestrator.model.drive import Drive
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import operation

REPORTERS = 4
BENCHES: list[Bench] = []


@operation()
def stand(drive: Drive, bench: Bench) -> bool:  # noqa: ARG001
    """Runs until it is cancelled; others report its progress."""
    BENCHES.append(bench)
    while True:
        bench.sleep(1e9)


def cores(report: Callable[[int, int], object], jobs: int, hz: float, seconds: float) -> float:
    """Processor seconds per second while every job reports at `hz`."""
    stop = threading.Event()

    def reporter(first: int) -> None:
        percent = 0
        until = time.perf_counter()
        while not stop.is_set():
            percent = (percent + 1) % 100
            for job in range(first, jobs, REPORTERS):
                report(job, percent)
            until += 1 / hz
            stop.wait(max(0.0, until - time.perf_counter()))

    threads = [threading.Thread(target=reporter, args=(n,)) for n in range(REPORTERS)]
    cpu, began = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    used = (time.process_time() - cpu) / (time.perf_counter() - began)
    stop.set()
    for thread in threads:
        thread.join()
    return used


def ages_ms(rack: Any, job_id: int, bench: Bench, count: int = 60) -> list[float]:
    """From a report until the status shows it; the percent grows so that none hides behind another."""
    found = []
    for n in range(1, count + 1):
        percent = rack.get_job_status(job_id).progress + 1
        if percent > 99:
            break
        time.sleep(0.013 * (n % 8))  # at any moment between two drains
        began = time.perf_counter()
        bench.progress(percent)
        while rack.get_job_status(job_id).progress < percent:
            time.sleep(0.0005)
        found.append((time.perf_counter() - began) * 1e3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with empty_rack(options.slots) as rack:
        idle = cores(lambda *_: None, 0, 0.5, options.seconds)
        ids = [rack.start(stand, 1, slot_id) for slot_id in range(1, options.slots + 1)]
        while len(BENCHES) < options.slots:
            time.sleep(0.01)
        ages = ages_ms(rack, BENCHES[0]._job.id, BENCHES[0])  # type: ignore[attr-defined]
        say(
            {
                "row": 7,
                "metric": "age of the status",
                "unit": "ms",
                "goal_p99": 110,
                "p50": round(statistics.median(ages), 1),
                "p99": round(percentile(ages, 99), 1),
                "samples": len(ages),
            }
        )
        now = datetime.now(UTC)
        for hz, goal in ((10.0, 0.10), (100.0, 0.20)):

            def drop(_: int, percent: int) -> object:
                return Cell(percent, now)

            def tell(job: int, percent: int) -> object:
                BENCHES[job].progress(percent)
                return None

            floor = cores(drop, options.slots, hz, options.seconds)
            ours = cores(tell, options.slots, hz, options.seconds)
            say(
                {
                    "row": 6,
                    "metric": f"{options.slots} running jobs at {hz:g} Hz",
                    "unit": "cores",
                    "goal": 1.5,
                    "goal_cores": goal,
                    "floor": round(floor, 3),
                    "ours": round(ours, 3),
                    "ratio": round(ours / floor, 2),
                    "idle_cores": round(idle, 4),
                }
            )
        for job_id in ids:
            rack.cancel_job(job_id)
        rack.wait(ids, 60)


if __name__ == "__main__":
    main()
