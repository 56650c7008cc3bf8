"""A report as JUnit XML, as Jenkins, GitLab and pytest's readers take it: a testsuite for the run, and one for each
pytest suite within it.

    recipe ──▶ a testcase per step        suite ──▶ per test        anything else ──▶ per job that it opened, and itself

failure: the drive is blamed. error: no answer, or too little evidence. skipped: it never ran. A file without either
never stands for a run that did not end well: then the run itself is a testcase, with its reason.
"""

import xml.etree.ElementTree as ET  # it only writes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestrator.interfaces.report.evidence import limits, number, said
from orchestrator.interfaces.report.record import Case, Conclusion, Measured, Report, Run, Step, walk
from orchestrator.interfaces.report.words import shown
from orchestrator.model.recipe import StepOutcome
from orchestrator.model.suite import CaseOutcome

_JOBS = {
    Conclusion.FAIL: "failure",
    Conclusion.UNKNOWN: "error",
    Conclusion.NO_ANSWER: "error",
    Conclusion.CANCELLED: "error",
}
_STEPS = {
    StepOutcome.FAIL: "failure",
    StepOutcome.UNKNOWN: "error",
    StepOutcome.NO_ANSWER: "error",
    StepOutcome.SKIPPED: "skipped",
}
_CASES = {
    CaseOutcome.FAILED: "failure",
    CaseOutcome.NO_ANSWER: "error",
    CaseOutcome.ERROR: "error",
    CaseOutcome.SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True)
class _Test:
    group: str
    name: str
    seconds: float
    tag: str
    """"failure", "error", "skipped", or "" for one that passed."""
    kind: str
    """In one word, why."""
    lines: tuple[str, ...]
    """Why, in sentences."""
    measurements: tuple[Measured, ...] = ()


def to_junit(report: Report) -> bytes:
    root = ET.Element("testsuites", {"name": f"job {report.run.job_id}"})
    for run in walk(report.run):
        if run is report.run or run.cases:
            _add_suite(root, report, run)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode("utf-8", "replace")


def _add_suite(root: ET.Element, report: Report, run: Run) -> None:
    tests = list(_tests(run))
    if not tests or (run.conclusion in _JOBS and not any(test.tag in ("failure", "error") for test in tests)):
        tests.append(_of_run(run))
    about = {"name": f"{run.operation} (job {run.job_id})", "tests": str(len(tests))}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        about[name] = str(sum(test.tag == tag for test in tests))
    about["time"] = f"{_seconds(run.started, run.ended):.3f}"
    if run.started is not None:
        about["timestamp"] = run.started.isoformat()
    suite = _add(root, "testsuite", about)
    properties = _add(suite, "properties", {})
    for name, value in (*_properties(report, run), *_measured(tests)):
        _add(properties, "property", {"name": name, "value": value})
    for test in tests:
        _add_test(suite, test)
    if run is report.run:
        told = [report.statement, *(f"checked: {text}" for text in report.checked)]
        told += [f"not checked: {text}" for text in report.not_checked]
        _add(suite, "system-out", {}, told)


def _add_test(suite: ET.Element, test: _Test) -> None:
    about = {"classname": test.group, "name": test.name, "time": f"{test.seconds:.3f}"}
    case = _add(suite, "testcase", about)
    if test.tag:
        why = {"type": test.kind, "message": "; ".join(test.lines) or test.kind}
        _add(case, test.tag, why, test.lines or (test.kind,))
    told = [] if test.tag else list(test.lines)
    told += [f"{said(one)}{f' ({text})' if (text := limits(one)) else ''}" for one in test.measurements]
    if told:
        _add(case, "system-out", {}, told)


def _add(above: ET.Element, tag: str, about: Mapping[str, str], lines: Iterable[str] = ()) -> ET.Element:
    """The one place where words become XML."""
    found = ET.SubElement(above, tag, {name: shown(value) for name, value in about.items()})
    if text := "\n".join(map(shown, lines)):
        found.text = text
    return found


def _tests(run: Run) -> Iterator[_Test]:
    if run.steps:
        for n, step in enumerate(run.steps, 1):
            yield _of_step(run, n, step)
    elif run.cases:
        yield from map(_of_case, run.cases)
    elif run.children:
        yield from map(_of_run, run.children)


def _of_step(run: Run, n: int, step: Step) -> _Test:
    lines = [reason.text for reason in step.reasons]
    lines += [f"not checked: the drive does not tell {name}" for name in step.not_checked]
    recipe = str((run.options or {}).get("name", run.operation))
    tag = _STEPS.get(step.outcome, "")
    return _Test(recipe, f"{n}. {step.step}", step.seconds, tag, step.outcome, tuple(lines), step.measurements)


def _of_case(case: Case) -> _Test:
    path, _, name = case.name.partition("::")
    group = path.removesuffix(".py").replace("/", ".")
    tag = _CASES.get(case.outcome, "")
    lines = (case.text,) if case.text else ()
    return _Test(group, name or path, case.seconds, tag, case.outcome, lines, case.measurements)


def _of_run(run: Run) -> _Test:
    kind, lines = run.conclusion.value, [reason.text for reason in run.reasons]
    if run.error is not None:
        kind = run.error.code
        lines.append(f"{run.error.text}; {run.error.remedy}" if run.error.remedy else run.error.text)
    seconds, tag = _seconds(run.started, run.ended), _JOBS.get(run.conclusion, "")
    return _Test(run.operation, f"job {run.job_id}", seconds, tag, kind, tuple(lines), run.measurements)


def _properties(report: Report, run: Run) -> Iterator[tuple[str, str]]:
    yield "slot", str(report.slot_id)
    yield "label", report.slot_label
    if report.drive is not None:
        yield "serial", report.drive.serial
        yield "model", report.drive.model
    yield "job", str(run.job_id)
    below = [one.job_id for one in walk(run) if one is not run]
    if below:
        yield "jobs", " ".join(map(str, below))
    yield "conclusion", run.conclusion.value
    yield "simulated", "true" if report.simulated else "false"


def _measured(tests: list[_Test]) -> Iterator[tuple[str, str]]:
    for test in tests:
        for one in test.measurements:
            unit = f" {one.unit}" if one.unit else ""
            yield f"{test.name}: {one.name}", f"{number(one.value)}{unit}"


def _seconds(begin: datetime | None, end: datetime | None) -> float:
    return max(0.0, (end - begin).total_seconds()) if begin is not None and end is not None else 0.0
