"""Days with restarts find what they are to find."""

import pytest

from tests.simulation.day import live
from tests.simulation.planted_restarts import JOBS, PLANTS, hunt
from tests.simulation.restarts import Restarts

FOUND_BUGS = (
    (5, "not the program's: a child may run while its parent's drive has not answered yet"),
    (10, "after a fall the directory sent a slot a job whose row was not durable"),
    (37, "the same"),
    (300, "not the program's: another job's self-test was taken for the job's own"),
    (515, "not the program's: a drive that came while nobody looked, and had gone again, was taken for a new one"),
    (152, "a recipe went on beside the tool of its step that could not be killed"),
    (192, "a scan that had read everything and then failed showed 100 %"),
    (335, "a child began while its parent stood in the queue, behind its own old worker"),
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_of_a_restart_is_found(name):
    first, _ = PLANTS[name]
    seed, _ = hunt(name, first)
    assert seed is not None, f"{name} was not found in 1,000 seeds from {first} on"


@pytest.mark.parametrize(("seed", "why"), FOUND_BUGS)
def test_a_seed_that_once_found_something_holds(seed, why):
    assert not live(seed, JOBS, build=Restarts).broken, why
