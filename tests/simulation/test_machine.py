"""The rack under whatever hypothesis writes; `ORCHESTRATOR_FULL=1` for 50,000 days of 50 steps."""

import os
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings

from orchestrator.simulated.world import World
from tests.simulation.machine import RackMachine
from tests.simulation.restarts import Restarts

FULL = bool(os.environ.get("ORCHESTRATOR_FULL"))
EXAMPLES, STEPS = (50_000, 50) if FULL else (200, 30)

RackMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=not FULL,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestWhateverHappens = pytest.mark.timeout(48 * 3600 if FULL else 600)(RackMachine.TestCase)


class SwingingWorld(World):
    """Its wall clock stands a year too early, right, or a year too late, and changes every 97 s."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=365 * (int(self.time // 97) % 3 - 1))


def outcomes(world: World) -> dict[int, tuple[object, ...]]:
    """Of a day with restarts: each job's status, error, answer and verdict."""
    with world:
        day = Restarts(world, 20)
        try:
            day.run()
            assert not day.truth.broken
            return {job_id: day.outcome(job_id)[:4] for job_id in day.acknowledged}
        finally:
            day.close()


@pytest.mark.parametrize("seed", range(500 if FULL else 5))
def test_a_wall_clock_that_jumps_by_a_year_changes_no_outcome(seed):
    assert outcomes(SwingingWorld(seed)) == outcomes(World(seed)) != {}
