"""Which log entry is ours, and what it proves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model import errors
from orchestrator.model.drive import Protocol
from orchestrator.model.report import Attribute, SelfTestEntry, SelfTestOutcome, SmartReport
from orchestrator.model.self_test import judge_self_test, new_entry, patience
from orchestrator.model.verdict import VerdictStatus

PASSED = SelfTestEntry("short", SelfTestOutcome.PASSED, "completed without error", power_on_hours=100)
FAILED = SelfTestEntry("short", SelfTestOutcome.FAILED, "read failure", lba=1234, power_on_hours=100)
ABORTED = SelfTestEntry("short", SelfTestOutcome.ABORTED, "aborted by host", power_on_hours=100)
LONG = replace(PASSED, kind="extended")
SOUND = SmartReport(
    protocol=Protocol.ATA,
    serial="S1",
    health_passed=True,
    self_test_log_seen=True,
    attributes=(Attribute(5, "Reallocated_Sector_Ct", 100, 100, 10, prefail=True, raw=0),),
    exit_status=0,
)


def log(*entries):
    return replace(SOUND, self_tests=entries)


entries = st.sampled_from([PASSED, FAILED, ABORTED, LONG, replace(PASSED, power_on_hours=101)])


@given(st.lists(entries, max_size=21), entries, st.booleans())
def test_one_more_entry_of_our_kind_is_ours_however_alike_the_old_ones_are(before, ours, ran):
    after = [ours, *before][:21]
    if len(before) == 21 and len({*after}) == 1:
        return  # a full log of equal entries does not move: see below
    assert new_entry(log(*before), log(*after), ours.kind, ran=ran) == ours


@given(st.lists(entries, max_size=19), st.booleans())
def test_a_log_that_did_not_move_has_no_entry_of_ours(before, ran):
    assert new_entry(log(*before), log(*before), "short", ran=ran) is None


def test_a_full_log_of_equal_entries_counts_once_the_test_was_seen_and_is_gone():
    full = log(*[PASSED] * 21)
    assert new_entry(full, full, "short", ran=True) == PASSED
    assert new_entry(full, full, "short", ran=False) is None
    assert new_entry(full, full, "extended", ran=True) is None
    assert new_entry(full, replace(full, self_test_running=True), "short", ran=True) is None


def test_another_hosts_later_test_is_not_taken_for_ours():
    assert new_entry(log(), log(LONG, FAILED), "short", ran=True) == FAILED
    assert new_entry(log(), log(PASSED, FAILED), "short", ran=True) == FAILED, "ours began first, and is the older"
    assert new_entry(log(PASSED), log(LONG, PASSED), "short", ran=True) is None


def test_a_passed_test_with_good_health_after_it_is_a_pass():
    assert judge_self_test(PASSED, log(PASSED)).status is VerdictStatus.PASS


def test_a_failed_test_is_a_fail_that_names_the_lba_once():
    verdict = judge_self_test(FAILED, log(FAILED))
    assert verdict.status is VerdictStatus.FAIL
    assert sum("1234" in reason.text for reason in verdict.reasons) == 1


def test_a_failed_test_fails_though_another_passed_after_it():
    assert judge_self_test(FAILED, log(PASSED, FAILED)).status is VerdictStatus.FAIL


@pytest.mark.parametrize("after", [{"health_passed": False}, {"protocol": Protocol.NVME, "critical_warning": 4}])
def test_bad_health_after_a_passed_test_is_a_fail(after):
    assert judge_self_test(PASSED, replace(log(PASSED), **after)).status is VerdictStatus.FAIL


@pytest.mark.parametrize(
    ("entry", "after", "error"),
    [
        (None, {}, errors.SelfTestStalled),
        (ABORTED, {}, errors.SelfTestAborted),
        (replace(PASSED, outcome=SelfTestOutcome.UNKNOWN), {}, errors.NoAnswer),
        (PASSED, {"health_passed": None}, errors.NoAnswer),
        (PASSED, {"exit_status": 2}, errors.NoAnswer),
        (PASSED, {"complete": False}, errors.NoAnswer),
        (PASSED, {"protocol": Protocol.NVME, "critical_warning": None}, errors.NoAnswer),
    ],
)
def test_what_is_missing_is_no_answer_and_never_false(entry, after, error):
    with pytest.raises(error):
        judge_self_test(entry, replace(log(*[entry] * bool(entry)), **after))


@pytest.mark.parametrize(("minutes", "poll_s"), [(2, 15), (60, 36), (1500, 300), (None, 15)])
def test_the_poll_is_one_percent_of_the_estimate_within_15_and_300_s(minutes, poll_s):
    before = replace(SOUND, self_test_minutes=(("short", minutes),) if minutes else ())
    assert patience(before, "short").poll_s == pytest.approx(poll_s)
    assert patience(before, "short", 77.0).poll_s == 77.0


@given(st.integers(1, 3000))
def test_a_drive_five_times_slower_than_it_said_is_waited_for(minutes):
    plan = patience(replace(SOUND, self_test_minutes=(("extended", minutes),)), "extended")
    slow_step_s = 5 * minutes * 60 / 10  # ATA tells progress in steps of ten percent
    assert plan.deadline_s > 5 * minutes * 60 and plan.stalled_s > slow_step_s and plan.restless_s <= plan.stalled_s
