"""A pytest suite as a job: what it finds is the job's, what it starts are the job's children."""

import xml.etree.ElementTree as ET

import pytest

from orchestrator.model import errors
from orchestrator.model.job import AsyncJobStatus, ListInfo, children_of
from orchestrator.model.suite import CaseOutcome
from orchestrator.model.verdict import VerdictStatus
from tests.suites.conftest import SOON

THREE = """
    def test_identity(slot, drive):
        assert drive.serial == slot.drive.serial

    def test_speed(drive):
        drive.measure("seq_read", 512, unit="MB/s", at_least=450)

    def test_self_test(drive):
        assert drive.run_smart_test()
"""


def run(rack, folder, slot_id=2, **options):
    job_id = rack.run_pytest(1, slot_id, path=str(folder), **options)
    return job_id, rack.run_pytest_result(job_id, timeout=SOON)


def outcomes(result):
    return {case.name.rpartition("::")[2]: case.outcome for case in result.cases}


def test_a_suite_that_passes_is_a_pass_with_its_tests_measurements_and_junit(rack, suite):
    job_id, result = run(rack, suite(THREE))
    job = rack.get_job_status(job_id)
    assert (job.status, job.progress, job.verdict.status) == (AsyncJobStatus.COMPLETED, 100, VerdictStatus.PASS)
    assert result.serial == job.drive.serial
    assert set(outcomes(result).values()) == {CaseOutcome.PASSED} and len(result.cases) == 3
    (measured,) = result.measurements
    assert (measured.name, measured.value, measured.unit, measured.at_least) == ("seq_read", 512, "MB/s", 450)
    assert len(ET.fromstring(result.junit).findall(".//testcase")) == 3  # noqa: S314  pytest's own
    assert result.exit_status == 0 and 0 < result.seconds < SOON


def test_what_it_starts_are_children_of_its_job_in_its_own_slot(rack, suite):
    job_id, result = run(rack, suite(THREE))
    (child,) = children_of(rack.get_job_status(job_id), rack.get_jobs_list)
    assert (child.name, child.slot_id, child.parent_id) == ("run_smart_test", 2, job_id)
    assert child.verdict.status is VerdictStatus.PASS
    assert [case.jobs for case in result.cases] == [(), (), (child.id,)]


def test_a_drive_that_fails_its_self_test_fails_the_suite(rack, suite):
    rack.simulation.inject(2, "self_test_failure")
    job_id, result = run(rack, suite(THREE))
    assert outcomes(result)["test_self_test"] is CaseOutcome.FAILED
    verdict = rack.get_job_status(job_id).verdict
    assert verdict.status is VerdictStatus.FAIL and "test_self_test" in verdict.reasons[0].text
    assert result.exit_status == 1


def test_a_measurement_outside_its_limits_fails_the_drive(rack, suite):
    job_id, result = run(rack, suite(THREE.replace("512", "300")))
    assert outcomes(result)["test_speed"] is CaseOutcome.FAILED
    assert rack.get_job_status(job_id).verdict.status is VerdictStatus.FAIL


def test_it_runs_with_whatever_plugins_are_installed(rack, suite, monkeypatch):
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    _, result = run(rack, suite("def test_a(drive): pass"))
    assert set(outcomes(result).values()) == {CaseOutcome.PASSED}


def test_two_slots_run_their_suites_side_by_side(rack, suite):
    folder = suite(THREE)
    first, second = (rack.run_pytest(1, slot_id, path=str(folder)) for slot_id in (1, 3))
    serials = {rack.run_pytest_result(job_id, timeout=SOON).serial for job_id in (first, second)}
    assert serials == {slot.drive.serial for slot in rack.slots() if slot.id != 2}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "suite_broken"),
        ("def test_alone(): pass", "nothing_tested"),
        ("def test_wrong(drive): 1 / 0", "test_broken"),
        ("import pytest\n@pytest.mark.skip\ndef test_not(drive): pass", "nothing_tested"),
        ("import pytest\n@pytest.mark.drive(protocol='nvme')\ndef test_other(drive): pass", "nothing_tested"),
    ],
    ids=["no test", "no drive", "a broken test", "skipped", "for other drives"],
)
def test_without_a_test_of_the_drive_nothing_is_known(rack, suite, text, rule):
    """No evidence, no pass."""
    job_id, _ = run(rack, suite(text))
    verdict = rack.get_job_status(job_id).verdict
    assert verdict.status is VerdictStatus.UNKNOWN
    assert [reason.rule for reason in verdict.reasons] == [rule]


