"""What a pytest suite found out about one drive: each test of it, and what follows for the drive.

CaseResult, ... ──SuiteResult──judge_suite──▶ Verdict: an assertion that failed fails; no test, no pass
"""

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.measurement import Measurement
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus


class CaseOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    """An assertion, or a measurement's limit, did not hold: the drive is blamed."""
    NO_ANSWER = "no answer"
    """A job of the test had none, or was refused: nothing is known about the drive."""
    ERROR = "error"
    """The test itself broke, or what it stands on."""
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test, as it ran against one drive."""

    name: str
    """pytest's node id without the slot, such as "tests/qualification/test_speed.py::test_reads"."""
    outcome: CaseOutcome
    seconds: float
    """Host seconds, set-up and tear-down included."""
    text: str = ""
    """Why it did not pass: the last line of its report."""
    measurements: tuple[Measurement, ...] = ()
    jobs: tuple[int, ...] = ()
    """The ids of the jobs it started."""


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One suite against one drive."""

    serial: str
    """Of the drive that was tested."""
    cases: tuple[CaseResult, ...]
    seconds: float
    """Host seconds, from the first test's begin to the last one's end."""
    exit_status: int = 0
    """pytest's."""
    junit: str = ""
    """The JUnit XML that pytest wrote; "" where it wrote none."""

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        return tuple(measured for case in self.cases for measured in case.measurements)

    def count(self, outcome: CaseOutcome) -> int:
        return sum(case.outcome is outcome for case in self.cases)


_RULES = {
    CaseOutcome.FAILED: "test_failed",
    CaseOutcome.NO_ANSWER: "test_without_answer",
    CaseOutcome.ERROR: "test_broken",
}


def judge_suite(result: SuiteResult) -> Verdict:
    """A failed test fails the drive. A pass needs a test that passed, and none that broke or had no answer."""
    reasons = [
        Reason(_RULES[outcome], f"{case.name}: {case.text or outcome.value}", source="pytest")
        for outcome in _RULES
        for case in result.cases
        if case.outcome is outcome
    ]
    if result.count(CaseOutcome.FAILED):
        return Verdict(VerdictStatus.FAIL, tuple(reasons))
    if not reasons and result.exit_status:
        reasons.append(Reason("suite_broken", f"pytest ended with status {result.exit_status}", source="pytest"))
    if not reasons and not result.count(CaseOutcome.PASSED):
        reasons.append(Reason("nothing_tested", "no test of the suite ran against the drive", source="pytest"))
    return Verdict(VerdictStatus.UNKNOWN if reasons else VerdictStatus.PASS, tuple(reasons))
