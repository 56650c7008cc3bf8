"""From a report to a verdict: one rule, one function. No evidence, no pass.

    FAILURES    any one of them fails the drive, whatever else is missing
    DOUBTS      else any one of them leaves it unknown: what is not known is never called good
    WARNINGS    else any one of them warns; limits are `model.policy.Policy`'s
    pass        nothing fired: the drive calls itself healthy in a whole output, and nothing speaks against it

A rule yields the reasons it finds, each with value, limit and the line that says so. Failing evidence in a broken
output still fails: a drive that says FAILED is not better for a cut cable.
"""

from collections.abc import Callable, Iterator

from orchestrator.model.drive import Protocol
from orchestrator.model.policy import DEFAULT, Policy
from orchestrator.model.report import Attribute, SelfTestEntry, SelfTestOutcome, SmartReport
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

Reasons = Iterator[Reason]
Rule = Callable[[SmartReport, Policy], Reasons]


def judge_report(report: SmartReport, policy: Policy = DEFAULT) -> Verdict:
    """Judge one report by itself. A job demands more: see `model.self_test`."""
    warnings = {name: tuple(rule(report, policy)) for name, rule in WARNINGS.items() if name not in policy.ignore}
    failures = [reason for rule in FAILURES.values() for reason in rule(report, policy)]
    failures += [reason for name in policy.fail_on for reason in warnings.pop(name, ())]
    doubts = [reason for rule in DOUBTS.values() for reason in rule(report, policy)]
    mild = [reason for reasons in warnings.values() for reason in reasons]
    for status, reasons in (
        (VerdictStatus.FAIL, failures),
        (VerdictStatus.UNKNOWN, doubts),
        (VerdictStatus.WARN, mild),
    ):
        if reasons:
            return Verdict(status, (*failures, *doubts, *mild))
    return Verdict(VerdictStatus.PASS)


def newest_finished(report: SmartReport) -> SelfTestEntry | None:
    """The newest entry of a test that came to an end by itself, of a kind that the standards define.

    Aborted and running entries say nothing about the drive; entries of a vendor's or a reserved type are often
    garbage (measured on the recordings). UNKNOWN counts as finished: what cannot be read must not be skipped.
    """
    return next((entry for entry in _finished(report) if entry.kind not in ("vendor", "reserved")), None)


def _finished(report: SmartReport) -> Iterator[SelfTestEntry]:
    silent = (SelfTestOutcome.ABORTED, SelfTestOutcome.RUNNING)
    return (entry for entry in report.self_tests if entry.outcome not in silent)


def _attribute(report: SmartReport, number: int) -> Attribute | None:
    return next((attribute for attribute in report.attributes if attribute.id == number), None)


# -- what fails a drive ---------------------------------------------------------------------------------------------


def health(report: SmartReport, _policy: Policy) -> Reasons:
    """F1: the drive's own judgement. ACS-4 SMART RETURN STATUS; SPC-5 informational exceptions; NVMe by smartctl."""
    if report.health_passed is False:
        yield Reason("health", "the drive itself says that it is failing", "failed", "passed", report.health_source)


def exit_says_failing(report: SmartReport, _policy: Policy) -> Reasons:
    """smartctl(8), exit status bit 3: "SMART status check returned DISK FAILING". For outputs without a health line."""
    if report.health_passed is None and _bits(report) & 0b1000:
        text = "smartctl's exit status says that the drive is failing"
        yield Reason("exit_says_failing", text, str(report.exit_status), "bit 3 clear", _exit_source(report))


def newest_self_test(report: SmartReport, _policy: Policy) -> Reasons:
    """F2: the newest finished self-test failed. smartctl -H does not look at the log, so health may say PASSED."""
    entry = newest_finished(report)
    if entry is not None and entry.outcome is SelfTestOutcome.FAILED:
        where = "" if entry.lba is None else f" at LBA {entry.lba}"
        text = f"the newest self-test ({entry.name or entry.kind}) failed{where}"
        yield Reason("self_test_failed", text, entry.text, "completed without error", entry.source)


