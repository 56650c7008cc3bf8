"""A scan of simulated drives: what it finds, what it costs, and how sickness shows."""

import time

import pytest

from orchestrator import Rack, VerdictStatus, errors
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Presence, Protocol
from orchestrator.simulated.surface import SimulatedSurfaces
from orchestrator.simulated.world import World
from tests.simulation.racks import build

SOON = 60.0


class Standing:
    """A clock that stands: rack time is what is slept."""

    @staticmethod
    def monotonic():
        return 0.0


def scan(rack, slot_id, timeout=SOON, **options):
    job_id = rack.read_scan(1, slot_id, **options)
    return rack.read_scan_result(job_id, timeout), rack.get_job_status(job_id).verdict


def test_a_scan_sleeps_once_per_percent_and_reads_no_byte(make_drive, stop):
    drive = make_drive(Protocol.ATA)
    surface = SimulatedSurfaces(lambda presence: drive, RackClock(Standing())).open(
        Presence(1, drive.identity(), "/dev/sim1"), stop=stop
    )
    lba = 0
    while lba < surface.sectors:
        lba = surface.read(lba, surface.sectors).end_lba
    assert len(stop.waits) == 100
    hours = sum(stop.waits) / 3600
    assert hours == pytest.approx(drive.profile.capacity_bytes / 150e6 / 3600, rel=0.1), "as long as a real disk takes"


@pytest.mark.parametrize("speed", [1e5, 1e6])
def test_whole_drives_are_scanned_at_any_speed(speed):
    with Rack.simulated(slots=8, speed=speed, seed=3) as rack:
        began = time.monotonic()
        for slot in rack.slots():
            result, verdict = scan(rack, slot.id)
            assert result.sectors_read * 512 == slot.drive.capacity_bytes // 512 * 512
            assert verdict.status is VerdictStatus.PASS
        assert time.monotonic() - began < SOON


def test_bad_sectors_are_found_and_fail_the_drive():
    with Rack.simulated(slots=2, speed=1e6, seed=7) as rack:
        for slot_id in (1, 2):
            rack.simulation.inject(slot_id, "bad_sector")
            result, verdict = scan(rack, slot_id)
            bad = rack.simulation.drive(slot_id).bad_lbas
            assert {lba // 8 for lba in result.bad_lbas} == {lba // 8 for lba in bad}
            assert len(result.bad_lbas) == 1
            assert verdict.status is VerdictStatus.FAIL


def test_a_range_without_the_bad_sector_passes_over_it():
    with Rack.simulated(slots=1, speed=1e6, seed=7) as rack:
        rack.simulation.drive(1).bad_lbas.add(1000)
        assert scan(rack, 1, start_lba=1001, end_lba=5000)[0].bad_lbas == ()
        assert scan(rack, 1, start_lba=1000, end_lba=1001)[0].bad_lbas == (1000,)


def test_a_slow_drive_is_a_warning_with_the_figures():
    with World(1, preempt=0.0, lag=0.0) as world:
        rack = build(world)
        rack.simulation.inject(1, "slow")
        result, verdict = scan(rack, 1, timeout=1e7)
        assert verdict.status is VerdictStatus.WARN
        assert verdict.reasons[0].rule == "slow_zones"
        assert result.mb_per_s[0][1] > 3 * result.mb_per_s[-1][1]


def test_a_drive_slower_than_its_peers_of_one_model_is_a_warning(monkeypatch):
    with World(1, preempt=0.0, lag=0.0) as world:
        rack = build(world, slots=64)
        models: dict[str, list[int]] = {}
        for slot in rack.slots():
            models.setdefault(slot.drive.model, []).append(slot.id)
        sound, sick = next(ids for ids in models.values() if len(ids) > 1)[:2]
        model = rack.simulation.drive(sick)
        speed = model.bytes_per_s
        monkeypatch.setattr(model, "bytes_per_s", lambda lba: speed(lba) / 2)
        assert scan(rack, sick, timeout=1e7)[1].status is VerdictStatus.PASS, "nobody to compare with yet"
        assert scan(rack, sound, timeout=1e7)[1].status is VerdictStatus.PASS
        _, verdict = scan(rack, sick, timeout=1e7)
        assert verdict.status is VerdictStatus.WARN
        assert [reason.rule for reason in verdict.reasons] == ["slower_than_peers"]


def test_a_scan_is_paused_and_goes_on_where_it_was():
    with World(1, preempt=0.0, lag=0.0) as world:
        rack = build(world)
        job_id = rack.read_scan(1, 1)
        world.sleep(100)
        rack.pause_job(job_id)
        world.sleep(1000)
        held = rack.get_job_status(job_id).progress
        world.sleep(1e5)
        assert rack.get_job_status(job_id).progress == held
        rack.resume_job(job_id)
        result = rack.read_scan_result(job_id, 1e7)
        assert result.sectors_read == rack.simulation.drive(1).profile.sectors
        assert result.seconds < 1e5, "the pause does not count"


@pytest.mark.parametrize(
    ("fault", "error"),
    [("hang", errors.ToolTimeout), ("unreadable", errors.ToolFailed), ("wrong_serial", errors.DriveChanged)],
)
def test_a_drive_that_does_not_answer_gives_no_answer(fault, error):
    with World(1, preempt=0.0, lag=0.0) as world:
        rack = build(world)
        rack.simulation.inject(1, fault)
        with pytest.raises(error):
            scan(rack, 1, timeout=1e6)


@pytest.mark.parametrize("end", ["pull", "cancel", "hang"])
def test_a_scan_ends_in_mid_drive(end):
    with World(1, preempt=0.0, lag=0.0) as world:
        rack = build(world)
        job_id = rack.read_scan(1, 1)
        world.sleep(100)
        expected = {"pull": errors.DriveRemoved, "cancel": errors.JobCancelled, "hang": errors.ToolTimeout}[end]
        match end:
            case "pull":
                rack.simulation.pull(1)
            case "cancel":
                rack.cancel_job(job_id)
            case "hang":
                rack.simulation.inject(1, "hang")
        with pytest.raises(expected):
            rack.read_scan_result(job_id, 1000)
