"""How much of a rack may be under load at once: self-tests, full-speed reads, and drives that spin up.

None unless the rack file sets one. A job that is held back stays INIT with its reason, and places are given in order
of id: a job waits while there is no place, or as many jobs with smaller ids wait for a place as there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SPIN_UP_S = 15.0
"""Rack seconds that a drive draws its starting current; makers ask for 12 s and more between two starts."""


class Load(StrEnum):
    """What an operation burdens a rack with, as its declaration says."""

    LIGHT = "light"
    """Reads of the drive's logs."""
    SELF_TEST = "self-test"
    """The drive's own: heads and power, and no bus."""
    FULL_READ = "read at full speed"
    """The bus too."""
    SPIN_UP = "spin-up"
    """Not of an operation: the first SPIN_UP_S of a job on a drive with a spindle that may have slept."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The most of each at once; None = any number."""

    self_tests: int | None = None
    full_reads: int | None = None
    spin_ups: int | None = None

    def of(self, load: Load) -> int | None:
        match load:
            case Load.SELF_TEST:
                return self.self_tests
            case Load.FULL_READ:
                return self.full_reads
            case Load.SPIN_UP:
                return self.spin_ups
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Budget:
    rack: Caps = Caps()
    controller: Caps = Caps()
    """Of each controller."""

    @property
    def is_set(self) -> bool:
        return self != NO_BUDGET


@dataclass(frozen=True, slots=True)
class Burden:
    """What one job would draw, or a slot's running job with its children draws."""

    job_id: int
    slot_id: int
    controller: str
    loads: tuple[Load, ...]


NO_BUDGET = Budget()


def controller_of(key: str) -> str:
    """The host's part of a place's name: the first two words of ID_PATH, such as pci-0000:03:00.0.

    A drive's own node says nothing of its controller: such slots count as one controller each.
    """
    return "-".join(key.split("-")[:2])


def held_back(budget: Budget, wanted: Burden, running: Iterable[Burden], waiting: Iterable[Burden]) -> str:
    """Why this job may not begin now; "" when it may."""
    drawn = [one for one in running if one.slot_id != wanted.slot_id]  # a child has its place with its parent
    before = [one for one in waiting if one.job_id < wanted.job_id]
    for load in wanted.loads:
        for caps, where, near in (
            (budget.rack, "in this rack", None),
            (budget.controller, f"at {wanted.controller}", wanted.controller),
        ):
            cap = caps.of(load)
            if cap is None:
                continue
            busy = sum(load in one.loads and near in (None, one.controller) for one in drawn)
            first = sum(load in one.loads and near in (None, one.controller) for one in before)
            if busy + first >= cap:
                ahead = f", and {first} wait before it" if first else ""
                return f"waits for a {load} to end {where}: {busy} of {cap}{ahead}"
    return ""
