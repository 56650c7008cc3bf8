"""A report from what a rack knows: of its store, its service, or itself.

Source.job_history, children ──▶ Run, with a Run for each job that it opened ──evidence──▶ Report
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from orchestrator.interfaces.report.evidence import what_was_checked
from orchestrator.interfaces.report.record import (
    FORMAT,
    STATEMENT,
    Attempt,
    Case,
    Conclusion,
    Counter,
    Measured,
    Pause,
    Read,
    Report,
    Run,
    Step,
)
from orchestrator.model.errors import InvalidArgument, JobCancelled, JobNotFinished, NotFound
from orchestrator.model.history import AFTER, BEFORE, DriveHistory, JobHistory, Row
from orchestrator.model.job import AsyncJob, AsyncJobStatus, EventKind, ListInfo, ResultSet, descendants_of
from orchestrator.model.measurement import Measurement, measurements_of
from orchestrator.model.plain import loads
from orchestrator.model.recipe import RecipeResult, StepResult
from orchestrator.model.scan import ScanResult
from orchestrator.model.suite import CaseResult, SuiteResult

NOT_KEPT = "options, changes of state and the drive's counters: the rack keeps no history"
Types = Mapping[str, Any]
"""Answer types by operation. The answer of one that is not in here is told as the JSON that was kept."""


class Source(Protocol):
    """Where the records are: interfaces/records.py, served_records.py, or a rack of this process (web/reports.py)."""

    @property
    def simulated(self) -> bool: ...
    @property
    def labels(self) -> Mapping[int, str]: ...
    def get_job_status(self, job_id: int, /) -> AsyncJob: ...
    def get_jobs_list(self, info: ListInfo, /) -> ResultSet: ...
    def job_history(self, job_id: int, /) -> JobHistory:
        """Without rows where the rack keeps no history."""
        ...

    def history(self, serial: str, /) -> tuple[DriveHistory, ...]:
        """InvalidArgument where the rack keeps no history."""
        ...


def make_report(source: Source, job_id: int, types: Types) -> Report:
    """Blocks for a query of the store, or a round trip, per job of the run. Raises UnknownJob, JobNotFinished."""
    job = source.get_job_status(job_id)
    if not job.has_ended:
        raise JobNotFinished(f"job {job_id} is {job.status.name}", remedy=f"`orchestrator wait {job_id}` waits for it")
    below: dict[int, list[AsyncJob]] = {}
    for child in descendants_of(job, source.get_jobs_list):
        below.setdefault(child.parent_id or 0, []).append(child)
    run = _run(source, job, below, types)
    checked, not_checked = what_was_checked(run, job.drive)
    label = _label(source, job)
    return Report(FORMAT, source.simulated, STATEMENT, checked, not_checked, job.slot_id, label, job.drive, run)


def _label(source: Source, job: AsyncJob) -> str:
    """As it was when the job was accepted, where the drive's stay is kept; else as it is now."""
    if job.drive is not None and job.accepted is not None:
        with suppress(InvalidArgument, NotFound):
            for known in source.history(job.drive.serial):
                for stay in known.stays if known.drive == job.drive else ():
                    over = stay.ended is not None and stay.ended < job.accepted
                    if stay.slot_id == job.slot_id and stay.began <= job.accepted and not over:
                        return stay.label
    return source.labels.get(job.slot_id, str(job.slot_id))


def _run(source: Source, job: AsyncJob, below: Mapping[int, list[AsyncJob]], types: Types) -> Run:
    past = source.job_history(job.id)
    answer = json.loads(past.answer) if past.answer else None
    typed = _typed(past.answer, types.get(job.name))
    steps, cases, scan = _told(typed)
    is_told = isinstance(typed, RecipeResult | SuiteResult)
    return Run(
        job_id=job.id,
        operation=job.name,
        options=json.loads(past.options) if past.options else None,
        opened_by=job.opened_by,
        client_ref=job.client_ref,
        accepted=_utc(job.accepted),
        started=_utc(job.started),
        ended=_utc(job.ended),
        attempt=job.attempt,
        attempts=tuple(_attempts(past.rows)),
        pauses=tuple(_pauses(past.rows, job.ended)),
        conclusion=_conclusion(job),
        reasons=job.verdict.reasons if job.verdict is not None else (),
        error=job.error,
        answer=None if is_told or scan is not None else answer,
        measurements=() if is_told else _measured(_found(typed, answer)),
        steps=steps,
        cases=cases,
        scan=scan,
        reads=tuple(_reads(past)),
        counters=tuple(_counters(past)),
        not_kept=() if past.rows else (NOT_KEPT,),
        children=tuple(_run(source, child, below, types) for child in below.get(job.id, ())),
    )


