"""A stranger's suite: each of the three runs once on every drive of the rack."""

import pytest

from orchestrator import VerdictStatus


def test_health(drive):
    assert drive.read_health().status is VerdictStatus.PASS


def test_self_test(drive):
    assert drive.run_smart_test(kind="short")


@pytest.mark.drive(min_capacity="1TB")
def test_reads_fast_enough(drive):
    scan = drive.read_scan(end_lba=4_000_000)
    drive.measure("unreadable_places", len(scan.bad_lbas), at_most=0)
    drive.measure("outer_zone", scan.mb_per_s[0][1], unit="MB/s", at_least=100)
