"""Row 5: get_job_status, against a function that reads a dict in the same thread, idle and under 100,000 updates/s.

    ./run bench status [--slots 24,1000] [--rounds 5]

Goal: at most 2.0 of the dict read when idle; p99 at most 10 us above it under load; no message, flat in slots.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.common import arguments, calibrate, empty_rack, interleave, nothing, percentile, ratio_line, say
from orchestrator.actors.tables import Cell

READS = 50_000
SAMPLES = 4_000
UPDATES_PER_S = 100_000


def each_us(read: Callable[[int], object], job_id: int) -> float:
    began = time.perf_counter()
    for _ in range(READS):
        read(job_id)
    return (time.perf_counter() - began) / READS * 1e6


def p99_us(read: Callable[[int], object], job_id: int) -> float:
    """Of single reads, each after a short rest, as a reader in a service would ask."""
    figures, rest = [], threading.Event()
    for _ in range(SAMPLES):
        rest.wait(0.0005)
        began = time.perf_counter()
        read(job_id)
        figures.append((time.perf_counter() - began) * 1e6)
    return percentile(figures, 99)


def main() -> None:
    options = arguments(__doc__)
    for slots in options.slots:
        with empty_rack(slots) as rack:
            ids = [rack.start(nothing, 1, slot_id) for slot_id in range(1, slots + 1)]
            rack.wait(ids, 60)
            table = dict(rack._tables.jobs)

            def plain(job_id: int, table: Any = table) -> object:
                return table[job_id]

            status, job_id = rack.get_job_status, ids[-1]
            calibration = [calibrate()]
            floor, ours = interleave(
                [lambda: each_us(plain, job_id), lambda: each_us(status, job_id)],  # noqa: B023
                options.rounds,
            )
            stop = threading.Event()

            def update(ids: list[int] = ids, rack: object = rack, stop: threading.Event = stop) -> None:
                cells, batch = rack._tables.cells, UPDATES_PER_S // 100  # type: ignore[attr-defined]
                while not stop.wait(0.01):
                    for n in range(batch):
                        cells[ids[n % len(ids)]] = Cell(n % 100, None)

            updating = threading.Thread(target=update)
            updating.start()
            busy_floor, busy = p99_us(plain, job_id), p99_us(status, job_id)
            stop.set()
            updating.join()
            calibration.append(calibrate())
            busy_line = {"busy_p99_us": round(busy, 2), "busy_p99_floor_us": round(busy_floor, 2)}
            say(ratio_line(5, "status", "us", floor, ours, slots=slots, goal=2.0, **busy_line), calibration)


if __name__ == "__main__":
    main()
