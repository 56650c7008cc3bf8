"""The judge: what fails a drive, what leaves it unknown, what warns. One test an edge."""

from dataclasses import replace

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.model.judge import DOUBTS, FAILURES, WARNINGS, judge_report, newest_finished
from orchestrator.model.policy import Policy
from orchestrator.model.report import Attribute, SelfTestEntry, SelfTestOutcome, SmartReport
from orchestrator.model.verdict import Verdict, VerdictStatus

SOUND_ATA = SmartReport(
    protocol=Protocol.ATA, health_passed=True, attributes=(Attribute(id=9, name="Power_On_Hours", raw=100),)
)
SOUND_NVME = SmartReport(protocol=Protocol.NVME, health_passed=True, critical_warning=0, percentage_used=1)
SOUND_SCSI = SmartReport(protocol=Protocol.SCSI, health_passed=True, grown_defects=0)


def entry(outcome: str, kind: str = "short", *, lba: int | None = None) -> SelfTestEntry:
    return SelfTestEntry(kind=kind, outcome=SelfTestOutcome(outcome), text=outcome, lba=lba)


def with_raw(number: int, raw: int) -> SmartReport:
    return replace(SOUND_ATA, attributes=(Attribute(id=number, name="An_Attribute", raw=raw, source="the line"),))


def rules(verdict: Verdict) -> list[str]:
    return [reason.rule for reason in verdict.reasons]


@pytest.mark.parametrize("report", [SOUND_ATA, SOUND_NVME, SOUND_SCSI], ids=lambda r: r.protocol.value)
def test_a_drive_that_calls_itself_healthy_and_has_nothing_against_it_passes(report):
    assert judge_report(report) == Verdict(VerdictStatus.PASS)


def test_nothing_read_is_unknown_and_not_a_pass():
    assert judge_report(SmartReport()).status is VerdictStatus.UNKNOWN


def test_a_drive_that_says_failed_fails():
    verdict = judge_report(replace(SOUND_ATA, health_passed=False, health_source="the health line"))
    assert verdict.status is VerdictStatus.FAIL
    assert verdict.reasons[0].source == "the health line"


@pytest.mark.parametrize(("exit_status", "status"), [(0b1000, "fail"), (0b11110100, "unknown")])
def test_exit_bit_3_fails_a_drive_without_a_health_line(exit_status, status):
    assert judge_report(replace(SOUND_ATA, health_passed=None, exit_status=exit_status)).status == status


def test_exit_bit_3_beside_a_health_line_that_says_passed_warns():
    assert rules(judge_report(replace(SOUND_ATA, exit_status=0b1000))) == ["exit_disagrees"]


def test_a_failed_newest_self_test_fails_a_drive_that_calls_itself_healthy():
    report = replace(SOUND_ATA, self_tests=(entry("failed", lba=1234), entry("passed")))
    verdict = judge_report(report)
    assert verdict.status is VerdictStatus.FAIL
    assert rules(verdict) == ["self_test_failed"]
    assert "at LBA 1234" in verdict.reasons[0].text


@pytest.mark.parametrize("newer", ["aborted", "running"])
def test_an_aborted_or_running_test_does_not_hide_the_failed_one_below_it(newer):
    report = replace(SOUND_ATA, self_tests=(entry(newer), entry("failed")))
    assert judge_report(report).status is VerdictStatus.FAIL


def test_a_failed_test_below_a_passed_one_only_warns():
    verdict = judge_report(replace(SOUND_ATA, self_tests=(entry("passed"), entry("failed"), entry("failed"))))
    assert verdict.status is VerdictStatus.WARN
    assert "2 older self-tests failed" in verdict.reasons[0].text


@pytest.mark.parametrize("kind", ["vendor", "reserved"])
def test_a_failed_test_of_a_type_no_standard_defines_only_warns(kind):
    report = replace(SOUND_ATA, self_tests=(entry("failed", kind), entry("passed")))
    assert rules(judge_report(report)) == ["odd_self_test"]


