"""A team's own pytest suite, run on the drive of one slot: what it may do is what its fixtures give it.

    Collected(n) ──▶ CaseResult, ... (progress: done of n) ──▶ Ended ──▶ SuiteResult ──▶ judge_suite ──▶ verdict

Its process, its time and its end are the bench's business: adapters/suites.py, actors/suite_desk.py.
"""

import shlex
from pathlib import Path
from typing import Annotated, Any

from orchestrator.model.drive import Drive
from orchestrator.model.errors import InvalidArgument, ToolFailed, ToolStuck
from orchestrator.model.suite import CaseResult, SuiteResult, judge_suite
from orchestrator.model.suite_talk import Apart, Began, Collected, Ended
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Between, Holds, operation

MONTH_S = 31 * 86_400
_ALL_PASSED, _SOME_FAILED, _NONE_COLLECTED = 0, 1, 5
_ANSWERS = (_ALL_PASSED, _SOME_FAILED, _NONE_COLLECTED)
_MEANINGS = {2: "it was interrupted, or could not collect the tests", 3: "an internal error", 4: "wrong usage"}
"""pytest's exit statuses: docs.pytest.org, reference/exit-codes."""


def _check(*, path: str, args: str, **_: Any) -> None:
    _words(args)
    file = path.partition("::")[0]
    try:
        is_there = bool(file) and Path(file).exists()
    except (OSError, ValueError):  # no permission to look; a NUL in it
        is_there = False
    if not is_there:
        raise InvalidArgument(
            f"path is {path!r}; no such file or folder can be read on this host",
            remedy="give a suite's folder or file; in a rack file a relative path is beside that file",
        )


def _words(args: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(args))
    except ValueError as exc:
        text = f"args is {args!r}, which cannot be split into words: {exc}"
        raise InvalidArgument(
            text, remedy="write it as on a command line, such as \"-x -k 'reads and not slow'\""
        ) from exc
    if "--" in words or "\0" in args:
        raise InvalidArgument(f"args is {args!r}; it takes pytest's options, without a bare --")
    return words


@operation(check=_check, runs_code=True, sends=("what the tests send",))
def run_pytest(
    drive: Drive,
    bench: Bench,
    *,
    path: Annotated[str, Holds.PATH],
    args: str = "",
    timeout_s: Annotated[float, Between(1, MONTH_S)] = 3600.0,
) -> SuiteResult:
    """Run a pytest suite against this drive, in a process of its own, and judge what it found. As long as it takes.

    Args:
        path: the suite's folder or file, or FILE::TEST, on the host that runs the rack.
        args: further options for pytest, as on a command line.
        timeout_s: host seconds for all of it; pauses of its jobs count.
    Cannot pause; after a restart of the orchestrator it ends as Interrupted. The drive is read before and after it, so
    that its counters can be compared.
    Raises:
        DriveRemoved, DriveChanged: the drive left its slot, or another serial answers in its place.
        ToolMissing: pytest is not installed beside the orchestrator.
        ToolTimeout: it did not end within timeout_s. ToolFailed: pytest could not run it, or its process died.
    """
    _look(drive, bench)
    cases, done, count, ended = list[CaseResult](), 0, 0, Ended(0, 0.0, "", "")
    with bench.suite(drive, path, _words(args), timeout_s=timeout_s) as suite:
        for said in suite:
            match said:
                case Collected():
                    count = said.count
                    bench.progress(0)
                case Began():
                    bench.note(f"test {done + 1} of {max(count, done + 1)}: {said.name}")
                case CaseResult() | Apart():
                    done += 1
                    bench.progress(100 * done / max(count, done))
                    if isinstance(said, CaseResult):
                        cases.append(said)
                case Ended():
                    ended = said
    if ended.exit_status not in _ANSWERS:
        meaning = _MEANINGS.get(ended.exit_status, "not one of pytest's own")
        text = f"pytest ended with status {ended.exit_status} ({meaning}); it last said: {ended.last_lines}"
        raise ToolFailed(text, exit_status=ended.exit_status, output=ended.last_lines)
    _look(drive, bench)
    if ended.note:
        bench.note(ended.note)
    result = SuiteResult(drive.serial, tuple(cases), ended.seconds, ended.exit_status, ended.junit)
    bench.conclude(judge_suite(result))
    return result


def _look(drive: Drive, bench: Bench) -> None:
    """Is it still this drive? What cannot be read now is for the tests to judge."""
    try:
        bench.read(drive)
    except ToolStuck:
        raise
    except ToolFailed:
        pass
