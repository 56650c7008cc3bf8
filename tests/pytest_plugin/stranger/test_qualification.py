"""A stranger's suite: each of the three runs once on every drive of the rack that it is for."""

import pytest

from orchestrator import VerdictStatus


def test_health(drive):
    assert drive.read_health().status is VerdictStatus.PASS


def test_self_test(drive):
    assert drive.run_smart_test(kind="short")


@pytest.mark.drive(min_capacity="1TB")
def test_surface(drive):
    scan = drive.read_scan()
    drive.measure("slowest_zone", min(speed for _, speed in scan.mb_per_s), unit="MB/s", at_least=50)
    drive.measure("unreadable_places", len(scan.bad_lbas), at_most=0)
