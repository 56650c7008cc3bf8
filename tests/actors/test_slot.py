"""What a slot does when workers, tools and its own actor misbehave: in virtual time, on the real actors."""

import logging

import pytest

from orchestrator.actors.directory import Began
from orchestrator.actors.slot import SlotActor
from orchestrator.actors.take_up import Start
from orchestrator.model import errors
from orchestrator.model.errors import ToolStuck
from orchestrator.model.job import AsyncJobStatus, ListInfo
from orchestrator.model.slot import SlotState
from orchestrator.simulated.world import World
from tests.simulation.racks import build, two_steps, walk
from tests.simulation.truth import AuditedAccess, Truth


@pytest.fixture
def world(caplog):
    caplog.set_level(logging.CRITICAL + 1, "pykka")
    with World(1, preempt=0.0, lag=0.0) as world:
        yield world


class Fragile:
    """Crashes the slot's actor at the next messages."""

    def __init__(self, world, times, when="before"):
        self.left, self.when = times, when
        world.crash = self

    def __call__(self, actor, message):
        if self.left and isinstance(actor, SlotActor) and actor._slot_id == 1:
            self.left -= 1
            return self.when
        return None


def test_a_fallen_slot_is_back_within_a_second_and_its_queue_runs(world):
    rack = build(world)
    running, queued = rack.start(walk, 1, 1, steps=100), rack.start(walk, 1, 1, steps=1)
    world.sleep(5)
    Fragile(world, 1)
    rack.simulation.inject(2, "slow")
    third = rack.start(walk, 1, 1, steps=1)
    with pytest.raises(errors.SlotCrashed):
        rack.result(walk, running, timeout=2)
    assert rack.result(walk, queued, timeout=60) == rack.result(walk, third, timeout=60) == 1


def test_a_child_does_not_begin_while_its_parent_waits_anew_behind_its_own_old_worker(world):
    rack, fatal = build(world), [Began(1), Start(2)]

    def crash(actor, message):
        """Nobody has heard that the parent began, and its slot falls over the child."""
        if fatal and message == fatal[0]:
            fatal.pop(0)
            return "before"
        return None

    world.crash = crash
    watched = Truth(world, 30.0, in_order=False)
    watched.adopt(rack)
    parent = rack.start(two_steps, 1, 1)
    with pytest.raises(errors.SlotCrashed):
        rack.result(two_steps, parent, timeout=60)
    assert not fatal and not watched.broken
    assert rack.result(walk, rack.start(walk, 1, 1, steps=1), timeout=60) == 1


def test_a_slot_that_falls_again_and_again_is_quarantined_until_it_is_released(world):
    rack = build(world)
    Fragile(world, 4)
    waiting = rack.read_health(1, 1)
    world.sleep(10)
    slot = rack.slots()[0]
    assert slot.state is SlotState.QUARANTINED and "release" in slot.reason
    with pytest.raises(errors.SlotUnavailable, match="release"):
        rack.read_health(1, 1)
    assert rack.read_health_result(rack.read_health(1, 2), timeout=60), "the rack lives"
    assert rack.get_job_status(waiting).status is AsyncJobStatus.INIT
    rack.release_slot(1)
    assert rack.read_health_result(waiting, timeout=60)
    assert rack.slots()[0].state is SlotState.READY


def test_a_queued_job_of_a_quarantined_slot_can_be_cancelled(world):
    rack = build(world)
    Fragile(world, 4)
    waiting = rack.read_health(1, 1)
    world.sleep(10)
    rack.cancel_job(waiting)
    with pytest.raises(errors.JobCancelled):
        rack.read_health_result(waiting, timeout=1)


@pytest.fixture
def deaf_rack(world):
    """A rack whose first drive does not even listen to being stopped."""
    audited = []

    def wrap(access):
        audited.append(AuditedAccess(access, Truth(world, 0.0, in_order=True)))
        return audited[0]

    rack = build(world, wrap=wrap)
    audited[0].deaf.add(rack.slots()[0].drive.serial)
    return rack


