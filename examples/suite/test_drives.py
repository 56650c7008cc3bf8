"""A pytest suite for drives: each test runs once on every drive of the rack, and the table at the end is by slot.

pytest examples/suite                                  # as pytest.ini says: 8 simulated drives, two of them sick
pytest examples/suite --rack config/rack.yaml --junitxml drives.xml
orchestrator run pytest 3 --path examples/suite --config config/rack.yaml      # as a job, on one slot
"""

import pytest

from orchestrator import VerdictStatus


def test_it_calls_itself_well(drive):
    assert drive.read_health().status is VerdictStatus.PASS


def test_its_own_self_test_passes(drive):
    assert drive.run_smart_test(kind="short")


@pytest.mark.drive(min_capacity="1TB")
def test_it_reads_well(drive):
    scan = drive.read_scan(end_lba=4_000_000)
    drive.measure("unreadable_places", len(scan.bad_lbas), at_most=0)
    drive.measure("slowest_read", scan.slowest[0][1], unit="ms", at_most=1_000)
