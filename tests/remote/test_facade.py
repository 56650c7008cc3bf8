"""The remote rack has the names of the rack itself, and what they say is the same at both ends."""

import inspect

import pytest

from orchestrator import AsyncJobStatus, Rack
from orchestrator.remote.rack import RemoteRack
from tests.remote.conftest import ByHttp
from tests.web.conftest import SOON

HERE_ONLY = {
    "from_config": "opens a rack in this process",
    "simulated": "opens a rack in this process",
    "connect": "is how one comes to a remote rack",
    "simulation": "stands behind the drives, and is no part of a service",
    "reload": "takes a file of the service's own host: SIGHUP there does it",
    "answers": "is for a watchdog in the service's own process; not_ready asks the directory too",
}
THERE_ONLY = {
    "url": "the service's address",
    "timeout": "how long the service may be away",
    "follow": "the tables that `watch` shows, kept up by the events",
}
PLANNED = """simulated: {slots: 2, speed: 100000}
store: history.db
chassis: {columns: 2}
plan: {on_insert: [read_health, {run_smart_test: {kind: short}}], when: {protocol: [ata], most_tb: 20}}
"""


@pytest.fixture
def both(served, tmp_path):
    (tmp_path / "rack.yaml").write_text(PLANNED)
    with (
        Rack.from_config(tmp_path / "rack.yaml") as near,
        served.over(near) as url,
        ByHttp(url, near) as far,
    ):
        yield near, far


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_public_name_of_a_rack_is_there_but_for_those_with_a_reason():
    there = public(RemoteRack) | {"is_simulated", "url"}
    assert public(Rack) - there == HERE_ONLY.keys()
    assert there - public(Rack) == THERE_ONLY.keys()


def test_whoever_calls_need_not_know_which_of_the_two_it_is():
    """The same parameters, but for limits that the service sets itself."""
    set_there = {"history": {"jobs", "samples"}, "not_ready": {"timeout"}, "close": {"abort"}}
    for name in public(Rack) & public(RemoteRack):
        here, there = getattr(Rack, name), getattr(RemoteRack, name)
        if callable(here):
            left = inspect.signature(here).parameters.keys() - set_there.get(name, set())
            assert inspect.signature(there).parameters.keys() == left, name


def test_what_a_rack_tells_of_itself_is_the_same_at_both_ends(both):
    near, far = both
    near.wait([near.read_health(1, 1), near.run_smart_test(1, 2)], SOON)
    assert near.plans and far.plans == near.plans
    assert near.layout is not None and far.layout == near.layout
    assert (far.keeps_history, far.trouble, far.is_simulated, far.not_ready()) == (True, "", True, "")
    assert far.counts() == near.counts() == {AsyncJobStatus.COMPLETED: 2}
    assert far.recipes == near.recipes
    assert near.sequence <= far.sequence <= near.sequence


def test_a_rack_that_keeps_nothing_and_has_no_chassis_says_so(rack):
    assert (rack.plans, rack.layout, rack.keeps_history, rack.counts()) == ({}, None, False, {})


def test_a_rack_that_takes_no_work_says_why(near, rack):
    near.close()
    assert rack.not_ready() == near.not_ready() == "the rack is closed"


def test_trouble_with_the_store_is_told(both, monkeypatch):
    near, far = both
    monkeypatch.setattr(Rack, "trouble", property(lambda _: "the disk is full"))
    assert far.trouble == far.not_ready() == near.not_ready() == "the disk is full"
