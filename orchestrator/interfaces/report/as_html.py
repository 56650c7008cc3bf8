"""A report as one HTML file: for a screen by day and night, and for A4. Needs nothing from anywhere and runs nothing.

Report ──Section per job──▶ report.html        the template escapes whatever it is given
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.interfaces.report.evidence import limits, number
from orchestrator.interfaces.report.record import Conclusion, Counter, Measured, Report, Run, walk
from orchestrator.interfaces.report.words import shown
from orchestrator.interfaces.web import wording
from orchestrator.interfaces.web.charts import Chart, chart

MOST_LISTED = 50
"""Unreadable places and the like; the JSON has all."""
MOST_CHARACTERS = 2_000
"""Of one value of an answer."""
Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    chart: Chart
    first: str
    """What stands below its left end."""
    last: str


@dataclass(frozen=True, slots=True)
class Section:
    """One job, as it is printed."""

    run: Run
    title: str
    part_of: int | None
    facts: Facts
    answer: Facts
    measurements: tuple[Measured, ...]
    """Those that no step tells."""
    charts: tuple[Drawn, ...]
    bad_lbas: str
    counters: tuple[Counter, ...]
    """The raw ones and those that changed; below another job these alone."""
    moments: tuple[str, ...]
    """At which they were read."""


def to_html(report: Report) -> bytes:
    """UTF-8."""
    made = _environment().get_template("report.html").render(
        report=report, sections=list(_sections(report.run, None)), course=_course(report.run)
    )  # fmt: skip
    return made.lstrip().encode("utf-8", "replace")


@lru_cache(1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters |= {
        "words": wording.words,
        "moment": wording.moment,
        "took": wording.took,
        "span": wording.span,
        "size": wording.size,
        "counter": _counter,
        "unit": wording.unit,
        "number": number,
        "limits": limits,
    }
    return made


def _counter(name: str) -> str:
    """Also a growth, as a recipe names it."""
    if not name.startswith("grown_"):
        return wording.counter(name)
    counter = name.removeprefix("grown_")
    return f"Growth of {wording.counter(counter.removesuffix('_in_step'))}" + (
        " in this step" if counter.endswith("_in_step") else ""
    )


def _finalize(value: Any) -> Any:
    """Of each expression of the template: a text as it may be shown; what a macro made is HTML already."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _sections(run: Run, parent: Run | None) -> Iterator[Section]:
    """The job's own, then those of the jobs that it opened: each tells what no one before it did."""
    in_step = parent is not None and any(step.job_id == run.job_id for step in parent.steps)
    counters = tuple(one for one in run.counters if not one.name.endswith("_value") or one.change)
    yield Section(
        run=run,
        title=_title(run),
        part_of=parent.job_id if parent is not None else None,
        facts=tuple(_facts(run, is_root=parent is None)),
        answer=tuple(_answer(run)),
        measurements=() if in_step else run.measurements,
        charts=tuple(_charts(run)),
        bad_lbas=_bad_lbas(run),
        counters=counters if parent is None else tuple(one for one in counters if one.change),
        moments=tuple(dict.fromkeys(read.moment for read in run.reads)),
    )
    for child in run.children:
        yield from _sections(child, run)


def _title(run: Run) -> str:
    name = (run.options or {}).get("name") if run.operation == "run_recipe" else None
    return f"{wording.words(run.operation)} {name or ''}".strip()


def _facts(run: Run, *, is_root: bool) -> Iterator[tuple[str, str]]:
    for name, value in (run.options or {}).items():
        if value is not None:
            yield wording.words(name), _value(name, value)
    if is_root:
        yield "Opened by", run.opened_by.value
        yield "Reference", str(run.client_ref)
    times = (("Accepted", run.accepted), ("Started", run.started), ("Ended", run.ended))
    for name, time in times if is_root else times[1:]:
        yield name, _moment(time) or "never"
    if took := wording.took(run.started, run.ended):
        yield "Took", took
    if run.attempt > 1:
        yield "Attempts", str(run.attempt)


def _answer(run: Run) -> Iterator[tuple[str, str]]:
    """What is told nowhere else: nothing that the conclusion says, and no number among the measurements."""
    is_verdict = isinstance(run.answer, dict) and run.answer.keys() == {"status", "reasons"}
    if run.answer is None or is_verdict or (isinstance(run.answer, bool) and run.conclusion is not Conclusion.DONE):
        return
    measured = {one.name for one in run.measurements}
    parts = run.answer if isinstance(run.answer, dict) else {"answer": run.answer}
    for name, value in parts.items():
        if name not in measured:
            yield wording.words(name), _value(name, value)


def _value(name: str, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else wording.value(name, value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} ..."


def _charts(run: Run) -> Iterator[Drawn]:
    if run.scan is None:
        return
    series = (
        ("Read speed by zone", run.scan.mb_per_s, "MB/s"),
        ("Temperature while reading", run.scan.temperatures, "°C"),
    )
    for name, pairs, unit in series:
        points = sorted((float(lba), float(value)) for lba, value in pairs)
        if (made := chart(name, points, unit)) is not None:
            yield Drawn(made, f"LBA {int(points[0][0])}", f"LBA {int(points[-1][0])}")


def _course(run: Run) -> Drawn | None:
    """The temperature over the whole run, at each read that was kept of it."""
    reads = {(read.time, read.temperature_celsius) for one in walk(run) for read in one.reads}
    points: Sequence[tuple[datetime, float]] = sorted((time, warm) for time, warm in reads if warm is not None)
    made = chart("Temperature over the run", [(time.timestamp(), warm) for time, warm in points], "°C")
    return Drawn(made, _moment(points[0][0]), _moment(points[-1][0])) if made is not None and len(points) > 2 else None


def _bad_lbas(run: Run) -> str:
    found = run.scan.bad_lbas if run.scan is not None else ()
    listed = ", ".join(map(str, found[:MOST_LISTED]))
    return listed if len(found) <= MOST_LISTED else f"{listed} and {len(found) - MOST_LISTED} more"


def _moment(time: datetime | None) -> str:
    return wording.moment(time)
