"""What a scan proves, from figures alone."""

from dataclasses import replace
from itertools import pairwise

import pytest

from orchestrator.model.report import SmartReport
from orchestrator.model.scan import ZONES, Stretch, Tally, judge_scan, zones
from orchestrator.model.verdict import VerdictStatus

SOUND = SmartReport(health_passed=True, temperature_celsius=30, self_test_log_seen=True)
WIDE = 2048 * 1000
SECTORS = ZONES * WIDE
"""Of a drive whose zones hold 1 GB each."""


def result(speeds, *, bad=(), wide=WIDE):
    """A scan with this speed (MB/s) in each zone."""
    tally = Tally(0, 512, 0)
    for number, speed in enumerate(speeds):
        tally.enter_zone()
        end = (number + 1) * wide
        here = tuple(lba for lba in bad if end - wide <= lba < end)
        tally.add(Stretch(end, wide * 512 / 1e6 / speed, here))
    return tally.result()


def rules(verdict):
    return [reason.rule for reason in verdict.reasons]


DISK = [200 - 5 * zone for zone in range(ZONES)]
"""A sound disk: half as fast inside."""


def test_zones_are_parts_of_the_drive_whatever_range_is_read():
    whole = list(zones(0, SECTORS, SECTORS))
    assert len(whole) == ZONES
    assert whole[3] == (3 * WIDE, 4 * WIDE)
    assert list(zones(3 * WIDE + 5, 4 * WIDE + 7, SECTORS)) == [(3 * WIDE + 5, 4 * WIDE), (4 * WIDE, 4 * WIDE + 7)]


@pytest.mark.parametrize("sectors", [1, 7, 2047, 2048, 2049, 39_070_000_001])
def test_zones_cover_everything_once(sectors):
    found = list(zones(0, sectors, sectors))
    assert found[0][0] == 0
    assert found[-1][1] == sectors
    assert all(left[1] == right[0] for left, right in pairwise(found))
    assert len(found) <= ZONES


def test_a_sound_disk_passes_though_it_is_half_as_fast_inside():
    assert judge_scan(result(DISK), (), SOUND).status is VerdictStatus.PASS


def test_unreadable_places_fail_whatever_else():
    verdict = judge_scan(result(DISK, bad=(8, WIDE + 16)), (), SmartReport())
    assert verdict.status is VerdictStatus.FAIL
    assert rules(verdict)[0] == "unreadable"
    assert verdict.reasons[0].value == "2"


def test_a_drive_that_calls_itself_failing_fails_with_a_sound_surface():
    verdict = judge_scan(result(DISK), (), SmartReport(health_passed=False))
    assert verdict.status is VerdictStatus.FAIL


def test_a_sound_surface_without_health_is_not_good():
    assert judge_scan(result(DISK), (), SmartReport()).status is VerdictStatus.UNKNOWN


def test_zones_far_slower_than_the_outer_ones_warn_with_the_figures():
    speeds = [*DISK[:12], 20.0, *DISK[13:]]
    verdict = judge_scan(result(speeds), (), SOUND)
    assert (verdict.status, rules(verdict)) == (VerdictStatus.WARN, ["slow_zones"])
    assert "20 MB/s from LBA" in verdict.reasons[0].text
    assert f"LBA {12 * WIDE}" in verdict.reasons[0].text


def test_a_drive_far_slower_than_its_peers_warns_with_the_figures():
    peers = [result(DISK), result([speed * 1.04 for speed in DISK])]
    verdict = judge_scan(result([speed / 2 for speed in DISK]), peers, SOUND)
    assert (verdict.status, rules(verdict)) == (VerdictStatus.WARN, ["slower_than_peers"])
    assert "2 other drives" in verdict.reasons[0].text


def test_a_drive_a_little_slower_than_its_peers_passes():
    assert judge_scan(result([speed * 0.8 for speed in DISK]), [result(DISK)], SOUND).status is VerdictStatus.PASS


def test_peers_that_were_read_elsewhere_say_nothing():
    elsewhere = replace(result(DISK), mb_per_s=tuple((lba + 2048, 1000.0) for lba, _ in result(DISK).mb_per_s))
    assert judge_scan(result(DISK), [elsewhere], SOUND).status is VerdictStatus.PASS


def test_zones_that_were_read_in_no_time_say_nothing_about_speed():
    speeds = [*DISK[:12], 20.0, *DISK[13:]]
    assert judge_scan(result(speeds, wide=2048), (), SOUND).status is VerdictStatus.PASS
