"""Rows 12, 14 and 15: memory of an idle slot, the cold start to a first result, and the price of the import.

    ./run bench footprint [--rounds 5]

Each figure is taken in processes of its own. Goals: a slot at most 1.5 of a pykka actor; the first result of a
simulated rack of 24 slots at most 3.0 of a script that starts 24 pykka actors and asks one; import at most 60 ms more
than a bare Python; 1,000 slots at most 300 ms more than 24.
"""

import subprocess
import sys
import time

from benchmarks.common import arguments, interleave, ratio_line, say

RSS = "import resource, sys; print(int(open('/proc/self/statm').read().split()[1]) * 4)"
ACTORS = """
import pykka
class A(pykka.ThreadingActor):
    use_daemon_thread = True
    def on_receive(self, message): return message
actors = [A.start() for _ in range({slots})]
print(actors[0].ask(1))
"""
HEALTH = """
from orchestrator import Rack
rack = Rack.simulated(slots={slots})
print(rack.read_health_result(rack.read_health(1, 1), 60).status)
"""
IDLE = """
from benchmarks.common import empty_rack
rack = empty_rack({slots})
"""
LEAVE = "\nimport os, sys; sys.stdout.flush(); os._exit(0)\n"


def run(code: str) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    return (time.perf_counter() - began) * 1e3, done.stdout


def per_slot_kib(code: str) -> float:
    few, many = (int(run(code.format(slots=slots) + RSS + LEAVE)[1].split()[-1]) for slots in (24, 1000))
    return (many - few) / 976


def main() -> None:
    options = arguments(__doc__, slots="24")
    floor, ours = interleave([lambda: per_slot_kib(ACTORS), lambda: per_slot_kib(IDLE)], options.rounds)
    say(ratio_line(12, "memory of an idle slot", "KiB", floor, ours, goal=1.5))
    cold = [
        lambda: run(ACTORS.format(slots=24) + LEAVE)[0],
        lambda: run(HEALTH.format(slots=24) + LEAVE)[0],
        lambda: run(HEALTH.format(slots=1000) + LEAVE)[0],
        lambda: run("pass")[0],
        lambda: run("import orchestrator")[0],
        lambda: run("from orchestrator import Rack")[0],
    ]
    script, first, big, bare, package, facade = interleave(cold, options.rounds)
    more = sum(big) / len(big) - sum(first) / len(first)
    say(
        ratio_line(14, "cold start to a first result", "ms", script, first, goal=3.0, ms_more_at_1000_slots=round(more))
    )
    added = sum(package) / len(package) - sum(bare) / len(bare)
    rack_ms = round(sum(facade) / len(facade) - sum(bare) / len(bare), 1)
    say(
        ratio_line(
            15,
            "import orchestrator",
            "ms",
            bare,
            package,
            goal_ms_more=60,
            ms_more=round(added, 1),
            ms_more_with_rack=rack_ms,
        )
    )


if __name__ == "__main__":
    main()
