"""The drive's state machine, under a clock moved by hand."""

import errno

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.model.errors import DriveBusy, Refused
from orchestrator.simulated.drive import FAULTS, DriveModel, Ending


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_self_test_runs_for_its_minutes_and_passes(make_drive, clock, protocol):
    drive = make_drive(protocol)
    drive.start("short")
    clock.advance(drive.profile.short_minutes * 30)
    assert drive.progress() == pytest.approx(0.5)
    clock.advance(drive.profile.short_minutes * 30)
    assert drive.progress() is None
    assert [(test.kind, test.ending) for test in drive.tests] == [("short", Ending.PASSED)]


def test_the_log_is_newest_first_and_keeps_21_entries_on_ata(make_drive, clock):
    drive = make_drive()
    for _ in range(23):
        drive.start("short")
        clock.advance(3600)
        drive.progress()
    assert len(drive.tests) == 21
    hours = [test.power_on_hours for test in drive.tests]
    assert hours == sorted(hours, reverse=True)


def test_a_test_that_ended_long_ago_is_logged_with_the_hour_it_ended(make_drive, clock):
    drive = make_drive()
    drive.start("short")
    begun = drive.power_on_hours
    clock.advance(100 * 3600)
    assert drive.progress() is None
    assert drive.tests[0].power_on_hours == begun
    assert drive.power_on_hours == begun + 100


def test_a_busy_drive_refuses_a_second_test_and_goes_on_with_the_first(make_drive, clock):
    drive = make_drive()
    drive.start("extended")
    clock.advance(60)
    with pytest.raises(DriveBusy):
        drive.start("short")
    assert drive.running_kind() == "extended"


def test_a_kind_that_the_drive_does_not_have_is_refused(make_drive):
    with pytest.raises(Refused):
        make_drive(Protocol.NVME).start("conveyance")


def test_an_abort_is_logged_with_what_was_left(make_drive, clock):
    drive = make_drive()
    drive.start("short")
    clock.advance(drive.profile.short_minutes * 60 * 0.35)
    drive.abort()
    assert drive.progress() is None
    assert drive.tests[0].ending is Ending.ABORTED
    assert drive.tests[0].remaining_percent == 70
    drive.abort()
    assert len(drive.tests) == 1


def test_an_injected_failure_ends_the_test_at_its_lba(make_drive, clock):
    drive = make_drive()
    drive.inject("self_test_failure")
    drive.start("short")
    clock.advance(24 * 3600)
    drive.progress()
    assert drive.tests[0].ending is Ending.READ_FAILURE
    assert drive.tests[0].lba == drive.fail_lba
    drive.clear("self_test_failure")
    drive.start("short")
    clock.advance(24 * 3600)
    drive.progress()
    assert [test.ending for test in drive.tests] == [Ending.PASSED, Ending.READ_FAILURE]


def test_a_failure_injected_late_in_a_running_test_ends_it_at_once_and_not_in_the_past(make_drive, clock):
    drive = make_drive()
    drive.start("extended")
    clock.advance(drive.profile.extended_minutes * 60 * 0.95)
    hours = drive.power_on_hours
    drive.inject("self_test_failure")
    assert drive.progress() is None
    assert drive.tests[0].ending is Ending.READ_FAILURE
    assert drive.tests[0].power_on_hours == hours


def test_a_stuck_test_never_ends(make_drive, clock):
    drive = make_drive()
    drive.stuck_at = 0.9
    drive.start("short")
    clock.advance(365 * 24 * 3600)
    assert drive.progress() == 0.9


def test_a_drive_that_aborts_on_command_gives_up_its_test_over_any_look(make_drive):
    drive = make_drive()
    drive.aborts_on_command = True
    drive.start("short")
    drive.command()
    assert drive.progress() is None
    assert drive.tests[0].ending is Ending.ABORTED


def test_a_pulled_drive_logs_a_reset(make_drive):
    drive = make_drive()
    drive.start("short")
    drive.unplug()
    assert drive.gone
    drive.plug()
    assert drive.tests[0].ending is Ending.RESET


def test_bad_sectors_fail_reads_at_exactly_their_lbas_and_the_extended_test(make_drive, clock):
    drive = make_drive()
    drive.inject("bad_sector")
    bad = min(drive.bad_lbas)
    assert drive.pending == len(drive.bad_lbas) == drive.profile.physical_block_bytes // 512
    with pytest.raises(OSError, match="unrecovered read error") as caught:
        drive.pread(bad * 512, 512)
    assert caught.value.errno == errno.EIO
    assert drive.pread((bad - 1) * 512, 512) == (bad - 1).to_bytes(8, "little") * 64
    drive.start("extended")
    clock.advance(30 * 24 * 3600)
    drive.progress()
    assert drive.tests[0].lba == bad


def test_a_read_across_the_end_is_short_and_beyond_it_empty(make_drive):
    drive = make_drive()
    size = drive.profile.capacity_bytes
    assert len(drive.pread(size - 700, 4096)) == 700
    assert drive.pread(size, 512) == b""


def test_a_hot_drive_is_above_its_limit_but_an_nvme_drive_gives_no_warning_yet(make_drive):
    for protocol in Protocol:
        drive = make_drive(protocol)
        cool = drive.temperature_celsius
        drive.inject("hot")
        assert drive.temperature_celsius == drive.hot_celsius > cool + 20
        assert protocol is not Protocol.NVME or drive.critical_warning == 0
        drive.clear("hot")
        assert drive.temperature_celsius == cool


def test_failed_health_shows_in_every_kinds_own_way(make_drive):
    ata, nvme = make_drive(Protocol.ATA), make_drive(Protocol.NVME)
    for drive in (ata, nvme):
        drive.inject("health_failed")
    reallocated = next(line for line in ata.attributes() if line.id == 5)
    assert reallocated.value <= reallocated.threshold
    assert nvme.critical_warning & 4


def test_an_unknown_fault_is_refused(make_drive):
    drive = make_drive()
    for call in (drive.inject, drive.clear):
        with pytest.raises(ValueError, match="no fault"):
            call("gremlins")


def test_the_same_seed_and_serial_make_the_same_drive_and_another_serial_another(make_drive):
    def figures(drive: DriveModel) -> object:
        drive.inject("bad_sector")
        return drive.attributes(), drive.fail_lba, drive.bad_lbas, drive.wwn

    assert figures(make_drive(serial="A", rng_seed=4)) == figures(make_drive(serial="A", rng_seed=4))
    assert figures(make_drive(serial="A", rng_seed=4)) != figures(make_drive(serial="B", rng_seed=4))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_can_be_cleared(make_drive, fault):
    drive = make_drive()
    drive.inject(fault)
    drive.clear(fault)
    assert not drive.faults
    assert not drive.bad_lbas
