"""Whole days, told from the facade: what a person in front of the rack would see."""

from itertools import pairwise

import pytest

from orchestrator.model import errors
from orchestrator.model.job import AsyncJobStatus, ListInfo
from orchestrator.model.slot import SlotState
from orchestrator.model.verdict import VerdictStatus
from orchestrator.simulated.world import World
from tests.simulation.racks import build


@pytest.fixture
def world():
    with World(11) as world:
        yield world


def test_a_week_of_extended_tests_in_which_drives_are_pulled_swapped_and_come_back(world):
    rack = build(world, slots=6, seed=3)
    simulation = rack.simulation
    simulation.inject(2, "self_test_failure")
    simulation.inject(3, "hang")
    first = {slot.id: rack.run_smart_test(slot.id, slot.id, kind="extended") for slot in rack.slots()}

    world.sleep(600)
    pulled = simulation.pull(4)
    with pytest.raises(errors.DriveRemoved, match=pulled):
        rack.run_smart_test_result(first[4], timeout=10)
    world.sleep(60)
    newcomer = simulation.insert(4)
    world.sleep(5)
    second = rack.run_smart_test(40, 4, kind="extended")

    before = simulation.pull(5)
    simulation.insert(5)  # a quick hand: no event in between is settled
    with pytest.raises(errors.DriveChanged, match=before):
        rack.run_smart_test_result(first[5], timeout=10)

    with pytest.raises(errors.ToolTimeout):
        rack.run_smart_test_result(first[3], timeout=120)
    simulation.clear(3, "hang")
    again = rack.read_health(3, 3)

    assert rack.run_smart_test_result(first[1]) is True
    assert rack.run_smart_test_result(first[2]) is False
    assert rack.run_smart_test_result(first[6]) is True
    assert rack.run_smart_test_result(second) is True
    assert rack.get_job_status(second).drive.serial == newcomer
    assert rack.read_health_result(again).status is VerdictStatus.PASS
    assert world.time < 7 * 86400

    ended = rack.get_jobs_list(ListInfo(order_by="ended"))
    assert all(job.has_ended for job in ended)
    assert {job.error.code for job in ended if job.error} == {"drive_removed", "drive_changed", "tool_timeout"}
    assert {job.id for job in ended if job.verdict and job.verdict.status is VerdictStatus.FAIL} == {first[2]}
    assert {slot.state for slot in rack.slots()} == {SlotState.READY}


def test_a_drive_that_comes_back_is_a_new_stay_and_its_old_job_is_not_taken_up(world):
    rack = build(world, slots=1)
    job_id, queued = rack.run_smart_test(1, 1, kind="extended"), rack.read_health(2, 1)
    world.sleep(3600)
    serial = rack.simulation.pull(1)
    rack.simulation.insert(1, serial=serial)
    for lost in (job_id, queued):
        with pytest.raises(errors.DriveRemoved):
            rack.wait([lost], timeout=10)
            raise rack.get_job_status(lost).exception()
    assert rack.slots()[0].drive.serial == serial
    assert rack.run_smart_test_result(rack.run_smart_test(3, 1)) is True


def test_ten_jobs_for_one_slot_run_in_order_and_a_cancel_in_the_middle_moves_the_rest_up(world):
    rack = build(world, slots=2)
    ids = [rack.run_smart_test(n, 1) for n in range(10)]
    world.sleep(10)
    for job_id in (ids[2], ids[5]):
        rack.cancel_job(job_id)
    jobs = rack.wait(ids, timeout=86400)
    done = [job for job in jobs if job.status is AsyncJobStatus.COMPLETED]
    assert [job.client_ref for job in done] == [0, 1, 3, 4, 6, 7, 8, 9]
    spans = [(job.started, job.ended) for job in done]
    assert spans == sorted(spans) and all(one[1] <= following[0] for one, following in pairwise(spans))