@pytest.mark.parametrize(
    ("text", "args", "said"),
    [
        ("import nothing_of_that_name", "", "nothing_of_that_name"),
        ("def test_a(drive): pass", "--no-such-option", "no-such-option"),
        ("import pytest\ndef test_a(drive): pytest.exit('enough', 3)", "", "enough"),
        ("import os\ndef test_a(drive): print('last words', flush=True); os._exit(0)", "-s", "last words"),
        ("import os\ndef test_a(drive): os.kill(os.getpid(), 9)", "", "signal 9"),
    ],
    ids=["not collected", "wrong usage", "left by itself", "died quietly", "killed"],
)
def test_a_suite_that_does_not_come_to_its_end_has_no_answer_and_its_last_words_say_why(rack, suite, text, args, said):
    job_id = rack.run_pytest(1, 2, path=str(suite(text)), args=args)
    with pytest.raises(errors.ToolFailed, match=said):
        rack.run_pytest_result(job_id, timeout=SOON)
    error = rack.get_job_status(job_id).error
    assert error.text.isprintable() and len(error.text) < 2000


def test_a_test_without_an_answer_judges_nothing(rack, suite):
    rack.simulation.inject(2, "garbage")
    job_id, result = run(rack, suite("def test_health(drive): assert drive.read_health().status == 'pass'"))
    assert outcomes(result)["test_health"] is CaseOutcome.NO_ANSWER
    assert rack.get_job_status(job_id).verdict.status is VerdictStatus.UNKNOWN


def test_the_suite_sees_its_own_slot_and_its_own_jobs_alone(rack, suite):
    other = rack.read_health(7, 1)
    rack.read_health_result(other, timeout=SOON)
    _, result = run(
        rack,
        suite(f"""
            import pytest
            from orchestrator.model import errors

            def test_all(rack, slot, drive):
                assert rack.slots() == (slot,) and slot.id == 2 and rack.is_simulated
                with pytest.raises(errors.UnknownSlot):
                    rack.read_health(1, 1)
                with pytest.raises(errors.UnknownJob):
                    rack.get_job_status({other})
                with pytest.raises(errors.UnknownJob):
                    rack.cancel_job({other})
                job_id = rack.read_health(5, 2)
                assert rack.read_health_result(job_id).status == "pass"
                job = rack.get_job_status(job_id)
                assert job.client_ref == 5 and job.drive == slot.drive
                assert [found.id for found in rack.get_jobs_list()] == [job_id]
                assert rack.open_jobs() == ()
                with pytest.raises(errors.InvalidArgument):
                    rack.run_smart_test(1, 2, kind="endless")
                with pytest.raises(errors.WrongOperation):
                    rack.run_smart_test_result(job_id)
                with pytest.raises(AttributeError):
                    rack.release_slot(2)
        """),
    )
    assert [(case.outcome, case.text) for case in result.cases] == [(CaseOutcome.PASSED, "")]


def test_a_job_of_it_can_be_waited_for_in_parts_and_cancelled(slow_rack, suite):
    _, result = run(
        slow_rack,
        suite("""
            import pytest
            from orchestrator.model import errors

            def test_all(rack, drive):
                job_id = rack.run_smart_test(1, 2, kind="extended")
                with pytest.raises(errors.JobNotFinished):
                    rack.run_smart_test_result(job_id, timeout=0.3)
                with pytest.raises(errors.JobNotFinished):
                    rack.run_smart_test_result(job_id, timeout=0)
                rack.cancel_job(job_id)
                with pytest.raises(errors.JobCancelled):
                    rack.run_smart_test_result(job_id, timeout=20)
        """),
    )
    assert [(case.outcome, case.text) for case in result.cases] == [(CaseOutcome.PASSED, "")]


def test_a_job_that_the_suite_leaves_running_ends_with_it(slow_rack, suite):
    job_id, _ = run(slow_rack, suite("def test_a(rack, drive): rack.run_smart_test(1, 2, kind='extended')"))
    (child,) = children_of(slow_rack.get_job_status(job_id), slow_rack.get_jobs_list)
    (child,) = slow_rack.wait([child.id], SOON)
    assert child.error.code == "job_cancelled"


