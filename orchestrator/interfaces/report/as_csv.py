"""A report as CSV: a line for each value, made to be put below those of other drives. RFC 4180, UTF-8, a head line.

`kind` says what a line is: job, step, test, measurement, speed, temperature, counter_before, counter_after, and for
whoever reads it statement, checked, not_checked.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from orchestrator.interfaces.report.record import Measured, Report, Run, walk
from orchestrator.interfaces.report.words import cell
from orchestrator.interfaces.web import wording

COLUMNS = ("serial", "job", "operation", "step", "kind", "name", "value", "unit", "at_least", "at_most", "outcome")
Cells = tuple[str | float | None, ...]


def to_csv(report: Report) -> bytes:
    written = io.StringIO(newline="")
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    serial = report.drive.serial if report.drive is not None else ""
    runs = list(walk(report.run))
    in_steps = {step.job_id for run in runs for step in run.steps}
    for run in runs:
        head: Cells = (serial, run.job_id, run.operation)
        for cells in _run(run, told=run.job_id in in_steps):
            lines.writerow(map(_cell, head + cells))
    head = (serial, report.run.job_id, report.run.operation)
    said = (("statement", (report.statement,)), ("checked", report.checked), ("not_checked", report.not_checked))
    for kind, texts in said:
        for text in texts:
            rest: Cells = ("", kind, text, None, None, None, None, None)
            lines.writerow(map(_cell, head + rest))
    return written.getvalue().encode("utf-8", "replace")


def _run(run: Run, *, told: bool) -> Iterator[Cells]:
    """Each without its first three cells. `told`: the step that opened it tells what it measured."""
    why = "; ".join(reason.text for reason in run.reasons) or (run.error.text if run.error is not None else "")
    yield "", "job", why, None, "", None, None, run.conclusion.value
    if not told:
        yield from _measurements("", run.measurements)
    for number, step in enumerate(run.steps, 1):
        name = f"{number}. {step.step}"
        yield (
            name,
            "step",
            "; ".join(reason.text for reason in step.reasons),
            step.seconds,
            "s",
            None,
            None,
            step.outcome,
        )
        yield from _measurements(name, step.measurements)
        for missing in step.not_checked:
            yield name, "measurement", missing, None, "", None, None, "not checked"
    for case in run.cases:
        yield case.name, "test", case.text, case.seconds, "s", None, None, case.outcome
        yield from _measurements(case.name, case.measurements)
    if run.scan is not None:
        for lba, speed in run.scan.mb_per_s:
            yield "", "speed", f"LBA {lba}", speed, "MB/s", None, None, ""
        for lba, celsius in run.scan.temperatures:
            yield "", "temperature", f"LBA {lba}", celsius, "°C", None, None, ""
    for counter in run.counters:
        unit = wording.unit(counter.name)
        for kind, value in (("counter_before", counter.before), ("counter_after", counter.after)):
            if value is not None:
                yield "", kind, counter.name, value, unit, None, None, ""


def _measurements(step: str, measurements: Iterable[Measured]) -> Iterator[Cells]:
    for one in measurements:
        outcome = "" if one.within is None else "within" if one.within else "outside"
        yield step, "measurement", one.name, one.value, one.unit, one.at_least, one.at_most, outcome


def _cell(value: str | float | None) -> str:
    """A number is never a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return cell(value)
    return repr(int(value)) if float(value).is_integer() else repr(value)
