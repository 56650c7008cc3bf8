"""A read scan over a kill -9: the real reader on a real file goes on where the store last heard of it."""

import json
import re

import pytest

from orchestrator.model.job import PAUSED_BY_USER, AsyncJobStatus, EventKind
from tests.crash.drives import SPEED, SURFACE_BYTES
from tests.crash.rack_process import RackProcess, until


@pytest.fixture
def open_rack(drives):
    """Starts the program; each time on the same file and store."""
    return lambda: RackProcess(drives.rack_file, speed=SPEED)


def checkpoints(rack, job_id):
    """The LBAs that the store heard of before the second attempt."""
    found = []
    for row in rack.job_history(job_id).rows:
        if dict(row.changes).get("attempt", 1) > 1:
            break
        if row.kind is EventKind.MEMO:
            found.append(json.loads(dict(row.changes)["memo"])["lba"])
    return found


def statuses(rack, job_id):
    rows = rack.job_history(job_id).rows
    return [AsyncJobStatus(status).name for row in rows for name, status in row.changes if name == "status"]


def went_on_at(rack, job_id):
    said = re.fullmatch(r"goes on at LBA (\d+) after a restart", rack.get_job_status(job_id).message)
    return said and int(said[1])


def test_a_paused_scan_stays_paused_with_its_reason_and_goes_on_when_it_is_resumed(open_rack, drives):
    with open_rack() as rack:
        job_id = rack.read_scan(1, 1)
        until(lambda: checkpoints(rack, job_id))
        rack.pause_job(job_id)
        until(lambda: rack.get_job_status(job_id).status is AsyncJobStatus.PAUSED)
        rack.kill()
    with open_rack() as rack:
        until(lambda: went_on_at(rack, job_id))
        job = rack.get_job_status(job_id)
        assert (job.status, job.reason) == (AsyncJobStatus.PAUSED, PAUSED_BY_USER)
        assert went_on_at(rack, job_id) == checkpoints(rack, job_id)[-1] > 0
        rack.resume_job(job_id)
        result, job = rack.read_scan_result(job_id, 60), rack.get_job_status(job_id)
        assert (result.sectors_read, result.bad_lbas, job.attempt) == (SURFACE_BYTES // 512, (), 2)
        assert statuses(rack, job_id) == ["RUNNING", "PAUSED", "RUNNING", "COMPLETED"]


def test_a_running_scan_goes_on_at_its_checkpoint_and_reads_every_sector_once(open_rack, drives):
    with open_rack() as rack:
        job_id = rack.read_scan(1, 2)
        until(lambda: checkpoints(rack, job_id))
        rack.kill()
    with open_rack() as rack:
        until(lambda: went_on_at(rack, job_id))
        assert went_on_at(rack, job_id) == checkpoints(rack, job_id)[-1] > 0
        result, job = rack.read_scan_result(job_id, 60), rack.get_job_status(job_id)
        assert (result.sectors_read, result.bad_lbas, job.attempt) == (SURFACE_BYTES // 512, (), 2)
        assert (result.start_lba, result.end_lba) == (0, SURFACE_BYTES // 512)
        assert statuses(rack, job_id) == ["RUNNING", "UNKNOWN", "RUNNING", "COMPLETED"]