def critical_warning(report: SmartReport, _policy: Policy) -> Reasons:
    """F4: NVM Express Base 2.0, SMART / Health Information log, byte 0."""
    if report.critical_warning:
        meanings = [text for bit, text in enumerate(_CRITICAL) if report.critical_warning >> bit & 1] or [
            "reserved bit"
        ]
        text = f"the drive raises a critical warning: {', '.join(meanings)}"
        source = report.source_of("critical_warning")
        yield Reason("critical_warning", text, f"0x{report.critical_warning:02x}", "0x00", source)


_CRITICAL = (
    "spare space below its threshold",
    "temperature beyond a threshold",
    "reliability degraded by media or internal errors",
    "read-only",
    "volatile memory backup failed",
    "persistent memory region read-only or unreliable",
)


def execution_status(report: SmartReport, _policy: Policy) -> Reasons:
    """F5: ACS-4, self-test execution status: 3 to 8 in the high nibble is a failure. Only where the log is silent."""
    if _status_says_failed(report) and next(_finished(report), None) is None:
        text = "the drive's last self-test failed, by its status byte"
        source = report.source_of("self_test_status")
        yield Reason("self_test_status", text, str(report.self_test_status), "high nibble 0", source)


def _status_says_failed(report: SmartReport) -> bool:
    return report.self_test_status is not None and 3 <= report.self_test_status >> 4 <= 8


FAILURES: dict[str, Rule] = {
    "health": health,
    "exit_says_failing": exit_says_failing,
    "self_test_failed": newest_self_test,
    "critical_warning": critical_warning,
    "self_test_status": execution_status,
}


# -- what leaves it unknown -----------------------------------------------------------------------------------------


def malformed(report: SmartReport, _policy: Policy) -> Reasons:
    """U2: JSON that does not parse, a flood, or two outputs in one: whose health line was it?"""
    if not report.complete:
        yield Reason("malformed", "the output is not one whole smartctl output", "broken", "whole")


def asleep(report: SmartReport, _policy: Policy) -> Reasons:
    """smartctl(8), -n standby: nothing was read, so that the drive could sleep on."""
    if report.standby:
        yield Reason("asleep", "the drive was asleep and was not read", "standby", "active")


def exit_says_unread(report: SmartReport, _policy: Policy) -> Reasons:
    """U3: smartctl(8), exit status bit 0 (usage) or 1 (open failed, no identity, asleep)."""
    if _bits(report) & 0b11:
        text = "smartctl's exit status says that its output is not to be trusted"
        yield Reason("exit_says_unread", text, str(report.exit_status), "bits 0 and 1 clear", _exit_source(report))


def no_health(report: SmartReport, _policy: Policy) -> Reasons:
    """U1: no health line, or one that says neither passed nor failed."""
    if report.health_passed is None:
        said = report.messages[0] if report.messages else ""
        text = "the drive's own health could not be read" + (f": {said}" if said else "")
        yield Reason("no_health", text, "not read", "passed")


def no_critical_warning(report: SmartReport, _policy: Policy) -> Reasons:
    """NVMe's health line is smartctl's word for Critical Warning 0: it must be seen to be 0."""
    if report.protocol is Protocol.NVME and report.critical_warning is None:
        yield Reason("no_critical_warning", "the drive's critical warning could not be read", "not read", "0x00")


DOUBTS: dict[str, Rule] = {
    "malformed": malformed,
    "asleep": asleep,
    "exit_says_unread": exit_says_unread,
    "no_health": no_health,
    "no_critical_warning": no_critical_warning,
}


# -- what warns -----------------------------------------------------------------------------------------------------


def cut(report: SmartReport, _policy: Policy) -> Reasons:
    """A section that began and did not end, or whose lines cannot be read: what is missing may be the bad news."""
    if report.cut:
        yield Reason("cut", f"the output breaks off or is spoilt in: {', '.join(report.cut)}", report.cut[0], "whole")


def second_opinion(report: SmartReport, _policy: Policy) -> Reasons:
    """Where pySMART and this reader disagree on health, one of them misreads: both are named."""
    said = report.second_opinion
    if report.health_passed and said not in ("", "PASS", "WARN"):
        text = f"pySMART says {said} where the report says passed"
        yield Reason("second_opinion", text, said, "PASS", report.health_source)


