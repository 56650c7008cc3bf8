"""What a job did not answer, what a test measured, and what is kept of it all."""

import pytest

from orchestrator import ListInfo, Rack, VerdictStatus
from tests.pytest_plugin.conftest import properties

RACK = ("--rack", "simulated:slots=3,speed=1e5,2=unreadable")
HEALTH = "def test_health(drive):\n    assert drive.read_health().status == 'pass'\n"


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["in one process", "side by side"])
def test_a_job_without_an_answer_fails_the_test_and_blames_no_drive(suite, pytester, workers):
    ran = suite(*RACK, "--junitxml=found.xml", *workers, text=HEALTH)
    assert (ran.status, ran.counts) == (1, {"passed": 2, "no answer": 1})
    assert ran.table["2"][2:6] == ["0", "0", "1", "0"]
    assert ran.table["2"][-1].startswith("test_health: ToolFailed: smartctl cannot read")
    assert "= NO ANSWER: nothing is known of the drive =" in ran.out
    assert "NO ANSWER test_it.py::test_health[slot-2] - ToolFailed: smartctl cannot read" in ran.out
    assert "orchestrator/rack.py" not in ran.out
    assert "not recorded: slot 2, " in ran.out
    found = properties(pytester.path / "found.xml")["test_health[slot-2]"]
    assert (found["outcome"], found["junit"]) == ("no answer", "failure")


def test_x_stops_at_it_and_lf_runs_it_again(suite):
    assert suite(*RACK, "-x", text=HEALTH).counts == {"passed": 1, "no answer": 1}
    assert suite(*RACK, "--lf").counts == {"no answer": 1}


def test_a_drive_that_is_swapped_or_pulled_is_not_tested_in_the_others_place(suite):
    text = """
    import pytest
    from orchestrator import errors

    def test_swapped(drive, rack):
        rack.simulation.pull(drive.slot.id)
        until_seen(rack, lambda slot: slot.drive is None)
        with pytest.raises(errors.DriveRemoved):
            drive.read_health()
        rack.simulation.insert(drive.slot.id)
        until_seen(rack, lambda slot: slot.drive is not None)
        with pytest.raises(errors.DriveChanged):
            drive.read_health()
        assert drive.jobs == ()

    def until_seen(rack, holds):
        events = rack.events(0)
        while not holds(rack.slots()[0]):
            next(events)
    """
    ran = suite("--rack", "simulated:slots=1,speed=1e5", text=text)
    assert ran.counts == {"passed": 1}
    assert "not recorded: slot 1, " in ran.out
    assert "was tested, and" in ran.out


def test_measurements_are_recorded_whether_they_hold_or_not(suite, pytester):
    text = """
    import pytest
    from decimal import Decimal
    from orchestrator.model.errors import InvalidArgument

    def test_measures(drive):
        drive.measure("seq_read", 512, unit="MB/s", at_least=450)
        drive.measure("latency", Decimal("0.25"), "ms")
        with pytest.raises(InvalidArgument):
            drive.measure("text", "fast")
        with pytest.raises(InvalidArgument):
            drive.measure("nothing", None)
        assert [str(found) for found in drive.measurements] == ["seq_read 512 MB/s (at least 450)", "latency 0.25 ms"]
        drive.measure("seq_read", float("nan"), at_least=450, at_most=600.5)
    """
    ran = suite("--rack", "simulated:slots=1,speed=1e5", "--junitxml=found.xml", text=text)
    assert ran.counts == {"failed": 1}
    assert "seq_read nan (at least 450, at most 600.5)" in ran.table["1"][-1]
    assert "not recorded" not in ran.out
    found = properties(pytester.path / "found.xml")["test_measures[slot-1]"]
    assert (found["measure:latency"], found["limits:seq_read"]) == ("0.25 ms", "at least 450, at most 600.5")


def test_every_operation_of_the_rack_is_there_by_name_and_a_wrong_name_is_told(suite):
    text = """
    import pytest
    from orchestrator import errors

    def test_names(drive):
        assert drive.locate(seconds=1) == drive.run("locate", seconds=1) == "ses"
        assert len(drive.jobs) == 2
        with pytest.raises(AttributeError, match="did you mean 'read_health'"):
            drive.read_helth
        with pytest.raises(errors.InvalidArgument):
            drive.run_smart_test(kid="short")
        with pytest.raises(errors.UnknownOperation):
            drive.run("nope")
        assert (drive.serial, drive.model, drive.protocol, drive.capacity_bytes) == (
            drive.info.serial, drive.info.model, drive.info.protocol, drive.info.capacity_bytes)
    """
    assert suite("--rack", "simulated:slots=1,speed=1e5", text=text).counts == {"passed": 1}


def test_what_was_skipped_or_expected_to_fail_is_counted_as_skipped(suite):
    text = """
    import pytest

    @pytest.mark.xfail(reason="known")
    def test_known(drive):
        assert False

    def test_skipped(drive):
        pytest.skip("not today")

    def test_broken(drive):
        raise KeyError("x")
    """
    ran = suite("--rack", "simulated:slots=1", text=text)
    assert ran.counts == {"xfailed": 1, "skipped": 1, "failed": 1}
    assert ran.table["1"][2:7] == ["0", "0", "0", "1", "2"]


@pytest.fixture
def kept(pytester):
    """A rack file with a history."""
    path = pytester.path / "rack.yaml"
    path.write_text("simulated: {slots: 2, speed: 1e5, faults: {2: health_failed}}\nstore: {path: history.db}\n")
    return path


def recorded(path):
    with Rack.from_config(path) as rack:
        jobs = rack.get_jobs_list(ListInfo(name_starts_with="record_tests"))
        return {job.slot_id: (job, rack.record_tests_result(job.id, 0)) for job in jobs}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["in one process", "side by side"])
def test_the_results_are_in_the_racks_history_as_a_job_a_slot(suite, kept, workers):
    assert suite("--rack", "rack.yaml", *workers, text=HEALTH).status == 1
    found = recorded(kept)
    assert {slot_id: job.verdict.status for slot_id, (job, _) in found.items()} == {
        1: VerdictStatus.PASS,
        2: VerdictStatus.FAIL,
    }
    job, result = found[2]
    assert job.drive.serial == result.serial
    (case,) = result.cases
    assert (case.name, case.outcome, len(case.jobs)) == ("test_it.py::test_health", "failed", 1)
    assert case.text.startswith("assert ")


@pytest.mark.parametrize("off", ["--rack-no-record", "rack_record=no"])
def test_on_request_nothing_is_recorded(suite, kept, off):
    arguments = (off,) if off.startswith("--") else ("-o", off)
    ran = suite("--rack", "rack.yaml", *arguments, text=HEALTH)
    assert ran.counts == {"failed": 1, "passed": 1}
    assert recorded(kept) == {}


def test_a_long_suite_is_recorded_in_as_few_parts_as_requests_take():
    from orchestrator.interfaces.pytest_plugin.recording import MOST_BYTES, parts
    from orchestrator.model import plain
    from orchestrator.model.suite import CaseOutcome, CaseResult

    cases = tuple(CaseResult(f"a.py::test_{n}", CaseOutcome.FAILED, 1.0, '"' * 300) for n in range(400))
    found = list(parts(cases))
    assert len(found) > 1
    assert all(len(plain.dumps({"results": part}).encode()) < MOST_BYTES * 1.2 for part in found)
    assert tuple(case for part in found for case in plain.loads(part, tuple[CaseResult, ...])) == cases