def test_a_worker_that_cannot_be_stopped_makes_the_slot_stuck_and_its_end_frees_it(world, deaf_rack):
    job_id, queued = deaf_rack.read_health(1, 1), deaf_rack.read_health(1, 1)
    world.sleep(1)
    deaf_rack.cancel_job(job_id)
    with pytest.raises(errors.JobCancelled):
        deaf_rack.read_health_result(job_id, timeout=10)
    world.sleep(0.1)
    assert deaf_rack.slots()[0].state is SlotState.STUCK
    with pytest.raises(errors.SlotUnavailable, match="pull the drive"):
        deaf_rack.read_health(1, 1)
    assert deaf_rack.get_job_status(queued).status is AsyncJobStatus.INIT
    assert deaf_rack.read_health_result(queued, timeout=200)


def test_a_new_drive_clears_a_stuck_slot(world, deaf_rack):
    job_id = deaf_rack.read_health(1, 1)
    world.sleep(1)
    deaf_rack.cancel_job(job_id)
    world.sleep(9)
    assert deaf_rack.slots()[0].state is SlotState.STUCK
    deaf_rack.simulation.pull(1)
    deaf_rack.simulation.insert(1)
    world.sleep(3)
    assert deaf_rack.slots()[0].state is SlotState.READY
    assert deaf_rack.read_health_result(deaf_rack.read_health(1, 1), timeout=10)


def test_a_tool_that_was_left_behind_makes_the_slot_stuck_until_the_drive_leaves(world):
    class LeavesTools:
        def __init__(self, access):
            self.access = access
            self.left = {1}

        def read(self, presence, *, quick, stop):
            if presence.number in self.left:
                raise ToolStuck("smartctl cannot be killed")
            return self.access.read(presence, quick=quick, stop=stop)

    rack = build(world, wrap=LeavesTools)
    job_id, queued = rack.read_health(1, 1), rack.read_health(1, 1)
    with pytest.raises(errors.ToolTimeout):
        rack.read_health_result(job_id, timeout=10)
    world.sleep(60)
    assert rack.slots()[0].state is SlotState.STUCK
    assert rack.get_job_status(queued).status is AsyncJobStatus.INIT, "no second tool is sent after the first"
    rack.simulation.pull(1)
    rack.simulation.insert(1)
    world.sleep(3)
    with pytest.raises(errors.DriveChanged):
        rack.read_health_result(queued, timeout=1)
    assert rack.read_health_result(rack.read_health(1, 1), timeout=10)


@pytest.mark.parametrize("fault", ["hang", "slow", "garbage", "unreadable", "crashes"])
def test_no_message_of_another_slot_waits_behind_the_sick_one(fault):
    """I16, in scheduler steps: a cancel in slot 2 takes as many, whatever slot 1 does."""

    def steps(sick):
        with World(5, preempt=0.0, lag=0.0) as world:
            rack = build(world)
            if sick and fault == "crashes":
                Fragile(world, 2)
            elif sick:
                rack.simulation.inject(1, fault)
            for _ in range(20):
                rack.read_health(1, 1)
            job_id = rack.start(walk, 1, 2, steps=1000)
            world.sleep(301.5)  # no timer of either slot is due at this moment
            began = world.steps
            rack.cancel_job(job_id)
            with pytest.raises(errors.JobCancelled):
                rack.result(walk, job_id, timeout=1)
            return world.steps - began

    logging.getLogger("pykka").setLevel(logging.CRITICAL + 1)
    assert steps(sick=True) <= steps(sick=False) + 2


def test_a_lost_directory_loses_no_end(world):
    rack = build(world)
    ids = [rack.read_health(1, slot_id) for slot_id in (1, 2, 3)]
    crashes = iter(["before"] * 5)
    world.crash = lambda actor, message: next(crashes, None) if type(actor).__name__ == "JobDirectory" else None
    for job_id in ids:
        assert rack.read_health_result(job_id, timeout=60)
    assert rack.get_jobs_list(ListInfo(status=AsyncJobStatus.COMPLETED)).total == 3
