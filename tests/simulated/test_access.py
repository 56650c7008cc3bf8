"""The drive access of simulated racks, without a thread and without waiting."""

import pytest

from orchestrator.model.drive import Presence, Protocol
from orchestrator.model.errors import DriveBusy, DriveChanged, DriveRemoved, JobCancelled, ToolFailed, ToolTimeout
from orchestrator.model.report import SelfTestOutcome
from orchestrator.simulated.access import SimulatedAccess


@pytest.fixture
def drive(make_drive):
    return make_drive()


@pytest.fixture
def presence(drive):
    return Presence(1, drive.identity(), "/dev/sim0")


@pytest.fixture
def access(drive):
    return SimulatedAccess(lambda presence: drive, latency_s=0.05)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_whole_self_test_through_the_access(make_drive, clock, stop, protocol):
    drive = make_drive(protocol)
    presence = Presence(1, drive.identity(), "/dev/sim0")
    access = SimulatedAccess(lambda presence: drive)
    access.start_self_test(presence, "short", stop=stop)
    clock.advance(drive.profile.short_minutes * 24)
    report = access.read(presence, quick=True, stop=stop)
    assert report.self_test_running
    assert report.self_test_percent == 40
    with pytest.raises(DriveBusy):
        access.start_self_test(presence, "short", stop=stop)
    access.abort_self_test(presence, stop=stop)
    report = access.read(presence, quick=False, stop=stop)
    assert not report.self_test_running
    assert report.self_tests[0].outcome is SelfTestOutcome.ABORTED
    assert report.health_passed
    assert report.exit_status == 0


def test_latency_is_waited_through_the_callers_stop(access, presence, stop):
    access.read(presence, quick=True, stop=stop)
    assert stop.waits == [0.05]


def test_a_slow_drive_takes_about_a_second(access, drive, presence, stop):
    drive.inject("slow")
    access.read(presence, quick=True, stop=stop)
    assert stop.waits == [1.0]


def test_a_hanging_drive_holds_the_call_until_the_deadline(access, drive, presence, stop):
    drive.inject("hang")
    with pytest.raises(ToolTimeout, match="60 s"):
        access.read(presence, quick=True, stop=stop)
    assert stop.waits == [60.0]


@pytest.mark.parametrize("fault", ["hang", "slow"])
def test_a_cancel_ends_every_wait(access, drive, presence, stop_in_the_wait, fault):
    drive.inject(fault)
    with pytest.raises(JobCancelled):
        access.read(presence, quick=True, stop=stop_in_the_wait)


@pytest.mark.parametrize(
    ("fault", "error"), [("unreadable", ToolFailed), ("garbage", ToolFailed), ("wrong_serial", DriveChanged)]
)
def test_no_command_reaches_a_drive_that_does_not_answer_as_itself(access, drive, presence, stop, fault, error):
    drive.inject(fault)
    with pytest.raises(error):
        access.start_self_test(presence, "short", stop=stop)
    drive.clear(fault)
    assert drive.running_kind() is None


def test_another_drive_in_its_place_is_told_by_its_serial(access, make_drive, stop):
    other = Presence(2, make_drive(serial="OTHER").identity(), "/dev/sim0")
    with pytest.raises(DriveChanged):
        access.start_self_test(other, "short", stop=stop)


def test_a_drive_pulled_while_it_is_asked_is_gone(drive, presence, stop):
    looks = [drive]

    def find(presence):
        if not looks:
            raise DriveRemoved("it left its slot")
        return looks.pop()

    with pytest.raises(DriveRemoved):
        SimulatedAccess(find, latency_s=0.01).start_self_test(presence, "short", stop=stop)
    assert drive.running_kind() is None


def test_a_look_wakes_a_sleeping_drive(access, drive, presence, stop):
    drive.sleeping = True
    assert access.read(presence, quick=True, stop=stop).health_passed
    assert not drive.sleeping
