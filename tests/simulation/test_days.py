"""Days of a rack under the seeded scheduler. `ORCHESTRATOR_SEEDS=100000 ORCHESTRATOR_JOBS=100` for more of them."""

import os
import subprocess
import sys

import pytest

from tests.simulation.day import live
from tests.simulation.planted import FIRST, PLANTS, hunt
from tests.simulation.plugging import plug
from tests.simulation.restarts import Restarts

SEEDS = int(os.environ.get("ORCHESTRATOR_SEEDS", "200"))
JOBS = int(os.environ.get("ORCHESTRATOR_JOBS", "50"))
BATCH = 20
FOUND_BUGS = (
    (77, 50, "a drive was plugged in at the very end of the day: the day's own bug"),
    (129, 50, "a worker's end reached a new directory before its slot's slate, and was never said again"),
    (799, 50, "a slot's Began reached a new directory before its slate: two jobs ran in one slot"),
    (
        3228,
        100,
        "the directory fell over a worker's end while its slot said what it held: the end was lost",
    ),
)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_a_day_of_faults_breaks_nothing(first):
    for seed in range(first, min(first + BATCH, SEEDS)):
        world = live(seed, JOBS)
        assert not world.broken, "\n".join([f"python -m tests.simulation.day {seed} {JOBS}", *world.tail, world.broken])


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_random_plugging_neither_doubles_nor_loses_a_plan_job(first):
    for seed in range(first, min(first + BATCH, SEEDS)):
        world = plug(seed)
        assert not world.broken, "\n".join(
            [f"python -m tests.simulation.plugging {seed} 40", *world.tail, world.broken]
        )


@pytest.mark.parametrize(("seed", "jobs", "why"), FOUND_BUGS)
def test_a_seed_that_once_found_a_bug_holds(seed, jobs, why):
    assert not live(seed, jobs).broken, why


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(name):
    first = FIRST.get(name, 0)
    seed, _ = hunt(name, first)
    assert seed is not None, f"{name} was not found in 1,000 seeds from {first} on"


def test_the_same_seed_gives_the_same_trace_in_every_process():
    code = "from tests.simulation.day import live; print(*(live(n, 20).hash.hexdigest() for n in range(6)))"

    def hashes(hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, check=True, env=environment, capture_output=True, text=True, timeout=100).stdout

    here = " ".join(live(n, 20).hash.hexdigest() for n in range(6))
    assert hashes("1").strip() == hashes("77").strip() == here


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_nothing_acknowledged_is_lost_when_the_program_is_killed_and_started_again(first):
    for seed in range(first, min(first + BATCH, SEEDS)):
        world = live(seed, JOBS // 2, build=Restarts)
        assert not world.broken, "\n".join(
            [f"python -m tests.simulation.restarts {seed} {JOBS // 2}", *world.tail, world.broken]
        )
