"""The rack under whatever hypothesis writes; `ORCHESTRATOR_FULL=1` for 50,000 days of 50 steps."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.simulation.machine import RackMachine

FULL = bool(os.environ.get("ORCHESTRATOR_FULL"))
EXAMPLES, STEPS = (50_000, 50) if FULL else (300, 30)

RackMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=not FULL,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestWhateverHappens = pytest.mark.timeout(48 * 3600 if FULL else 600)(RackMachine.TestCase)
