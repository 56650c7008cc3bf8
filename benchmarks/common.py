"""What the measurements share: a no-op rack, medians over interleaved rounds, and the JSON line.

A figure is a ratio against a floor measured in the same run: this kind of machine is noisy, and differences below
1.3 mean nothing. A run whose calibration loop moves by more than 1.5x says so ("calibration").
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.adapters.threads import Threads
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Drive
from orchestrator.model.plan import Plan
from orchestrator.model.ports import Store
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Operations, operation
from orchestrator.rack import Rack
from orchestrator.simulated.access import SimulatedAccess
from orchestrator.simulated.rack import Simulation, place
from orchestrator.system.system import Parts


@operation()
def nothing(drive: Drive, bench: Bench) -> bool:  # noqa: ARG001
    """Answers at once."""
    return True


def empty_rack(slots: int, store: Store | None = None, plan: Plan | None = None) -> Rack:
    """The real system on real threads, without smartctl."""
    ports = Threads()
    clock = RackClock(ports, 1000.0)
    simulation = Simulation(ports, clock, slots)
    labels = {slot_id: str(slot_id) for slot_id in simulation.slot_ids()}
    keys = {place(slot_id): slot_id for slot_id in labels}
    access = SimulatedAccess(simulation.find)
    plans = dict.fromkeys(labels, plan) if plan is not None else {}
    operations: Operations = {"nothing": nothing}
    parts = Parts(ports, clock, labels, keys, simulation.make_source, access, operations, store, plans=plans)
    return Rack(parts, simulation)


def arguments(doc: str | None, slots: str = "24,1000") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", default=slots, help="sizes, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    found = parser.parse_args()
    found.slots = [int(size) for size in found.slots.split(",")]
    return found


def calibrate() -> float:
    """Milliseconds for a fixed loop."""
    began = time.perf_counter()
    sum(range(1_000_000))
    return (time.perf_counter() - began) * 1e3


def interleave(measures: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    """Every measure once a round, in turn; the first round warms up and does not count."""
    found: list[list[float]] = [[] for _ in measures]
    for turn in range(rounds + 1):
        for figures, measure in zip(found, measures, strict=True):
            figure = measure()
            if turn:
                figures.append(figure)
    return found


def ratio_line(row: int, metric: str, unit: str, floor: list[float], ours: list[float], **more: Any) -> dict[str, Any]:
    ratios = [mine / least for mine, least in zip(ours, floor, strict=True)]
    return {
        "row": row,
        "metric": metric,
        "unit": unit,
        "floor": round(statistics.median(floor), 4),
        "ours": round(statistics.median(ours), 4),
        "ratio": round(statistics.median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
        **more,
    }


def say(line: dict[str, Any], calibration: Sequence[float] = ()) -> None:
    if calibration:
        moved = max(calibration) / min(calibration)
        line["calibration"] = round(moved, 2) if moved <= 1.5 else f"moved {moved:.2f}x: measure again"
    print(json.dumps(line), flush=True)


def percentile(figures: Sequence[float], percent: float) -> float:
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
