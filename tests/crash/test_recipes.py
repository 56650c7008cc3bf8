"""The shipped burn-in over kill -9: the drives go on by themselves, each step is done once, and there is one report."""

import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import TestSuite

from orchestrator.model.errors import Interrupted
from orchestrator.model.job import AsyncJobStatus, ListInfo, children_of
from orchestrator.model.recipe import StepOutcome
from orchestrator.model.verdict import VerdictStatus
from tests.crash.rack_process import RackProcess, until

SPEED = 1000.0
SOON = 90.0


@pytest.fixture
def open_rack(drives):
    """Starts the program; each time on the same file and store."""
    return lambda: RackProcess(drives.rack_file, speed=SPEED)


def said(rack, job_id, begin):
    return rack.get_job_status(job_id).message.startswith(begin)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("drives", [SPEED], indirect=True)
def test_a_burn_in_that_is_killed_twice_ends_as_one_job_with_each_step_done_once(open_rack, drives):
    with open_rack() as rack:
        job_id = rack.run_recipe(1, 3, name="burn-in")
        until(lambda: said(rack, job_id, "step 2 of 7"))
        rack.kill()
    with open_rack() as rack:
        until(lambda: said(rack, job_id, "step 3 of 7"))
        rack.kill()
    with open_rack() as rack:
        result, job = rack.run_recipe_result(job_id, SOON), rack.get_job_status(job_id)
        assert [(step.step, step.outcome) for step in result.steps] == [
            ("read_health", StepOutcome.PASS),
            ("run_smart_test (kind=short)", StepOutcome.PASS),
            ("run_smart_test (kind=extended)", StepOutcome.PASS),
            ("read_scan", StepOutcome.SKIPPED),  # of the other protocols
            ("read_scan", StepOutcome.PASS),
            ("run_smart_test (kind=extended)", StepOutcome.PASS),
            ("read_health", StepOutcome.PASS),
        ]
        assert (job.status, job.verdict.status, job.attempt) == (AsyncJobStatus.COMPLETED, VerdictStatus.PASS, 1)
        children = children_of(job, rack.get_jobs_list)
        done = [child for child in children if child.error is None or child.error.code != Interrupted.code]
        assert [child.id for child in done] == [step.job_id for step in result.steps if step.job_id]
        assert rack.get_jobs_list(ListInfo(name_starts_with="run_recipe")).total == 1
        tests = [record.kind for record in drives.models[3].tests]
        assert tests == ["extended", "extended", "short"]  # newest first: the drive itself began no other
    suite = TestSuite.fromstring(report(drives, job_id))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (7, 0, 0, 1)
    assert report(drives, job_id) == report(drives, job_id)


def report(drives, job_id):
    command = (str(Path(sys.executable).with_name("orchestrator")), "report", str(job_id), "--format", "junit")
    done = subprocess.run((*command, "--config", str(drives.rack_file)), capture_output=True, check=True, timeout=60)
    return done.stdout.decode()