def test_a_vendor_entry_does_not_hide_the_failed_short_test_below_it():
    report = replace(SOUND_ATA, self_tests=(entry("passed", "vendor"), entry("failed")))
    assert judge_report(report).status is VerdictStatus.FAIL


def test_a_newest_result_that_cannot_be_read_warns():
    report = replace(SOUND_ATA, self_tests=(entry("unknown"), entry("passed")))
    assert rules(judge_report(report)) == ["odd_self_test"]


def test_the_newest_finished_entry_is_the_first_one_a_standard_test_left_by_itself():
    passed = entry("passed", "extended")
    report = replace(SOUND_ATA, self_tests=(entry("aborted"), entry("failed", "vendor"), passed, entry("failed")))
    assert newest_finished(report) is passed
    assert newest_finished(SOUND_ATA) is None


@pytest.mark.parametrize(
    ("byte", "word"), [(1, "spare"), (4, "reliability"), (8, "read-only"), (16, "backup"), (64, "reserved bit")]
)
def test_any_bit_of_the_critical_warning_fails_an_nvme_drive(byte, word):
    verdict = judge_report(replace(SOUND_NVME, critical_warning=byte))
    assert verdict.status is VerdictStatus.FAIL
    assert word in verdict.reasons[0].text


def test_an_nvme_drive_without_its_critical_warning_is_unknown():
    verdict = judge_report(replace(SOUND_NVME, critical_warning=None))
    assert (verdict.status, rules(verdict)) == (VerdictStatus.UNKNOWN, ["no_critical_warning"])


@pytest.mark.parametrize(("byte", "status"), [(0x20, "pass"), (0x30, "fail"), (0x88, "fail"), (0x90, "pass")])
def test_the_status_byte_fails_a_drive_whose_log_holds_no_finished_test(byte, status):
    assert judge_report(replace(SOUND_ATA, self_test_status=byte)).status == status


def test_the_status_byte_only_warns_where_the_log_says_that_the_newest_test_passed():
    report = replace(SOUND_ATA, self_test_status=0x70, self_tests=(entry("passed"),))
    assert rules(judge_report(report)) == ["status_disagrees"]


@pytest.mark.parametrize(
    ("doubt", "rule"),
    [
        ({"complete": False}, "malformed"),
        ({"standby": True}, "asleep"),
        ({"exit_status": 1}, "exit_says_unread"),
        ({"exit_status": 2}, "exit_says_unread"),
        ({"health_passed": None}, "no_health"),
    ],
)
def test_what_cannot_be_trusted_is_unknown(doubt, rule):
    verdict = judge_report(replace(SOUND_ATA, **doubt))
    assert verdict.status is VerdictStatus.UNKNOWN
    assert rules(verdict) == [rule]


@pytest.mark.parametrize("exit_status", [4, 16, 32, 64, 128])
def test_exit_bits_that_come_with_healthy_drives_do_not_change_the_verdict(exit_status):
    assert judge_report(replace(SOUND_ATA, exit_status=exit_status)).status is VerdictStatus.PASS


def test_plain_evidence_of_failure_is_not_hidden_by_a_broken_output():
    verdict = judge_report(replace(SOUND_ATA, health_passed=False, complete=False, exit_status=2))
    assert verdict.status is VerdictStatus.FAIL
    assert rules(verdict) == ["health", "malformed", "exit_says_unread"]


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        (197, "pending_sectors"),
        (198, "offline_uncorrectable"),
        (5, "reallocated_sectors"),
        (187, "reported_uncorrectable"),
    ],
)
def test_a_first_bad_sector_warns_with_its_line(number, rule):
    assert judge_report(with_raw(number, 0)).status is VerdictStatus.PASS
    verdict = judge_report(with_raw(number, 1))
    assert (verdict.status, rules(verdict)) == (VerdictStatus.WARN, [rule])
    assert (verdict.reasons[0].value, verdict.reasons[0].limit, verdict.reasons[0].source) == ("1", "0", "the line")


