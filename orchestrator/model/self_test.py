"""When a drive's self-test that we started has ended, and what it proves.

A job demands more than a recording does: the start was seen, the log holds an entry newer than the start, and health
was read after it. What is missing is NoAnswer, never False.
"""

import re
from dataclasses import dataclass
from typing import Literal, Self

from orchestrator.model.errors import InvalidArgument, NoAnswer, SelfTestAborted, SelfTestStalled
from orchestrator.model.judge import judge_report
from orchestrator.model.report import SelfTestEntry, SelfTestOutcome, SmartReport
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

SelfTestKind = Literal["short", "extended", "conveyance", "selective"]

_MINUTES_IF_UNSAID = {"short": 10, "conveyance": 15, "extended": 48 * 60}
NEXT = "next"
MOST_SPANS = 5  # ACS-3, Selective self-test log
_SPAN = re.compile(r"(\d{1,19})-(\d{1,19})")
_SECTOR_BYTES = 512  # for an estimate
_FULL_LOG = 20  # entries: 21 in ATA's log (ACS-4), 20 in NVMe's and SCSI's (NVM Express Base, SPC-5)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for one self-test, in rack seconds; all from the drive's own estimate."""

    estimate_s: float
    poll_s: float
    """Between two looks: 1 % of the estimate, 15 to 300 s."""
    restless_s: float
    """Without progress for so long: say so. An ATA drive five times slower than it said stays silent for half."""
    stalled_s: float
    """Without progress for so long: give up."""
    deadline_s: float
    """In all; a drive may be five times slower than it said."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What must be known of the drive before its self-test, to find the test's end after a restart."""

    self_tests: tuple[SelfTestEntry, ...]
    self_test_minutes: tuple[tuple[str, int], ...]
    capacity_bytes: int | None
    aborts_on_command: bool

    @classmethod
    def of(cls, report: SmartReport) -> Self:
        return cls(report.self_tests, report.self_test_minutes, report.capacity_bytes, report.aborts_on_command)

    @property
    def before(self) -> SmartReport:
        return SmartReport(
            self_tests=self.self_tests,
            self_test_minutes=self.self_test_minutes,
            capacity_bytes=self.capacity_bytes,
            aborts_on_command=self.aborts_on_command,
        )


def spans_of(text: str) -> tuple[tuple[int, int], ...]:
    """The spans of a selective self-test: "0-999,5000-5999" as pairs of LBAs, both included; none for "next".

    InvalidArgument for anything else, and for more than the five that a drive takes.
    """
    if text == NEXT:
        return ()
    found = [_SPAN.fullmatch(part.strip()) for part in text.split(",")]
    spans = tuple((int(match[1]), int(match[2])) for match in found if match)
    if len(spans) < len(found) or any(first > last for first, last in spans) or len(spans) > MOST_SPANS:
        raise InvalidArgument(
            f"spans is {text!r}; it takes up to {MOST_SPANS} ranges of LBAs such as 0-999,5000-5999, or {NEXT}"
        )
    return spans


def check_spans(kind: str, spans: str | None) -> None:
    """They belong to the selective test, and to no other."""
    if (kind == "selective") != (spans is not None):
        what = f"the selective self-test needs spans, such as 0-999999 or {NEXT}"
        raise InvalidArgument(what if spans is None else f"spans are for the selective self-test, not for {kind}")
    if spans is not None:
        spans_of(spans)


def patience(
    before: SmartReport, kind: SelfTestKind, poll_s: float | None = None, spans: str | None = None
) -> Patience:
    """A selective test reads its spans as fast as the extended one reads all; `next` may be as long as all."""
    timed = "extended" if kind == "selective" else kind
    estimate = 60.0 * (dict(before.self_test_minutes).get(timed) or _MINUTES_IF_UNSAID[timed])
    if spans is not None and spans != NEXT and before.capacity_bytes:
        sectors = sum(last - first + 1 for first, last in spans_of(spans))
        estimate *= min(1.0, sectors * _SECTOR_BYTES / before.capacity_bytes)
    return Patience(
        estimate_s=estimate,
        poll_s=poll_s if poll_s is not None else min(300.0, max(15.0, estimate / 100)),
        restless_s=max(600.0, estimate / 2),
        stalled_s=estimate + 600.0,
        deadline_s=5 * estimate + 1800.0,
    )


def new_entry(before: SmartReport, after: SmartReport, kind: SelfTestKind, *, ran: bool) -> SelfTestEntry | None:
    """The log entry of the test that was started after `before`; None while there is none.

    Two short tests within one hour look alike, so entries are told apart by how far the log has moved. A full log of
    equal entries does not seem to move: there `ran` (the test was seen running, and is gone) has to do.
    """
    old, new = before.self_tests, after.self_tests
    moved = next((n for n in range(len(new) + 1) if new[n:] == old[: len(new) - n]), len(new))
    fresh = [entry for entry in new[:moved] if entry.kind == kind]
    if fresh:
        return fresh[-1]  # ours is the oldest: it began first
    if ran and not after.self_test_running and not moved and len(new) >= _FULL_LOG and new[0].kind == kind:
        return new[0]
    return None


def judge_self_test(entry: SelfTestEntry | None, after: SmartReport) -> Verdict:
    """The verdict of a self-test that ended with `entry`; `after` is a whole read made after it.

    Raises:
        SelfTestStalled: no log entry. SelfTestAborted: a host or a reset ended it.
        NoAnswer: the entry does not say how it ended, or health could not be read after it.
    """
    if entry is None:
        raise SelfTestStalled("the self-test ended without an entry in the drive's log")
    if entry.outcome is SelfTestOutcome.ABORTED:
        raise SelfTestAborted(f"the {entry.kind} self-test was ended from outside: {entry.text or 'aborted'}")
    if entry.outcome not in (SelfTestOutcome.PASSED, SelfTestOutcome.FAILED):
        raise NoAnswer(f"the drive's log does not say how the {entry.kind} self-test ended: {entry.text!r}")
    verdict = judge_report(after)
    if entry.outcome is SelfTestOutcome.FAILED and not any(
        reason.rule == "self_test_failed" for reason in verdict.reasons
    ):
        where = "" if entry.lba is None else f" at LBA {entry.lba}"
        reason = Reason(
            "self_test_failed", f"the {entry.kind} self-test failed{where}: {entry.text}", source=entry.text
        )
        return Verdict(VerdictStatus.FAIL, (reason, *verdict.reasons))
    if verdict.status is VerdictStatus.UNKNOWN:
        why = "; ".join(reason.text for reason in verdict.reasons)
        raise NoAnswer(f"the self-test passed, but health could not be read after it: {why}")
    return verdict
