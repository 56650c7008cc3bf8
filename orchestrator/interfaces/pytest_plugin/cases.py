"""What became of one test: pytest's reports of its set-up, call and tear-down as one CaseResult.

    Notes (what the test did, kept while it runs) ──▶ on each of its reports ──▶ seen_in ──┐
    reports, in the order they came ───────────────────────────────────────────────────────┴─▶ case_of ──▶ CaseResult

Pure, but for the reports' own attributes: pytest-xdist carries those from its workers to the one that sums up.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from orchestrator.model import plain
from orchestrator.model.errors import JobNotFinished, NoAnswer, Refused, Unreachable
from orchestrator.model.measurement import Measurement
from orchestrator.model.suite import CaseOutcome, CaseResult

CARRIER = "drive_test"
"""The attribute of a report that holds `Seen` as JSON."""
_WITHOUT_ANSWER = (NoAnswer, Refused, Unreachable, JobNotFinished)
_LONGEST = 500
"""Characters of a case's text."""


class Blame(StrEnum):
    """Why a phase of a test raised."""

    NOTHING = ""
    DRIVE = "drive"
    """An assertion did not hold, or pytest.fail was called."""
    NO_ANSWER = "no answer"
    TEST = "test"
    """Anything else: the test's own mistake, or what it stands on."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a report tells beyond pytest's own words: where the test ran, and what it had done by then."""

    slot_id: int
    label: str = ""
    serial: str = ""
    model: str = ""
    measurements: tuple[Measurement, ...] = ()
    jobs: tuple[int, ...] = ()
    blame: Blame = Blame.NOTHING
    """Of this report's phase."""
    why: str = ""
    """What the newest of its jobs that judged the drive badly had to say."""

    @property
    def param(self) -> str:
        return param_of(self.slot_id)

    @property
    def place(self) -> str:
        """The slot for people: its id, and its label where that says more."""
        return str(self.slot_id) if self.label in ("", str(self.slot_id)) else f"{self.slot_id} ({self.label})"


class Report(Protocol):
    """As much of pytest's TestReport as is read here."""

    nodeid: str
    when: Any
    """setup, call or teardown; something else where xdist speaks for a worker that is gone."""
    outcome: Any
    """passed, failed, skipped; pytest-rerunfailures adds rerun."""
    longrepr: Any
    duration: float


def param_of(slot_id: int) -> str:
    """How a test id names the slot: "slot-3"."""
    return f"slot-{slot_id}"


def name_of(nodeid: str, param: str) -> str:
    """The node id without the slot: "a.py::test_x[slot-3-4k]" is "a.py::test_x[4k]"."""
    if not param:
        return nodeid
    path, bracket, rest = nodeid.partition("[")
    inside, closed, behind = rest.rpartition("]")
    kept = re.sub(rf"(?:^{re.escape(param)}(?:-|$))|(?:-{re.escape(param)}(?=-|$))", "", inside, count=1)
    return path + (f"[{kept}]" if kept else "") + behind if closed else path + bracket + rest


def slot_in(nodeid: str) -> int | None:
    """The slot that a node id names."""
    found = re.search(r"\[(?:.*-)?slot-(\d+)(?:-.*)?\]", nodeid)
    return int(found[1]) if found else None


def blame_of(error: BaseException | None, *, broke_off: bool = False) -> Blame:
    """What an exception says of the drive.

    Args:
        broke_off: it came while the test waited for a job: a time limit that ran out then blames nobody.
    """
    if error is None:
        return Blame.NOTHING
    if broke_off or isinstance(error, _WITHOUT_ANSWER):
        return Blame.NO_ANSWER
    if isinstance(error, AssertionError) or type(error).__name__ == "Failed":  # pytest.fail's, not for import here
        return Blame.DRIVE
    return Blame.TEST


def attach(report: Any, seen: Seen) -> None:
    setattr(report, CARRIER, plain.dumps(seen))


def seen_in(report: Any) -> Seen | None:
    """None on the report of a test that has no slot, and of a worker that is gone."""
    text = getattr(report, CARRIER, None)
    return None if text is None else plain.loads(text, Seen)


def case_of(reports: Sequence[Report]) -> CaseResult:
    """One test from all its reports, in the order they came. What was run again counts as it ended last.

    Args:
        reports: at least one, all of one test on one slot.
    """
    begin = max((n for n, report in enumerate(reports) if report.when == "setup"), default=0)
    last = reports[begin:]
    seen = [found for report in last if (found := seen_in(report)) is not None]
    newest = seen[-1] if seen else None
    outcome, text = _outcome(last)
    return CaseResult(
        name_of(last[0].nodeid, newest.param if newest else ""),
        outcome,
        sum(report.duration for report in last),
        text,
        newest.measurements if newest else (),
        newest.jobs if newest else (),
    )


def _outcome(reports: Iterable[Report]) -> tuple[CaseOutcome, str]:
    """The worst of the phases: a drive that failed is not excused by a tear-down that broke."""
    found = [(_of_phase(report), report) for report in reports]
    for outcome in (CaseOutcome.FAILED, CaseOutcome.NO_ANSWER, CaseOutcome.ERROR, CaseOutcome.SKIPPED):
        for of_phase, report in found:
            if of_phase is outcome:
                return outcome, "; ".join(filter(None, (text_of(report), _why(report))))[:_LONGEST]
    if not any(report.when == "call" for _, report in found):
        return CaseOutcome.NO_ANSWER, "it was broken off"
    return CaseOutcome.PASSED, ""


def _of_phase(report: Report) -> CaseOutcome:
    if report.outcome == "skipped":  # also what was expected to fail, and did
        return CaseOutcome.SKIPPED
    if report.outcome == "passed":
        return CaseOutcome.PASSED
    seen = seen_in(report)
    blame = seen.blame if seen else Blame.TEST
    if blame is Blame.NO_ANSWER:
        return CaseOutcome.NO_ANSWER
    if seen and (blame is Blame.DRIVE) and (report.when == "call" or any(not m.is_within for m in seen.measurements)):
        return CaseOutcome.FAILED
    return CaseOutcome.ERROR


def text_of(report: Report) -> str:
    """Why it did not pass, in a line."""
    if expected := getattr(report, "wasxfail", None):
        return f"expected to fail: {expected}"
    told = report.longrepr
    if isinstance(told, tuple):  # of a skip: file, line, reason
        return str(told[-1]).removeprefix("Skipped: ")[:_LONGEST]
    crash = getattr(told, "reprcrash", None)
    lines = [line.strip() for line in str(crash.message if crash else told or "").splitlines() if line.strip()]
    if not lines:
        return ""
    line = lines[0] if crash else lines[-1]
    kind, colon, rest = line.partition(": ")
    if colon and re.fullmatch(r"[\w.]+", kind):  # a class with its module
        line = rest if kind in ("AssertionError", "Failed") and rest else f"{kind.rpartition('.')[2]}: {rest}"
    return line[:_LONGEST]


def _why(report: Report) -> str:
    seen = seen_in(report)
    return seen.why if seen and seen.blame is Blame.DRIVE else ""


def is_without_answer(report: Any) -> bool:
    seen = seen_in(report)
    return report.outcome == "failed" and seen is not None and seen.blame is Blame.NO_ANSWER