@pytest.mark.parametrize(("raw", "rule"), [(1_000_000, "reallocated_sectors"), (1_000_001, "implausible_count")])
def test_a_count_that_nobody_can_believe_is_named_and_not_judged(raw, rule):
    assert rules(judge_report(with_raw(5, raw))) == [rule]


@pytest.mark.parametrize(
    ("report", "field", "sound", "worn"),
    [
        (SOUND_SCSI, "grown_defects", 0, 1),
        (SOUND_SCSI, "uncorrected_errors", 0, 1),
        (SOUND_NVME, "media_errors", 0, 1),
        (SOUND_NVME, "percentage_used", 99, 100),
    ],
)
def test_a_counter_at_its_limit_passes_and_one_above_warns(report, field, sound, worn):
    assert judge_report(replace(report, **{field: sound})).status is VerdictStatus.PASS
    assert rules(judge_report(replace(report, **{field: worn}))) == [field]


@pytest.mark.parametrize(("spare", "status"), [(10, "pass"), (9, "warn")])
def test_spare_space_warns_below_the_drives_own_threshold(spare, status):
    assert judge_report(replace(SOUND_NVME, available_spare=spare, spare_threshold=10)).status == status


@pytest.mark.parametrize(
    ("failed", "prefail", "rule"),
    [
        ("now", True, "attribute_fails_now"),
        ("now", False, "attribute_fails_now"),
        ("past", False, "attribute_failed_before"),
    ],
)
def test_an_attribute_at_its_threshold_warns_where_health_says_passed(failed, prefail, rule):
    attribute = Attribute(id=190, name="Heat", value=45, worst=40, threshold=45, prefail=prefail, failed=failed)
    assert rules(judge_report(replace(SOUND_ATA, attributes=(attribute,)))) == [rule]


def test_a_cut_output_warns_and_names_the_section():
    verdict = judge_report(replace(SOUND_ATA, cut=("self-test log",)))
    assert verdict.status is VerdictStatus.WARN
    assert "self-test log" in verdict.reasons[0].text


def test_a_health_line_alone_is_no_pass():
    verdict = judge_report(SmartReport(protocol=Protocol.ATA, health_passed=True))
    assert rules(verdict) == ["nothing_but_health"]


@pytest.mark.parametrize(("opinion", "status"), [("", "pass"), ("PASS", "pass"), ("WARN", "pass"), ("FAIL", "warn")])
def test_a_pysmart_that_disagrees_on_health_warns_and_both_are_named(opinion, status):
    verdict = judge_report(replace(SOUND_ATA, second_opinion=opinion))
    assert verdict.status == status
    assert all("FAIL" in reason.text and "passed" in reason.text for reason in verdict.reasons)


def test_a_policy_moves_limits_silences_warnings_and_makes_them_fail():
    report = with_raw(197, 8)
    assert judge_report(report, Policy(pending_sectors=8)).status is VerdictStatus.PASS
    assert judge_report(report, Policy(ignore=("pending_sectors",))).status is VerdictStatus.PASS
    assert judge_report(report, Policy(fail_on=("pending_sectors",))).status is VerdictStatus.FAIL


def test_no_policy_turns_a_failed_or_an_unread_drive_good():
    lax = Policy(ignore=(*WARNINGS, *FAILURES, *DOUBTS), pending_sectors=10**9, percentage_used=255)
    assert judge_report(replace(SOUND_ATA, health_passed=False), lax).status is VerdictStatus.FAIL
    assert judge_report(replace(SOUND_ATA, health_passed=None), lax).status is VerdictStatus.UNKNOWN


def test_every_rule_says_where_it_comes_from():
    assert all(rule.__doc__ for rule in (*FAILURES.values(), *DOUBTS.values(), *WARNINGS.values()))
