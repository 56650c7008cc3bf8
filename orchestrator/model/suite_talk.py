"""What the process of a pytest suite tells the job that runs it, in this order.

Collected ──▶ ( Began ──▶ CaseResult or Apart ) for each test ──▶ Ended          Asked: in between, as often as it likes
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.model.suite import CaseResult


@dataclass(frozen=True, slots=True)
class Collected:
    """So many tests will run."""

    count: int


@dataclass(frozen=True, slots=True)
class Began:
    """This test has run for a moment. Quick ones are not told."""

    name: str


@dataclass(frozen=True, slots=True)
class Apart:
    """A test that takes no drive is done, and did not fail: it says nothing of the drive."""


@dataclass(frozen=True, slots=True)
class Asked:
    """It wants something of the rack, and waits for the answer."""

    number: int
    """Of the question; the answer carries it."""
    verb: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """pytest came to its end, and said how. Last, and once."""

    exit_status: int
    seconds: float
    """Host seconds since it had collected its tests."""
    junit: str
    """Its JUnit XML; "" where it wrote none, or too much."""
    last_lines: str
    """Of what it printed, on one line."""
    note: str = ""
    """Why there is no JUnit XML."""


Said = Collected | Began | CaseResult | Apart | Ended
