"""One test's reports are one case, whatever its phases were."""

from types import SimpleNamespace

import pytest

from orchestrator.interfaces.pytest_plugin.cases import (
    Blame,
    Seen,
    attach,
    blame_of,
    case_of,
    is_without_answer,
    name_of,
    seen_in,
    text_of,
)
from orchestrator.model import errors
from orchestrator.model.measurement import Measurement
from orchestrator.model.suite import CaseOutcome

LOW = Measurement("seq", 400.5, "MB/s", at_least=450)


def report(when, outcome="passed", blame=Blame.NOTHING, longrepr=None, seen=True, **more):
    made = SimpleNamespace(
        nodeid="a.py::test_x[slot-3]", when=when, outcome=outcome, longrepr=longrepr, duration=0.5, **more
    )
    if seen:
        found = Seen(
            3, "A3", "SN3", "M", more.get("measurements", ()), more.get("jobs", ()), blame, more.get("why", "")
        )
        attach(made, found)
    return made


def crash(message):
    return SimpleNamespace(reprcrash=SimpleNamespace(message=message))


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("a.py::test_x[slot-3]", "a.py::test_x"),
        ("a.py::test_x[slot-3]@theirs", "a.py::test_x@theirs"),
        ("a.py::test_x[slot-3-4k]", "a.py::test_x[4k]"),
        ("a.py::test_x[4k-slot-3]", "a.py::test_x[4k]"),
        ("a.py::test_x[4k-slot-3-8]", "a.py::test_x[4k-8]"),
        ("a.py::test_x[slot-30]", "a.py::test_x[slot-30]"),
        ("a.py::test_x", "a.py::test_x"),
    ],
)
def test_a_case_is_named_without_its_slot(nodeid, name):
    assert name_of(nodeid, "slot-3") == name


def test_a_case_has_what_its_newest_report_saw_and_the_seconds_of_all():
    case = case_of([report("setup"), report("call", measurements=(LOW,), jobs=(4,)),
                    report("teardown", measurements=(LOW,), jobs=(4, 5))])  # fmt: skip
    assert (case.name, case.outcome, case.seconds) == ("a.py::test_x", CaseOutcome.PASSED, 1.5)
    assert (case.measurements, case.jobs) == ((LOW,), (4, 5))


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ([report("setup"), report("call", "failed", Blame.DRIVE), report("teardown")], CaseOutcome.FAILED),
        ([report("setup"), report("call", "failed", Blame.NO_ANSWER), report("teardown")], CaseOutcome.NO_ANSWER),
        ([report("setup"), report("call", "failed", Blame.TEST), report("teardown")], CaseOutcome.ERROR),
        ([report("setup", "failed", Blame.DRIVE), report("teardown")], CaseOutcome.ERROR),
        ([report("setup", "failed", Blame.DRIVE, measurements=(LOW,))], CaseOutcome.FAILED),
        ([report("setup", "failed", Blame.NO_ANSWER), report("teardown")], CaseOutcome.NO_ANSWER),
        ([report("setup"), report("call"), report("teardown", "failed", Blame.TEST)], CaseOutcome.ERROR),
        ([report("setup"), report("call", "failed", Blame.DRIVE), report("teardown", "failed", Blame.TEST)],
         CaseOutcome.FAILED),
        ([report("setup", "skipped"), report("teardown")], CaseOutcome.SKIPPED),
        ([report("setup"), report("call", "skipped", wasxfail="known"), report("teardown")], CaseOutcome.SKIPPED),
        ([report("setup"), report("call", "failed", Blame.DRIVE), report("teardown"),
          report("setup"), report("call"), report("teardown")], CaseOutcome.PASSED),
        ([report("???", "failed", longrepr="worker 'gw1' crashed", seen=False)], CaseOutcome.ERROR),
    ],
)  # fmt: skip
def test_the_worst_phase_of_the_last_run_decides(reports, outcome):
    assert case_of(reports).outcome is outcome


@pytest.mark.parametrize("reports", [[report("setup")], [report("setup"), report("teardown")]])
def test_a_test_that_was_torn_away_before_its_call_ended_has_not_passed(reports):
    case = case_of(reports)
    assert (case.outcome, case.text) == (CaseOutcome.NO_ANSWER, "it was broken off")


@pytest.mark.parametrize(
    ("error", "blame"),
    [
        (AssertionError("x"), Blame.DRIVE),
        (pytest.fail.Exception("x"), Blame.DRIVE),
        (errors.DriveRemoved("x"), Blame.NO_ANSWER),
        (errors.SlotEmpty("x"), Blame.NO_ANSWER),
        (errors.Unreachable("x"), Blame.NO_ANSWER),
        (errors.InvalidArgument("x"), Blame.TEST),
        (KeyError("x"), Blame.TEST),
        (None, Blame.NOTHING),
    ],
)
def test_only_what_a_test_asserts_blames_the_drive(error, blame):
    assert blame_of(error) is blame


def test_a_time_limit_that_ends_the_wait_for_a_job_blames_nobody():
    assert blame_of(pytest.fail.Exception("Timeout (>5.0s)"), broke_off=True) is Blame.NO_ANSWER


@pytest.mark.parametrize(
    ("longrepr", "text"),
    [
        (crash("AssertionError: seq 400 MB/s (at least 450)\nassert False"), "seq 400 MB/s (at least 450)"),
        (crash("assert 1 == 2"), "assert 1 == 2"),
        (crash("orchestrator.model.errors.DriveRemoved: slot 3: it left"), "DriveRemoved: slot 3: it left"),
        (crash("Failed: Timeout (>5.0s) from pytest-timeout."), "Timeout (>5.0s) from pytest-timeout."),
        (("a.py", 3, "Skipped: not today"), "not today"),
        ("worker 'gw1' crashed while running 'a.py::test_x[slot-3]'",) * 2,
        (None, ""),
    ],
)
def test_the_text_is_one_line_that_says_why(longrepr, text):
    assert text_of(report("call", "failed", longrepr=longrepr)) == text


def test_an_assertion_is_followed_by_what_the_drives_job_found():
    failed = report(
        "call", "failed", Blame.DRIVE, crash("assert False"), why="job 7, run_smart_test: fail: read failure"
    )
    assert case_of([failed]).text == "assert False; job 7, run_smart_test: fail: read failure"


def test_what_was_seen_survives_the_way_through_a_report():
    made = report("call", "failed", Blame.NO_ANSWER, measurements=(LOW,), jobs=(1, 2))
    assert seen_in(made) == Seen(3, "A3", "SN3", "M", (LOW,), (1, 2), Blame.NO_ANSWER)
    assert is_without_answer(made)
    assert seen_in(report("call", seen=False)) is None
