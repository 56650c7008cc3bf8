"""A suite's results are a job of the drive that was tested, and of no other."""

import json

import pytest

from orchestrator import AsyncJobStatus, Rack, VerdictStatus, errors
from orchestrator.model import plain
from orchestrator.model.measurement import Measurement
from orchestrator.model.suite import CaseOutcome, CaseResult

SOON = 20
PASSED = CaseResult("a.py::test_a", CaseOutcome.PASSED, 1.5, measurements=(Measurement("seq", 512, "MB/s", 450),))
FAILED = CaseResult("a.py::test_b", CaseOutcome.FAILED, 0.5, "seq 400 MB/s (at least 450)", jobs=(3, 4))
MUTE = CaseResult("a.py::test_c", CaseOutcome.NO_ANSWER, 0.5, "DriveRemoved: it left")


@pytest.fixture(scope="module")
def rack():
    with Rack.simulated(slots=3, speed=1e5) as rack:
        yield rack


def record(rack, cases, serial=None, slot_id=1):
    serial = serial or rack.slots()[slot_id - 1].drive.serial
    return rack.record_tests(7, slot_id, serial=serial, results=plain.dumps(cases))


@pytest.mark.parametrize(
    ("cases", "status"),
    [
        ((PASSED,), VerdictStatus.PASS),
        ((PASSED, FAILED, MUTE), VerdictStatus.FAIL),
        ((PASSED, MUTE), VerdictStatus.UNKNOWN),
        ((), VerdictStatus.UNKNOWN),
    ],
)
def test_the_cases_come_back_as_they_were_with_the_verdict_beside_them(rack, cases, status):
    job_id = record(rack, cases)
    found = rack.record_tests_result(job_id, SOON)
    assert found.cases == cases
    assert found.seconds == sum(case.seconds for case in cases)
    assert rack.get_job_status(job_id).verdict.status is status


def test_another_drives_results_are_not_recorded_here(rack):
    with pytest.raises(errors.DriveChanged, match="XX was tested"):
        rack.record_tests_result(record(rack, (PASSED,), "XX"), SOON)


def test_a_drive_that_answers_with_another_serial_by_now_is_not_judged(rack):
    rack.simulation.inject(2, "wrong_serial")
    job_id = record(rack, (PASSED,), slot_id=2)
    with pytest.raises(errors.DriveChanged):
        rack.record_tests_result(job_id, SOON)
    assert rack.get_job_status(job_id).status is AsyncJobStatus.FAILED


@pytest.mark.parametrize(
    "results",
    ["", "{}", "[1]", '[{"name": "a"}]', '[{"name": "a", "outcome": "fine", "seconds": 1}]',
     json.dumps([{"name": "a", "outcome": "passed", "seconds": -1}])],
)  # fmt: skip
def test_what_is_no_list_of_cases_is_refused_at_the_start(rack, results):
    with pytest.raises(errors.InvalidArgument, match="results") as refused:
        rack.record_tests(7, 1, serial="X", results=results)
    assert "JSON list of cases" in refused.value.remedy


def test_an_empty_serial_is_refused_at_the_start(rack):
    with pytest.raises(errors.InvalidArgument, match="serial"):
        rack.record_tests(7, 1, serial=" ", results="[]")
