"""What a recipe's findings mean: limits, growth, the pace of its peers, and the verdict of it all."""

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.model.measurement import Measurement, measurements_of
from orchestrator.model.plain import dumps, loads
from orchestrator.model.plan import Step
from orchestrator.model.recipe import (
    Growth,
    Limit,
    Recipe,
    RecipeResult,
    RecipeStep,
    StepOutcome,
    StepResult,
    check_limits,
    judge_recipe,
    outside,
    slower,
    usual_s,
)
from orchestrator.model.scan import ScanResult
from orchestrator.model.suite import CaseOutcome, CaseResult, SuiteResult, judge_suite
from orchestrator.model.verdict import Reason, VerdictStatus

SCAN = ScanResult(0, 2048, 512, 2048, (), ((5, 7.5),), ((0, 200.0), (1024, 90.0)), ((0, 31), (9, 44)), 4.0)
NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "low", "high", "within"),
    [
        (5, None, None, True),
        (5, 5, 5, True),
        (4.9, 5, None, False),
        (5.1, None, 5, False),
        (NAN, 0, None, False),
        (NAN, None, 9, False),
    ],
)
def test_both_limits_belong_to_the_range_and_nan_to_none(value, low, high, within):
    assert Measurement("x", value, "", low, high).is_within is within


def test_an_answer_says_what_it_measured_or_its_numbers_do():
    assert [found.name for found in measurements_of(SCAN)] == [
        "unreadable_places", "mean_mb_per_s", "slowest_zone_mb_per_s", "slowest_read_ms", "hottest_celsius"
    ]  # fmt: skip
    assert list(measurements_of(7)) == [Measurement("answer", 7)]
    assert list(measurements_of(True)) == list(measurements_of("ses")) == list(measurements_of(None)) == []
    assert list(measurements_of(Growth("name", 2))) == [Measurement("at_most", 2)]


def check(*limits, grows=(), whole=(), found=(), protocol=Protocol.ATA, first=(), before=(), after=()):
    step = RecipeStep(Step("any"), limits=limits, grows=grows)
    return check_limits(step, whole, found, protocol, dict(first), dict(before), dict(after))


def test_growth_counts_from_the_begin_of_what_it_is_set_on():
    measured, missing = check(
        grows=(Growth("attribute_5_raw", 0),),
        whole=(Growth("attribute_5_raw", 1),),
        first={"attribute_5_raw": 3},
        before={"attribute_5_raw": 5},
        after={"attribute_5_raw": 5},
    )
    assert [(found.name, found.value) for found in measured] == [
        ("grown_attribute_5_raw_in_step", 0),
        ("grown_attribute_5_raw", 2),
    ]
    assert [reason.rule for reason in outside(measured)] == ["outside_limits"]
    assert missing == ()


def test_what_the_drive_does_not_tell_is_not_checked_and_what_it_cannot_have_is_no_matter():
    growth = Growth("media_errors", 0)
    assert check(whole=(growth,)) == ((), ())
    assert check(whole=(growth,), protocol=Protocol.NVME) == ((), ("grown_media_errors",))
    assert check(Limit("seq_read", at_least=1), protocol=None) == ((), ("seq_read",))


def result(*seconds, step="long", outcome=StepOutcome.PASS):
    return RecipeResult("burn-in", tuple(StepResult(step, outcome, seconds=taken) for taken in seconds))


def test_this_racks_own_times_are_believed_once_there_are_five():
    runs = [result(taken) for taken in (100, 110, 120, 130, 900)]
    assert usual_s("long", runs[:4]) is None
    assert usual_s("long", runs) == 120
    assert usual_s("short", runs) is None


def test_one_of_seven_that_took_twice_as_long_is_a_reason_to_warn():
    runs = [result(taken) for taken in (100, 110, 120, 130, 140, 125)]
    (reason,) = slower("long", 251, runs)
    assert (reason.rule, reason.limit) == ("slower_than_usual", "245 s")
    assert "6 other drives of its model" in reason.text
    assert not list(slower("long", 240, runs))


def test_what_had_no_answer_or_was_passed_over_says_nothing_about_pace():
    runs = [result(1, outcome=outcome) for outcome in (StepOutcome.SKIPPED, StepOutcome.NO_ANSWER)] * 3
    assert usual_s("long", runs) is None


def judged(*outcomes, not_checked=()):
    reason = (Reason("why", "because"),)
    steps = tuple(StepResult("s", outcome, reasons=reason, not_checked=not_checked) for outcome in outcomes)
    return judge_recipe(RecipeResult("r", steps))


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ((), VerdictStatus.UNKNOWN),
        ((StepOutcome.DONE, StepOutcome.SKIPPED), VerdictStatus.UNKNOWN),
        ((StepOutcome.DONE, StepOutcome.PASS), VerdictStatus.PASS),
        ((StepOutcome.WARN, StepOutcome.PASS), VerdictStatus.WARN),
        ((StepOutcome.NO_ANSWER, StepOutcome.PASS), VerdictStatus.UNKNOWN),
        ((StepOutcome.UNKNOWN, StepOutcome.WARN), VerdictStatus.UNKNOWN),
        ((StepOutcome.PASS, StepOutcome.FAIL, StepOutcome.NO_ANSWER), VerdictStatus.FAIL),
    ],
)
def test_the_worst_step_is_the_verdict_and_no_judged_step_no_pass(outcomes, verdict):
    assert judged(*outcomes).status is verdict


def test_a_pass_with_limits_that_were_not_checked_warns():
    verdict = judged(StepOutcome.PASS, not_checked=("attribute_5_raw",))
    assert verdict.status is VerdictStatus.WARN
    assert verdict.reasons[-1].text == "the drive does not tell what has a limit: step 1: attribute_5_raw"


def test_a_recipe_and_its_result_survive_being_stored():
    recipe = Recipe("r", "", (RecipeStep(Step("run_smart_test", (("kind", "short"), ("spans", None)))),))
    assert loads(dumps(recipe), Recipe) == recipe
    found = RecipeResult("r", (StepResult("s", StepOutcome.WARN, 3, 1.5, measurements=SCAN.measurements),))
    assert loads(dumps(found), RecipeResult) == found


def suite(*outcomes, exit_status=0):
    return SuiteResult("S1", tuple(CaseResult(str(o), o, 1.0, "why") for o in outcomes), 1.0, exit_status)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (suite(CaseOutcome.PASSED, CaseOutcome.SKIPPED), VerdictStatus.PASS),
        (suite(CaseOutcome.PASSED, CaseOutcome.FAILED, exit_status=1), VerdictStatus.FAIL),
        (suite(CaseOutcome.PASSED, CaseOutcome.NO_ANSWER, exit_status=1), VerdictStatus.UNKNOWN),
        (suite(CaseOutcome.PASSED, CaseOutcome.ERROR, exit_status=1), VerdictStatus.UNKNOWN),
        (suite(CaseOutcome.SKIPPED), VerdictStatus.UNKNOWN),
        (suite(exit_status=5), VerdictStatus.UNKNOWN),
        (suite(CaseOutcome.PASSED, exit_status=2), VerdictStatus.UNKNOWN),
    ],
)
def test_a_suite_passes_a_drive_only_where_a_test_passed_and_none_broke(result, verdict):
    assert judge_suite(result).status is verdict
    assert (verdict is VerdictStatus.PASS) == (not judge_suite(result).reasons)
