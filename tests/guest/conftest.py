"""A guest as a fixture: one at a time, skipped with the reason where it cannot be, ended whatever happens.

The smoke test runs per change; the rest takes minutes and is collected with ORCHESTRATOR_FULL=1 only.
"""

import os
from collections.abc import Iterator

import pytest

from tests.guest.machine import Machine, check_host
from tests.guest.prepare import GuestParts, Missing, find_parts, one_at_a_time

collect_ignore = [] if os.environ.get("ORCHESTRATOR_FULL") else ["test_hotplug.py", "test_kernel_disks.py"]


@pytest.fixture(scope="session")
def parts() -> GuestParts:
    try:
        check_host()
        with one_at_a_time():
            return find_parts()
    except Missing as reason:
        pytest.skip(f"no guest: {reason}")


@pytest.fixture
def machine(parts: GuestParts) -> Iterator[Machine]:
    with one_at_a_time(), Machine(parts) as machine:
        yield machine
