"""Row 1: start -> result of an operation that does nothing, against a raw pykka ask with the same kind of inbox.

    ./run bench start_to_result [--slots 24,1000] [--rounds 5]

Goal: at most 1.3 of the ask, at most 1.5 times more from 24 to 1,000 slots, flat in jobs.
"""

import queue
import time
from typing import Any

import pykka

from benchmarks.common import arguments, calibrate, empty_rack, interleave, nothing, ratio_line, say

CYCLES = 2000


class Echo(pykka.ThreadingActor):
    use_daemon_thread = True
    _create_actor_inbox: Any = staticmethod(queue.SimpleQueue)

    def on_receive(self, message: Any) -> Any:
        return message


def cycle_us(call: Any) -> float:
    began = time.perf_counter()
    for n in range(CYCLES):
        call(n)
    return (time.perf_counter() - began) / CYCLES * 1e6


def main() -> None:
    options = arguments(__doc__)
    for slots in options.slots:
        echoes = [Echo.start() for _ in range(slots)]
        with empty_rack(slots) as rack:

            def ask(n: int, echoes: list[Any] = echoes, slots: int = slots) -> None:
                echoes[n % slots].ask(n, timeout=10)

            def start(n: int, rack: Any = rack, slots: int = slots) -> None:
                rack.result(nothing, rack.start(nothing, n, n % slots + 1), 10)

            calibration = [calibrate()]
            floor, ours = interleave([lambda: cycle_us(ask), lambda: cycle_us(start)], options.rounds)
            calibration.append(calibrate())
            jobs = len(rack._tables.jobs)
        for echo in echoes:
            echo.stop(block=False)
        line = ratio_line(1, "start -> result", "us", floor, ours, slots=slots, jobs=jobs, goal=1.3)
        say(line, calibration)


if __name__ == "__main__":
    main()
