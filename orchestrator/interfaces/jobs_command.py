"""`orchestrator jobs`, `status JOB` and `result JOB`: the jobs of a rack, from its records.

Times are the reader's own here; with --json they carry their offset from UTC.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from orchestrator.interfaces import outcome, telling
from orchestrator.interfaces.outcome import printable
from orchestrator.interfaces.reach import Named
from orchestrator.interfaces.served_records import Records, ServedRecords, records_of
from orchestrator.interfaces.table import plain_table, rich_table
from orchestrator.interfaces.web.wording import took
from orchestrator.model.errors import InvalidArgument
from orchestrator.model.job import AsyncJob, AsyncJobStatus, ListInfo

if TYPE_CHECKING:
    from orchestrator.remote.rack import RemoteRack

HEADS = ("job", "status", "verdict", "slot", "serial", "operation", "accepted", "took", "what")

SPARE = ("took", "what", "operation")
"""What a narrow terminal goes without, in this order."""
LEAST_ROOM = 20
"""Characters of the last column that still say something."""


@dataclass(frozen=True, slots=True)
class Page:
    jobs: tuple[AsyncJob, ...]
    total: int
    """That match, on all pages."""
    next: ListInfo | None
    """What asks for the page behind this one; None on the last one."""


def show_jobs(named: Named, asked: ListInfo, *, as_json: bool) -> None:
    with closing(records_of(named)) as records:
        page = read_page(records, asked)
        if as_json:
            for job in page.jobs:
                print(json.dumps(job_json(records, job)))
        else:
            show_head(records)
            if page.jobs:
                print_jobs(records, page.jobs, HEADS)
            if not records.live and any(not job.has_ended for job in page.jobs):
                print("\nJobs that have not ended are shown as they were last kept; their progress is not.")
    _say_how_to_go_on(named, page, as_json=as_json)


def show_count(named: Named, asked: ListInfo, *, as_json: bool) -> None:
    """How many match, on all pages."""
    with closing(records_of(named)) as records:
        total = records.get_jobs_list(replace(asked, offset=0, limit=0, after_id=None)).total
        if as_json:
            print(json.dumps({"total": total, "simulated": records.simulated}))
        else:
            show_head(records)
            print(_matches(total))


def show_opened(rack: "RemoteRack", job_id: int, *, as_json: bool) -> None:
    """A job that was just opened."""
    records = ServedRecords(rack)
    if not as_json:
        show_head(records)
    tell_state(records, rack.get_job_status(job_id), as_json=as_json)
    if not as_json:
        print(f"`orchestrator wait {job_id}` waits for its end")


def show_status(named: Named, job_id: int, *, as_json: bool) -> None:
    with closing(records_of(named)) as records:
        job = records.get_job_status(job_id)
        if as_json:
            print(json.dumps(job_json(records, job)))
            return
        show_head(records)
        print(head_of(records, job))
        for name, text in _facts(job, live=records.live):
            print(f"  {name:<9} {text}")


def show_result(named: Named, job_id: int, *, as_json: bool) -> int:
    """The exit status. Raises JobNotFinished for an open one."""
    with closing(records_of(named)) as records:
        job, answer = records.find_result(job_id)
        if not as_json:
            show_head(records)
        return tell_result(records, job, answer, as_json=as_json)


def tell_state(records: Records, job: AsyncJob, *, as_json: bool) -> None:
    """One line: where it stands, and why."""
    if as_json:
        print(json.dumps(job_json(records, job)))
    else:
        why = printable(job.reason or job.message)
        print(f"{head_of(records, job)}: {job.status.name}{f', {why}' if why else ''}")


def tell_result(records: Records, job: AsyncJob, answer: Any, *, as_json: bool) -> int:
    """What came of an ended job. The exit status."""
    verdict = outcome.verdict_of(job)
    if as_json:
        print(json.dumps(job_json(records, job) | {"answer": answer} | outcome.verdict_json(verdict)))
    else:
        print(f"{head_of(records, job)}: {verdict.status.value.upper() if verdict else 'done'}")
        telling.tell_answer(job, answer)
    return outcome.exit_status(job)


def status_named(text: str) -> AsyncJobStatus:
    """By name or by number. Raises InvalidArgument."""
    for status in AsyncJobStatus:
        if text.strip().upper() in (status.name, str(status.value)):
            return status
    names = ", ".join(f"{status.name.lower()} ({status.value})" for status in AsyncJobStatus)
    raise InvalidArgument(f"status is {text!r}; it takes one of {names}")


def read_page(records: Records, asked: ListInfo) -> Page:
    """One job more is read than is shown, to know whether there is a next page."""
    limit = asked.limit
    found = records.get_jobs_list(replace(asked, limit=limit + 1) if limit > 0 else asked)
    jobs = found.items if limit < 0 else found.items[:limit]
    more = len(found.items) > len(jobs)
    if not more:
        return Page(jobs, found.total, None)
    if asked.order_by == "id":
        return Page(jobs, found.total, replace(asked, offset=0, after_id=jobs[-1].id))
    return Page(jobs, found.total, replace(asked, offset=asked.offset + limit))


def print_jobs(records: Records, jobs: Sequence[AsyncJob], heads: Sequence[str]) -> None:
    """On a terminal a line a job: a column that finds no room is left out. `status` tells all of one job."""
    columns = {head: [row[at] for row in map(partial(_row, records), jobs)] for at, head in enumerate(HEADS)}
    if not sys.stdout.isatty():
        print(plain_table(heads, list(zip(*(columns[head] for head in heads), strict=True))))
        return
    from rich.console import Console

    console = Console(highlight=False)
    widths = {head: max(map(len, (head, *columns[head]))) + 2 for head in heads} | {"what": LEAST_ROOM}
    for spare in SPARE:
        if sum(widths[head] for head in heads) > console.width:
            heads = [head for head in heads if head != spare]
    rows = list(zip(*(columns[head] for head in heads), strict=True))
    console.print(rich_table(heads, rows, line=console.width if heads[-1] == "what" else None))


def job_json(records: Records, job: AsyncJob) -> dict[str, Any]:
    return outcome.job_json(job) | {"simulated": records.simulated}


def show_head(records: Records) -> None:
    if records.simulated:
        print("SIMULATED rack: no drive named here is real")


def head_of(records: Records, job: AsyncJob) -> str:
    return printable(
        f"job {job.id}: slot {records.slot_text(job.slot_id)}: {outcome.drive_text(job.drive)}: {job.name}"
    )


def local(time: datetime | None) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}" if time else ""


def _row(records: Records, job: AsyncJob) -> tuple[str, ...]:
    verdict = outcome.verdict_of(job) if job.has_ended else None
    what = outcome.reasons_text(verdict) if job.has_ended else outcome.clipped(job.reason or job.message)
    return (
        str(job.id),
        job.status.name,
        verdict.status.value if verdict else "",
        printable(records.slot_text(job.slot_id)),
        printable(job.drive.serial or job.drive.wwn) if job.drive else "-",
        printable(job.name),
        local(job.accepted)[:-3],
        took(job.started, job.ended),
        what,
    )


def _facts(job: AsyncJob, *, live: bool) -> list[tuple[str, str]]:
    verdict = outcome.verdict_of(job) if job.has_ended else None
    found = [
        ("status", job.status.name + ("" if job.has_ended or live else " (as last kept; its progress is not)")),
        ("progress", f"{job.progress} %" if live and job.progress >= 0 and not job.has_ended else ""),
        ("reason", printable(job.reason)),
        ("message", printable(job.message)),
        ("verdict", verdict.status.value if verdict else ""),
        *(("", f"- {printable(reason.text)}") for reason in (verdict.reasons if verdict else ())),
        ("opened by", job.opened_by.value + (f", job {job.parent_id}" if job.parent_id is not None else "")),
        ("for", f"client_ref {job.client_ref}"),
        ("accepted", local(job.accepted)),
        ("started", local(job.started)),
        ("ended", local(job.ended)),
        ("expected", local(job.eta) if live and not job.has_ended else ""),
        ("took", took(job.started, job.ended)),
        ("attempt", str(job.attempt) if job.attempt > 1 else ""),
    ]
    return [(name, text) for name, text in found if text]


def _say_how_to_go_on(named: Named, page: Page, *, as_json: bool) -> None:
    """With --json on stderr, and only where something is left out: a script must not take a page for the whole."""
    told = _matches(page.total)
    if len(page.jobs) != page.total:
        told += f", {len(page.jobs)} shown"
    if page.next is not None:
        told += f"; the next page:\n  {_command(named, page.next, as_json=as_json)}"
    if not as_json:
        print(f"\n{told}" if page.jobs else told)
    elif page.next is not None:
        sys.stderr.write(f"{told}\n")


def _matches(total: int) -> str:
    return "1 job matches" if total == 1 else f"{total} jobs match"


def _command(named: Named, asked: ListInfo, *, as_json: bool) -> str:
    words = ["orchestrator", "jobs", *named.words]
    for field in fields(asked):
        value, option = (
            getattr(asked, field.name),
            field.name.removesuffix("_id") if field.name == "slot_id" else field.name,
        )
        if value == field.default and field.name != "limit":
            continue
        option = f"--{option.replace('_', '-')}"
        if value is True:
            words.append(option)
        else:
            words += [option, value.name.lower() if isinstance(value, AsyncJobStatus) else str(value)]
    return shlex.join([*words, "--json"] if as_json else words)