def test_the_teams_own_configuration_is_found_as_when_they_call_pytest(rack, suite, tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:terminal\nenv_word = team\n")
    (tmp_path / "limits.txt").write_text("450")
    folder = suite(
        """
        from pathlib import Path

        def test_a(drive, word):
            assert word == "team"
            assert Path("limits.txt").read_text() == "450", "where pytest is called: beside its ini file"
        """,
        conftest="""
        import pytest

        def pytest_addoption(parser):
            parser.addini("env_word", "a word")

        @pytest.fixture
        def word(pytestconfig):
            return pytestconfig.getini("env_word")
        """,
    )
    _, result = run(rack, folder)
    assert [(case.name, case.outcome) for case in result.cases] == [
        ("qualification/test_drive.py::test_a", CaseOutcome.PASSED)
    ]
    assert not list(tmp_path.rglob(".pytest_cache"))


def test_workers_of_xdist_in_the_teams_ini_file_are_passed_over(rack, suite, tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p xdist -n 2 --rack simulated\n")
    job_id, result = run(rack, suite(THREE))
    assert set(outcomes(result).values()) == {CaseOutcome.PASSED} and len(result.cases) == 3
    assert len(children_of(rack.get_job_status(job_id), rack.get_jobs_list)) == 1


def test_args_choose_tests_as_on_a_command_line(rack, suite):
    folder = suite(THREE)
    assert set(outcomes(run(rack, folder, args="-k 'identity or speed' -x")[1])) == {"test_identity", "test_speed"}
    assert set(outcomes(run(rack, f"{folder}/test_drive.py::test_speed")[1])) == {"test_speed"}


@pytest.mark.parametrize(
    ("path", "args"),
    [("/no/such/suite", ""), ("", ""), ("a\0b", ""), (".", "-k 'open"), (".", "-- x"), (".", "a\0b")],
)
def test_a_wrong_path_and_wrong_args_are_refused_at_the_start(rack, path, args):
    with pytest.raises(errors.InvalidArgument) as told:
        rack.run_pytest(1, 1, path=path, args=args)
    assert told.value.remedy or "--" in told.value.text or "NUL" in told.value.text
    assert rack.get_jobs_list(ListInfo()).total == 0


def test_a_second_rack_by_args_is_not_taken(rack, suite):
    """It has its drive already."""
    _, result = run(rack, suite("def test_a(rack, slot): assert len(rack.slots()) == 1"), args="--rack simulated")
    assert set(outcomes(result).values()) == {CaseOutcome.PASSED}


def test_the_secret_that_lets_one_into_a_service_is_not_the_suites(rack, suite, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_TOKEN", "dto_secret")
    monkeypatch.setenv("TEAM_SETTING", "kept")
    text = """
        import os

        def test_a(drive):
            assert "ORCHESTRATOR_TOKEN" not in os.environ and os.environ["TEAM_SETTING"] == "kept"
    """
    assert set(outcomes(run(rack, suite(text))[1]).values()) == {CaseOutcome.PASSED}


def test_without_pytest_the_job_says_how_to_get_it(rack, suite, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    job_id = rack.run_pytest(1, 1, path=str(suite(THREE)))
    with pytest.raises(errors.ToolMissing) as told:
        rack.run_pytest_result(job_id, timeout=SOON)
    assert "drive-test-orchestrator[pytest]" in told.value.remedy


def test_junit_that_is_too_long_is_left_out_and_said_so(rack, suite):
    text = """
        def test_a(drive, record_property):
            record_property("long", "x" * 1_100_000)
    """
    job_id, result = run(rack, suite(text))
    assert result.junit == "" and set(outcomes(result).values()) == {CaseOutcome.PASSED}
    said = [event.job.message for event in _so_far(rack) if event.job is not None and event.job.id == job_id]
    assert any("longer than 1 MB" in message for message in said)


def test_progress_and_message_tell_which_test_runs(slow_rack, suite, tmp_path):
    go = tmp_path / "go"
    folder = suite(f"""
        import time
        from pathlib import Path

        def test_first(drive):
            pass

        def test_second(drive):
            while not Path({str(go)!r}).exists():
                time.sleep(0.02)
    """)
    job_id = slow_rack.run_pytest(1, 2, path=str(folder))
    for event in slow_rack.events(0):
        if event.job is not None and event.job.id == job_id and "test_second" in event.job.message:
            break
    assert event.job.message == "test 2 of 2: test_drive.py::test_second"
    go.touch()
    slow_rack.run_pytest_result(job_id, timeout=SOON)
    shown = {e.job.progress for e in _so_far(slow_rack) if e.job is not None and e.job.id == job_id}
    assert 50 in shown, "one of two"


def _so_far(rack):
    last = rack.sequence
    for event in rack.events(0):
        yield event
        if event.sequence >= last:
            return
