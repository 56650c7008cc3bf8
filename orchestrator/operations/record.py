"""What a suite outside found out about the drive, put into the rack's history as a job with its verdict."""

from orchestrator.model import plain
from orchestrator.model.drive import Drive
from orchestrator.model.errors import DriveChanged, InvalidArgument
from orchestrator.model.suite import CaseResult, SuiteResult, judge_suite
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import operation

_FORM = "it takes a JSON list of cases: name, outcome, seconds, and text, measurements and jobs where there are any"


def _check(*, serial: str, results: str) -> None:
    if not serial.strip():
        raise InvalidArgument("serial is empty; it takes the serial number of the drive that was tested")
    _read(results)


def _read(results: str) -> tuple[CaseResult, ...]:
    try:
        cases: tuple[CaseResult, ...] = plain.loads(results, tuple[CaseResult, ...])
    except ValueError as exc:
        told = "; ".join(str(exc).splitlines()[:3])
        raise InvalidArgument(f"results cannot be read: {told}", remedy=_FORM) from exc
    if any(not 0 <= case.seconds < float("inf") for case in cases):
        raise InvalidArgument("results: a case's seconds are 0 or more", remedy=_FORM)
    return cases


@operation(check=_check, sends=("smartctl -a",), estimate=lambda *_: 5.0)
def record_tests(drive: Drive, bench: Bench, *, serial: str, results: str) -> SuiteResult:
    """Keep what a test suite found out about this drive, and judge it. Seconds.

    Args:
        serial: of the drive that was tested.
        results: a JSON list of the suite's cases, each with name, outcome (passed, failed, no answer, error or
            skipped), seconds, and text, measurements and jobs where there are any.
    Raises:
        DriveRemoved: the drive left its slot.
        DriveChanged: another one than was tested answers here; nothing is recorded of it.
        ToolFailed, ToolTimeout, ToolMissing: nobody can say which drive is in the slot.
    """
    cases = _read(results)
    if drive.serial != serial:
        raise DriveChanged(f"{serial} was tested, and {drive.serial} is in its place", serial=drive.serial)
    bench.read(drive, quick=True)  # raises where another one answers by now
    found = SuiteResult(serial, cases, sum(case.seconds for case in cases))
    bench.conclude(judge_suite(found))
    return found