def _typed(answer: str, kind: Any) -> Any:
    """None for what is not known here, or was another type when it was kept."""
    if not answer or kind is None:
        return None
    try:
        return loads(answer, kind)
    except ValueError:
        return None


def _told(answer: Any) -> tuple[tuple[Step, ...], tuple[Case, ...], ScanResult | None]:
    match answer:
        case RecipeResult():
            return tuple(map(_step, answer.steps)), (), None
        case SuiteResult():
            return (), tuple(map(_case, answer.cases)), None
        case ScanResult():
            return (), (), answer
    return (), (), None


def _found(typed: Any, answer: Any) -> Iterator[Measurement]:
    if typed is not None:
        return measurements_of(typed)
    numbers = answer if isinstance(answer, dict) else {"answer": answer}
    return (Measurement(name, one.value) for name, value in numbers.items() for one in measurements_of(value))


def _measured(found: Iterable[Measurement]) -> tuple[Measured, ...]:
    return tuple(
        Measured(
            one.name, _finite(one.value), one.unit, _finite(one.at_least), _finite(one.at_most),
            one.is_within if one.has_limits else None,
        )
        for one in found
    )  # fmt: skip


def _finite(value: float | None) -> float | None:
    try:
        return value if value is not None and math.isfinite(value) else None
    except OverflowError:  # a whole number beyond what a float holds
        return None


def _step(found: StepResult) -> Step:
    return Step(
        found.step, found.outcome, found.job_id, _finite(found.seconds) or 0.0, found.reasons,
        _measured(found.measurements), found.not_checked,
    )  # fmt: skip


def _case(found: CaseResult) -> Case:
    return Case(
        found.name, found.outcome, _finite(found.seconds) or 0.0, found.text, _measured(found.measurements), found.jobs
    )


def _conclusion(job: AsyncJob) -> Conclusion:
    if job.error is not None or job.status is AsyncJobStatus.FAILED:
        cancelled = job.error is not None and job.error.code == JobCancelled.code
        return Conclusion.CANCELLED if cancelled else Conclusion.NO_ANSWER
    return Conclusion(job.verdict.status.value) if job.verdict is not None else Conclusion.DONE


def _attempts(rows: Iterable[Row]) -> Iterator[Attempt]:
    for row in rows:
        changes = dict(row.changes)
        if row.kind is not EventKind.ACCEPTED and (number := changes.get("attempt", 1)) > 1:
            yield Attempt(number, row.time.astimezone(UTC), str(changes.get("message") or row.cause))


def _pauses(rows: Iterable[Row], end: datetime | None) -> Iterator[Pause]:
    began: datetime | None = None
    why = ""
    for row in rows:
        changes = dict(row.changes)
        if "status" not in changes or row.kind is EventKind.ACCEPTED:
            continue
        if began is not None:
            yield Pause(began, row.time.astimezone(UTC), why)
            began = None
        if changes["status"] == AsyncJobStatus.PAUSED:
            began, why = row.time.astimezone(UTC), str(changes.get("reason") or row.cause)
    if began is not None and end is not None:
        yield Pause(began, end.astimezone(UTC), why)


def _reads(past: JobHistory) -> Iterator[Read]:
    for report in sorted(past.reports, key=lambda report: (report.time, report.moment != BEFORE)):
        moment: Any = report.moment
        yield Read(moment, report.time.astimezone(UTC), _finite(dict(report.values).get("temperature_celsius")))


def _counters(past: JobHistory) -> Iterator[Counter]:
    told = {report.moment: dict(report.values) for report in past.reports}
    before, after = told.get(BEFORE, {}), told.get(AFTER, {})
    for name in sorted({*before, *after}, key=_by_number):
        then, now = _finite(before.get(name)), _finite(after.get(name))
        if then is not None or now is not None:
            yield Counter(name, then, now, now - then if then is not None and now is not None else None)


def _by_number(name: str) -> tuple[bool, str]:
    """What every drive tells first, then the attributes by number."""
    return name.startswith("attribute_"), "_".join(part.zfill(3) for part in name.split("_"))


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(UTC)
