"""The contract holds on another machine: its tests, with the remote rack in the place of the one in this process."""

import pytest

from orchestrator.rack import Rack
from tests.remote.conftest import ByHttp, contract
from tests.test_contract import SOON

TOLD_OTHERWISE = {
    "test_events_tell_a_jobs_life_in_order": "changes within 100 ms are one event: test_events",
    "test_events_begin_at_the_call_and_not_when_they_are_first_asked_for": "as above",
    "test_a_reader_that_is_too_slow_gets_one_gap": "it looks into the journal: test_events",
}


@pytest.fixture(scope="module")
def listed(served):
    """One for all the lists: they change nothing."""
    with Rack.simulated(slots=3, speed=100_000.0, seed=7) as near, served.over(near) as url, ByHttp(url, near) as rack:
        rack.ids = [rack.run_smart_test(ref, slot) for ref, slot in ((1, 1), (2, 2), (1, 3))] + [rack.read_health(2, 1)]
        rack.wait(rack.ids, timeout=SOON)
        yield rack


globals().update(contract(*TOLD_OTHERWISE))
