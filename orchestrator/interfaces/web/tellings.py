"""What the job and drive pages tell: answers as measurements, rows as a timeline, counters as trends."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.interfaces import telling
from orchestrator.interfaces.recipe_words import Table
from orchestrator.interfaces.web import wording
from orchestrator.interfaces.web.charts import Chart, chart
from orchestrator.interfaces.web.faces import found, job_state
from orchestrator.model.history import JobHistory, Sample
from orchestrator.model.job import AsyncJob, AsyncJobStatus, EventKind
from orchestrator.model.verdict import Verdict
from orchestrator.operations.declare import Operation, Option, describe

MOST_LISTED = 20
TEMPERATURE = "temperature_celsius"
_ENDLESS = 2**63
Drawn = tuple[Chart, str | datetime, str | datetime]
"""A chart, and what stands below its left and its right end."""


@dataclass(frozen=True, slots=True)
class Measured:
    values: tuple[tuple[str, str], ...] = ()
    charts: tuple[Drawn, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.charts or self.tables)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a job's timeline."""

    key: str
    title: str
    time: datetime | None
    text: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Temperature:
    celsius: float
    time: datetime


def measured(answer: Any, operation: str = "") -> Measured:
    """An answer's parts. A verdict has none: the page shows it with its reasons. `operation`: whose it is."""
    if answer is None or isinstance(answer, Verdict):
        return Measured()
    if (known := telling.known_answer(operation, answer)) is not None:
        return Measured(tables=telling.tables(known))
    if not dataclasses.is_dataclass(answer):
        return Measured((("Answer", wording.value("", answer)),))
    values, charts = [], []
    for field in dataclasses.fields(answer):
        what, label = getattr(answer, field.name), wording.words(field.name)
        if not isinstance(what, tuple):
            values.append((label, wording.value(field.name, what)))
        elif (drawn := _drawn(field.name, what)) is not None:
            charts.append(drawn)
        else:
            values.append((label, _listed(field.name, what)))
    return Measured(tuple(values), tuple(charts))


def _drawn(name: str, what: tuple[Any, ...]) -> Drawn | None:
    """Pairs of numbers that go up: a value along the surface."""
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in what):
        return None
    try:
        points = [(float(x), float(y)) for x, y in what]
    except (TypeError, ValueError):
        return None
    made = chart(wording.words(name), points, _unit(name)) if points == sorted(points) else None
    return (made, f"LBA {wording.number(made.first_x)}", f"LBA {wording.number(made.last_x)}") if made else None


def _unit(name: str) -> str:
    return "°C" if name == "temperatures" else wording.unit(name)


def _listed(name: str, what: tuple[Any, ...]) -> str:
    if not what:
        return "none"
    shown = ", ".join(_item(name, item) for item in what[:MOST_LISTED])
    return shown if len(what) <= MOST_LISTED else f"{wording.number(len(what))}: {shown}, ..."


def _item(name: str, item: Any) -> str:
    if isinstance(item, tuple):
        return " at ".join(_item(name, part) for part in reversed(item))
    return wording.number(item) if isinstance(item, int | float) else str(item)


def timeline(job: AsyncJob, history: JobHistory | None) -> list[Entry]:
    """Every change of its state and what it said; from the live record alone, only its three moments."""
    if history is None:
        ended = Entry(job_state(job), _ending(job), job.ended, job.error.code if job.error else "")
        began = [Entry("waiting", "Accepted", job.accepted), Entry("running", "Started", job.started)]
        return [entry for entry in (*began, ended) if entry.time is not None]
    entries = []
    for row in history.rows:
        changes = dict(row.changes)
        if row.kind is EventKind.ACCEPTED:
            entries.append(Entry("waiting", "Accepted", row.time, row.cause, row.who))
        elif row.kind is EventKind.STATUS and "status" in changes:
            entries.append(_turn(job, AsyncJobStatus(changes["status"]), row.time, row.cause, row.who))
        elif row.kind is EventKind.MESSAGE:
            text = str(changes.get("message") or changes.get("reason") or row.cause)
            entries.append(Entry("note", text or "Note", row.time, "", row.who))
    return entries


def _turn(job: AsyncJob, status: AsyncJobStatus, time: datetime, cause: str, who: str) -> Entry:
    ends = status in (AsyncJobStatus.COMPLETED, AsyncJobStatus.FAILED)
    key = (found(job) or "done") if ends else status.name.lower().replace("init", "waiting")
    return Entry(key, _ending(job) if ends else wording.words(key), time, cause, who)


def _ending(job: AsyncJob) -> str:
    what = found(job)
    if job.status is AsyncJobStatus.FAILED:
        return "Ended without an answer"
    return f"Completed: {wording.words(what).lower()}" if what else "Completed"


def options(history: JobHistory | None) -> list[tuple[str, str]]:
    """What the job was started with."""
    given = json.loads(history.options) if history is not None and history.options else {}
    return [(wording.words(name), wording.value(name, value)) for name, value in given.items() if value is not None]


def trends(samples: Sequence[Sample]) -> tuple[list[Drawn], list[tuple[str, float]]]:
    """Charts of what changed, the temperature first and always, and the last value of what never did."""
    series: dict[str, list[tuple[datetime, float]]] = {}
    for sample in samples:
        for name, value in sample.values:
            series.setdefault(name, []).append((sample.time, value))
    drawn: list[Drawn] = []
    steady: list[tuple[str, float]] = []
    for name in sorted(series, key=_importance):
        points = series[name]
        moves = name == TEMPERATURE or len({value for _, value in points}) > 1
        over_time = [(time.timestamp(), value) for time, value in points]
        made = chart(wording.counter(name), over_time, wording.unit(name)) if moves else None
        if made is not None:
            drawn.append((made, points[0][0], points[-1][0]))
        else:
            steady.append((name, points[-1][1]))
    return drawn, steady


def _importance(name: str) -> tuple[bool, bool, bool, str]:
    number = name.split("_")[1].zfill(3) if name.startswith("attribute_") else ""
    return name != TEMPERATURE, bool(number), name.endswith("_value"), number or name


def temperature(samples: Iterable[Sample]) -> Temperature | None:
    """The newest."""
    for sample in reversed(tuple(samples)):
        celsius = dict(sample.values).get(TEMPERATURE)
        if celsius is not None:
            return Temperature(celsius, sample.time)
    return None


@dataclass(frozen=True, slots=True)
class OptionTold:
    name: str
    takes: str
    default: str
    help: str


@dataclass(frozen=True, slots=True)
class OperationTold:
    name: str
    summary: str
    answer: str
    pausable: bool
    command: str
    options: tuple[OptionTold, ...]


def operation(declared: Operation[..., Any]) -> OperationTold:
    options = declared.options.values()
    told = [OptionTold(option.name, _takes(option), _else(option), option.help) for option in options]
    command = f"orchestrator run {declared.name.removeprefix('run_').replace('_', '-')} SLOT"
    answer = describe(declared.answer_type)
    return OperationTold(declared.name, declared.summary, answer, declared.pausable, command, tuple(told))


def _takes(option: Option) -> str:
    what, low = describe(option.type), option.between
    if low is None:
        return what
    least, most = wording.number(low.least), wording.number(low.most)
    return f"{what}, from {least}" if low.most >= _ENDLESS else f"{what}, {least} to {most}"


def _else(option: Option) -> str:
    return "must be given" if option.required else repr(option.default)
