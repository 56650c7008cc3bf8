"""What starts by itself when drives are plugged in, in virtual time, on the real actors."""

import logging
from dataclasses import replace

import pytest

from orchestrator.actors.directory import JobDirectory
from orchestrator.actors.slot import SlotActor
from orchestrator.model.drive import Protocol
from orchestrator.model.job import AsyncJobStatus, ListInfo, OpenedBy
from orchestrator.model.plan import Fits, OnStart, Plan, Step
from orchestrator.simulated.world import World
from tests.simulation.racks import build

HEALTH, TEST, WALK = Step("read_health"), Step("run_smart_test", (("kind", "short"),)), Step("walk", (("steps", 2),))


@pytest.fixture
def world(caplog):
    caplog.set_level(logging.CRITICAL + 1, "pykka")
    with World(1, preempt=0.0, lag=0.0) as world:
        yield world


def swap(world, rack, slot_id=1):
    rack.simulation.pull(slot_id)
    rack.simulation.insert(slot_id)
    world.sleep(1.2)


def names(rack, slot_id=1):
    jobs = rack.get_jobs_list(ListInfo(slot_id=slot_id))
    assert all(job.opened_by is OpenedBy.PLUG for job in jobs)
    return [job.name for job in jobs]


def test_a_drive_that_is_plugged_in_gets_its_plan_step_after_step(world):
    rack = build(world, plans={1: Plan("two", (HEALTH, TEST))})
    assert names(rack) == []
    swap(world, rack)
    assert names(rack) == ["read_health", "run_smart_test"]
    assert rack.slots()[0].plan == "two: step 2 of 2, run_smart_test (kind=short) (job 2)"
    world.sleep(3600)
    assert names(rack) == ["read_health", "run_smart_test"] and rack.slots()[0].plan == "two: done"
    assert all(job.status is AsyncJobStatus.COMPLETED for job in rack.get_jobs_list())


def test_drives_that_are_there_at_the_start_are_tested_only_where_the_plan_says_so(world):
    rack = build(world, plans={1: Plan("new", (HEALTH,)), 2: Plan("all", (HEALTH,), on_start=OnStart.TEST)})
    world.sleep(5)
    assert names(rack, 1) == [] and names(rack, 2) == ["read_health"]
    assert rack.slots()[0].plan == "new: not started: it was here before us (on_start: leave)"


def test_after_a_fail_the_rest_is_not_started_and_on_fail_is(world):
    rack = build(world, plans={1: Plan("strict", (TEST, HEALTH), on_fail=(WALK,), debounce_s=5)})
    rack.simulation.pull(1)
    rack.simulation.insert(1)
    rack.simulation.inject(1, "self_test_failure")
    world.sleep(5.8)
    assert names(rack) == [], "it has not been here for long enough"
    world.sleep(7200)
    assert names(rack) == ["run_smart_test", "walk"]
    assert rack.slots()[0].plan == "strict: run_smart_test (job 1): fail; not started: read_health"


def test_a_cancelled_step_ends_the_plan_and_on_fail_is_not_started(world):
    rack = build(world, plans={1: Plan("p", (TEST, HEALTH), on_fail=(WALK,))})
    swap(world, rack)
    rack.cancel_job(1)
    world.sleep(100)
    assert names(rack) == ["run_smart_test"] and "job_cancelled" in rack.slots()[0].plan


def test_a_plan_leaves_drives_alone_that_it_is_not_for(world):
    rack = build(world, plans={1: Plan("none", (HEALTH,), fits=Fits(model="no such*", protocols=tuple(Protocol)))})
    swap(world, rack)
    assert names(rack) == [] and "is not 'no such*'" in rack.slots()[0].plan


def test_a_drive_that_flaps_gets_one_plan_when_it_stays(world):
    rack = build(world, plans={1: Plan("p", (HEALTH,))})
    for _ in range(100):
        serial = rack.simulation.pull(1)
        world.sleep(0.005)
        rack.simulation.insert(1, serial)
        world.sleep(0.005)
    world.sleep(100)
    assert names(rack) == ["read_health"]


@pytest.mark.parametrize("actor", [SlotActor, JobDirectory])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("message", range(0, 24, 2))
def test_a_fall_at_any_message_neither_doubles_nor_loses_a_plan_job(world, actor, when, message):
    rack = build(world, plans={1: Plan("p", (HEALTH, WALK))})
    seen = [0]

    def crash(fallen, _):
        seen[0] += isinstance(fallen, actor)
        return when if isinstance(fallen, actor) and seen[0] == message + 1 else None

    world.crash = crash
    swap(world, rack)
    world.sleep(600)
    jobs = rack.get_jobs_list(ListInfo(slot_id=1)).items
    crashed = any(job.error and job.error.code == "slot_crashed" for job in jobs)
    assert [job.name for job in jobs] == ["read_health", "walk"][: 1 if crashed and len(jobs) == 1 else 2]
    assert all(job.has_ended for job in jobs)


def test_slots_come_and_go_while_jobs_run(world):
    rack = build(world)
    job_id = rack.start("walk", 1, 2, steps=100)
    world.sleep(15)
    parts = rack._system.parts
    rack._system.rearrange(replace(parts, labels={2: "B2", 3: "A3"}))
    world.sleep(5)
    assert [(slot.id, slot.label) for slot in rack.slots()] == [(2, "B2"), (3, "A3")]
    rack._system.rearrange(replace(parts, plans={1: Plan("p", (HEALTH,), on_start=OnStart.TEST)}))
    world.sleep(5)
    assert [slot.id for slot in rack.slots()] == [1, 2, 3] and names(rack, 1) == ["read_health"]
    assert rack.get_job_status(job_id).status is AsyncJobStatus.RUNNING
    assert rack.result("walk", job_id, timeout=2000) == 100
