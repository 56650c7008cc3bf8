"""Budgets and heat, in virtual time, on the real actors."""

import itertools
import logging

import pytest

from orchestrator.model.budget import NO_BUDGET, Budget, Burden, Caps, Load, controller_of, held_back
from orchestrator.model.drive import Protocol
from orchestrator.model.errors import JobCancelled
from orchestrator.model.heat import HeatLimits, is_hot, limits_for
from orchestrator.model.job import AsyncJobStatus, EventKind
from orchestrator.simulated.world import World
from tests.simulation.racks import build

RUNNING, INIT, PAUSED = AsyncJobStatus.RUNNING, AsyncJobStatus.INIT, AsyncJobStatus.PAUSED


@pytest.fixture
def world(caplog):
    caplog.set_level(logging.CRITICAL + 1, "pykka")
    with World(1, preempt=0.0, lag=0.0) as world:
        yield world


def one_by_one(world, starts):
    """The ids; each job has asked for its place before the next is started."""
    ids = []
    for job_id in starts:
        ids.append(job_id)
        world.sleep(0.5)
    return ids


def statuses(rack, ids):
    return [rack.get_job_status(job_id).status for job_id in ids]


def test_a_job_beyond_the_budget_waits_with_its_reason_and_begins_in_order_of_id(world):
    rack = build(world, slots=4, budget=Budget(rack=Caps(full_reads=2)))
    ids = one_by_one(world, (rack.start("walk", 1, n, steps=steps) for n, steps in ((3, 5), (1, 50), (4, 5), (2, 5))))
    assert statuses(rack, ids) == [RUNNING, RUNNING, INIT, INIT]
    assert rack.get_job_status(ids[2]).reason == "waits for a read at full speed to end in this rack: 2 of 2"
    assert rack.get_job_status(ids[3]).reason.endswith("2 of 2, and 1 wait before it")
    world.sleep(50)
    assert statuses(rack, ids)[1:] == [RUNNING, RUNNING, INIT]
    assert all(job.status is AsyncJobStatus.COMPLETED for job in rack.wait(ids, 2000))


def test_a_budget_of_a_controller_leaves_the_other_ones_alone(world):
    rack = build(world, slots=4, budget=Budget(controller=Caps(full_reads=1)))
    ids = one_by_one(world, (rack.start("walk", 1, slot_id, steps=5) for slot_id in (1, 2, 3, 4)))
    assert statuses(rack, ids) == [RUNNING, RUNNING, INIT, INIT]
    assert "at pci-1" in rack.get_job_status(ids[2]).reason


def test_drives_with_a_spindle_begin_one_after_another_where_one_may_spin_up(world):
    rack = build(world, slots=6, budget=Budget(rack=Caps(spin_ups=1)))
    ids = [rack.read_health(1, slot.id) for slot in rack.slots()]
    world.sleep(600)
    drives = [rack.get_job_status(job_id) for job_id in ids]
    spun = sorted(job.started or world.now() for job in drives if job.drive.protocol is not Protocol.NVME)
    apart = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(spun)]
    assert len(spun) > 1 and all(14.9 <= seconds < 16 for seconds in apart)
    assert all(
        (job.started - job.accepted).total_seconds() < 1 for job in drives if job.drive.protocol is Protocol.NVME
    )


def test_who_waits_can_be_cancelled_and_those_behind_it_move_up(world):
    rack = build(world, slots=4, budget=Budget(rack=Caps(self_tests=1)))
    ids = one_by_one(world, (rack.run_smart_test(1, slot_id) for slot_id in (1, 2, 3)))
    rack.cancel_job(ids[1])
    with pytest.raises(JobCancelled):
        rack.run_smart_test_result(ids[1], timeout=1)
    rack.cancel_job(ids[0])
    world.sleep(10)
    assert statuses(rack, ids[2:]) == [RUNNING]


def test_a_pulled_or_fallen_slot_holds_no_place_in_the_line(world):
    rack = build(world, slots=4, budget=Budget(rack=Caps(full_reads=1)))
    ids = one_by_one(world, (rack.start("walk", 1, slot_id, steps=10) for slot_id in (1, 2, 3)))
    rack.simulation.pull(2)
    falls = [4]

    def crash(actor, _):
        if type(actor).__name__ == "SlotActor" and actor._slot_id == 1 and falls[0]:
            falls[0] -= 1
            return "before"
        return None

    world.crash = crash
    rack.cancel_job(ids[0])
    world.sleep(30)
    assert statuses(rack, ids[2:]) == [RUNNING]


def test_without_a_budget_nothing_is_held_back():
    one = Burden(7, 1, "x", (Load.FULL_READ, Load.SPIN_UP))
    others = [Burden(n, n + 10, "x", one.loads) for n in range(5)]
    assert held_back(NO_BUDGET, one, others, []) == ""
    assert held_back(Budget(Caps(spin_ups=5)), one, others, [])


@pytest.mark.parametrize(
    ("place", "controller"),
    [
        ("pci-0000:03:00.0-sas-exp0x5003048000000000-phy3-lun-0", "pci-0000:03:00.0"),
        ("pci-0000:41:00.0-nvme-1", "pci-0000:41:00.0"),
        ("/dev/sda", "/dev/sda"),
    ],
)
def test_a_controller_is_the_first_two_words_of_a_place(place, controller):
    assert controller_of(place) == controller


# -- heat


def test_a_hot_drive_pauses_a_job_that_can_pause_and_goes_on_when_it_has_cooled(world):
    rack = build(world)
    job_id = rack.start("walk", 1, 1, steps=100)
    world.sleep(15)
    rack.simulation.inject(1, "hot")
    world.sleep(120)
    job = rack.get_job_status(job_id)
    assert job.status is PAUSED and job.reason.startswith("hot: ")
    progress = job.progress
    world.sleep(3600)
    assert rack.get_job_status(job_id).progress == progress
    rack.simulation.clear(1, "hot")
    world.sleep(60)
    assert rack.get_job_status(job_id).status is RUNNING
    assert rack.result("walk", job_id, timeout=5000) == 100


def test_a_hot_job_can_be_cancelled(world):
    rack = build(world)
    rack.simulation.inject(1, "hot")
    job_id = rack.start("walk", 1, 1, steps=100)
    world.sleep(200)
    assert rack.get_job_status(job_id).status is PAUSED
    rack.cancel_job(job_id)
    with pytest.raises(JobCancelled):
        rack.result("walk", job_id, timeout=10)


def test_a_self_test_cannot_pause_and_says_that_its_drive_is_hot(world):
    rack = build(world)
    job_id = rack.run_smart_test(1, 1)
    world.sleep(5)
    rack.simulation.inject(1, "hot")
    rack.run_smart_test_result(job_id, timeout=20_000)
    told = [event.job.message for event in rack._tables.journal.since(0) if event.kind is EventKind.MESSAGE]
    assert any("hot" in text and "cannot pause" in text for text in told)


def test_limits_are_the_drives_own_where_they_make_sense():
    assert limits_for(Protocol.ATA) == limits_for(Protocol.ATA, 40) == limits_for(None) == HeatLimits(55, 48)
    assert limits_for(Protocol.SCSI, 65) == HeatLimits(60, 53)
    assert limits_for(Protocol.NVME) == HeatLimits(70, 63)


def test_what_was_hot_stays_hot_until_it_is_well_below():
    limits = HeatLimits(55, 48)
    assert [is_hot(limits, celsius, before=True) for celsius in (55, 49, 48, None)] == [True, True, False, True]
    assert [is_hot(limits, celsius, before=False) for celsius in (55, 54, None)] == [True, False, False]