def exit_disagrees(report: SmartReport, _policy: Policy) -> Reasons:
    """smartctl(8), exit status bit 3, beside a health line that says passed."""
    if report.health_passed and _bits(report) & 0b1000:
        text = "smartctl's exit status says failing where the health line says passed"
        yield Reason("exit_disagrees", text, str(report.exit_status), "bit 3 clear", _exit_source(report))


def nothing_but_health(report: SmartReport, _policy: Policy) -> Reasons:
    """A health line alone is what is left of an output that was cut early."""
    counters = (report.temperature_celsius, report.power_on_hours, report.grown_defects, report.uncorrected_errors)
    if not report.attributes and report.percentage_used is None and not any(c is not None for c in counters):
        yield Reason("nothing_but_health", "nothing but the health line could be read", "0 counters", "1 or more")


def pending_sectors(report: SmartReport, policy: Policy) -> Reasons:
    """S1: ATA attribute 197."""
    yield from _raw_count(report, policy, 197, "pending_sectors", "sectors wait to be reallocated")


def offline_uncorrectable(report: SmartReport, policy: Policy) -> Reasons:
    """S2: ATA attribute 198."""
    yield from _raw_count(report, policy, 198, "offline_uncorrectable", "sectors could not be corrected off-line")


def reallocated_sectors(report: SmartReport, policy: Policy) -> Reasons:
    """S3: ATA attribute 5."""
    yield from _raw_count(report, policy, 5, "reallocated_sectors", "sectors were reallocated")


def reported_uncorrectable(report: SmartReport, policy: Policy) -> Reasons:
    """S4: ATA attribute 187."""
    yield from _raw_count(report, policy, 187, "reported_uncorrectable", "errors could not be corrected")


def _raw_count(report: SmartReport, policy: Policy, number: int, limit: str, what: str) -> Reasons:
    attribute = _attribute(report, number)
    highest: int = getattr(policy, limit)
    if attribute is not None and attribute.raw is not None and highest < attribute.raw <= policy.plausible_count:
        text = f"{attribute.raw} {what} (attribute {number})"
        yield Reason(limit, text, str(attribute.raw), str(highest), attribute.source)


def implausible_count(report: SmartReport, policy: Policy) -> Reasons:
    """S15: a vendor's packing, or a counter that underflowed."""
    for number in (5, 187, 197, 198):
        attribute = _attribute(report, number)
        if attribute is not None and attribute.raw is not None and attribute.raw > policy.plausible_count:
            text = f"attribute {number} counts {attribute.raw}, which is not believable and not judged"
            yield Reason("implausible_count", text, str(attribute.raw), str(policy.plausible_count), attribute.source)


def older_self_test(report: SmartReport, _policy: Policy) -> Reasons:
    """S5: a finished self-test before the newest one failed."""
    newest = newest_finished(report)
    older = [entry for entry in report.self_tests if entry is not newest and entry.outcome is SelfTestOutcome.FAILED]
    named = [entry for entry in older if entry.kind not in ("vendor", "reserved")]
    if named:
        text = f"{len(named)} older self-test{'s' * (len(named) > 1)} failed"
        yield Reason("older_self_test", text, named[0].text, "completed without error", named[0].source)


def odd_self_test(report: SmartReport, _policy: Policy) -> Reasons:
    """S16: the newest finished entry failed and is of a vendor's or a reserved type; or its status cannot be read."""
    entry = next(_finished(report), None)
    if entry is None:
        return
    if entry.outcome is SelfTestOutcome.UNKNOWN:
        yield Reason("odd_self_test", "the newest self-test's result cannot be read", entry.text, "", entry.source)
    elif entry.outcome is SelfTestOutcome.FAILED and entry.kind in ("vendor", "reserved"):
        text = f"the newest self-test, of a type that no standard defines ({entry.name or entry.kind}), failed"
        yield Reason("odd_self_test", text, entry.text, "completed without error", entry.source)


def status_disagrees(report: SmartReport, _policy: Policy) -> Reasons:
    """ACS-4: the status byte says that the last self-test failed, the log says that it passed."""
    entry = newest_finished(report)
    if _status_says_failed(report) and entry is not None and entry.outcome is SelfTestOutcome.PASSED:
        text = "the status byte says that the last self-test failed, the log that it passed"
        yield Reason("status_disagrees", text, str(report.self_test_status), "", report.source_of("self_test_status"))


