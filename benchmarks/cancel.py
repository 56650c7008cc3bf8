"""Row 22: cancel of a running job whose tool hangs in a process of its own.

    ./run bench cancel [--slots 24] [--rounds 100]

Goal: the job's worker is told within 1 ms at p99, and the tool's process is gone within 100 ms.
"""

import statistics
import threading
import time
from pathlib import Path

from benchmarks.common import arguments, empty_rack, percentile, say
from orchestrator.adapters.process import ChildProcesses
from orchestrator.model.drive import Drive
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import operation

TOLD: dict[str, float] = {}
STARTED = threading.Event()


class Watched:
    """The job's stop event, noting when it was set."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def __getattr__(self, name: str) -> object:
        return getattr(self._event, name)

    def set(self) -> None:
        TOLD.setdefault("at", time.perf_counter())
        self._event.set()


@operation()
def hang(drive: Drive, bench: Bench) -> bool:  # noqa: ARG001
    """Runs a tool that ignores everything but SIGKILL for a minute."""
    control = bench._control  # type: ignore[attr-defined]
    control.stop = Watched(control.stop)
    STARTED.set()
    ChildProcesses().run(("sleep", "60.25"), deadline_s=90, stop=control.stop)
    TOLD["gone"] = time.perf_counter()
    control.check()
    return True


def sleeping() -> bool:
    return any(
        path.read_bytes().startswith(b"sleep\x0060.25")
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    )


def main() -> None:
    options = arguments(__doc__, slots="24")
    rounds = max(options.rounds, 100)
    told, gone, ended = [], [], []
    with empty_rack(options.slots[0]) as rack:
        for n in range(rounds):
            TOLD.clear()
            STARTED.clear()
            job_id = rack.start(hang, n, n % options.slots[0] + 1)
            STARTED.wait(10)
            time.sleep(0.02)
            began = time.perf_counter()
            rack.cancel_job(job_id)
            rack.wait([job_id], 20)
            ended.append((time.perf_counter() - began) * 1e3)
            told.append((TOLD["at"] - began) * 1e3)
            gone.append((TOLD["gone"] - began) * 1e3)
    say({
        "row": 22, "metric": "cancel", "unit": "ms", "rounds": rounds, "goal_told_p99": 1.0, "goal_gone": 100.0,
        "told_p50": round(statistics.median(told), 3), "told_p99": round(percentile(told, 99), 3),
        "gone_p50": round(statistics.median(gone), 1), "gone_p99": round(percentile(gone, 99), 1),
        "ended_p99": round(percentile(ended, 99), 1), "left_over": sleeping(),
    })  # fmt: skip


if __name__ == "__main__":
    main()