def attribute_failed_before(report: SmartReport, _policy: Policy) -> Reasons:
    """S6: an attribute's worst value was at or below its threshold. smartctl(8), exit status bit 5."""
    for attribute in report.attributes:
        if attribute.failed == "past":
            text = f"attribute {attribute.id} ({attribute.name}) was below its threshold in the past"
            worst = "" if attribute.worst is None else str(attribute.worst)
            yield Reason("attribute_failed_before", text, worst, _threshold(attribute), attribute.source)


def attribute_fails_now(report: SmartReport, _policy: Policy) -> Reasons:
    """S12 (old age) and S14 (pre-fail): an attribute at or below its threshold. smartctl(8), exit status bit 4."""
    for attribute in report.attributes:
        if attribute.failed == "now":
            kind = "pre-fail" if attribute.prefail else "old-age"
            text = f"{kind} attribute {attribute.id} ({attribute.name}) is at or below its threshold"
            value = "" if attribute.value is None else str(attribute.value)
            yield Reason("attribute_fails_now", text, value, _threshold(attribute), attribute.source)


def _threshold(attribute: Attribute) -> str:
    return "" if attribute.threshold is None else f"above {attribute.threshold}"


def grown_defects(report: SmartReport, policy: Policy) -> Reasons:
    """S7: SBC-4, READ DEFECT DATA, grown list."""
    yield from _count(report, policy, "grown_defects", "defects were added to the drive's list in use")


def uncorrected_errors(report: SmartReport, policy: Policy) -> Reasons:
    """S8: SPC-5, error counter log pages 02h, 03h, 05h, parameter 6."""
    yield from _count(report, policy, "uncorrected_errors", "errors could not be corrected")


def media_errors(report: SmartReport, policy: Policy) -> Reasons:
    """S9: NVM Express Base 2.0, SMART / Health Information log, bytes 160 to 175."""
    yield from _count(report, policy, "media_errors", "media and data integrity errors")


def percentage_used(report: SmartReport, policy: Policy) -> Reasons:
    """S10: NVM Express Base 2.0, SMART / Health Information log, byte 5; SBC-4, solid state media log page."""
    yield from _count(report, policy, "percentage_used", "% of the rated endurance is used", gap="")


def _count(report: SmartReport, policy: Policy, name: str, what: str, gap: str = " ") -> Reasons:
    value: int | None = getattr(report, name)
    highest: int = getattr(policy, name)
    if value is not None and value > highest:
        yield Reason(name, f"{value}{gap}{what}", str(value), str(highest), report.source_of(name))


def spare_below_threshold(report: SmartReport, _policy: Policy) -> Reasons:
    """S11: NVM Express Base 2.0, SMART / Health Information log, bytes 3 and 4."""
    spare, threshold = report.available_spare, report.spare_threshold
    if spare is not None and threshold is not None and spare < threshold:
        text = f"{spare}% of the spare space is left, below the drive's own threshold"
        yield Reason("spare_below_threshold", text, str(spare), str(threshold), report.source_of("available_spare"))


WARNINGS: dict[str, Rule] = {
    "cut": cut,
    "second_opinion": second_opinion,
    "exit_disagrees": exit_disagrees,
    "nothing_but_health": nothing_but_health,
    "attribute_fails_now": attribute_fails_now,
    "pending_sectors": pending_sectors,
    "offline_uncorrectable": offline_uncorrectable,
    "reported_uncorrectable": reported_uncorrectable,
    "reallocated_sectors": reallocated_sectors,
    "grown_defects": grown_defects,
    "uncorrected_errors": uncorrected_errors,
    "media_errors": media_errors,
    "percentage_used": percentage_used,
    "spare_below_threshold": spare_below_threshold,
    "status_disagrees": status_disagrees,
    "older_self_test": older_self_test,
    "odd_self_test": odd_self_test,
    "attribute_failed_before": attribute_failed_before,
    "implausible_count": implausible_count,
}


def _bits(report: SmartReport) -> int:
    return report.exit_status or 0


def _exit_source(report: SmartReport) -> str:
    return report.source_of("exit_status") or "smartctl's exit status"
