"""`orchestrator history SERIAL`: a drive's life over all slots. `orchestrator history --job ID`: a job's, change by
change, and what its drive said before and after it.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from orchestrator.interfaces import outcome, telling
from orchestrator.interfaces.jobs_command import HEADS, head_of, local, print_jobs, show_head
from orchestrator.interfaces.outcome import printable
from orchestrator.interfaces.reach import Named
from orchestrator.interfaces.served_records import Records, records_of
from orchestrator.interfaces.table import print_table
from orchestrator.interfaces.web import wording
from orchestrator.model.errors import InvalidArgument
from orchestrator.model.history import AFTER, BEFORE, DriveHistory, JobHistory, Row, Sample, Stay
from orchestrator.model.job import AsyncJobStatus, EventKind

SHOWN = 20
"""Jobs and stays of a drive in text; --json gives what the store tells, 100 jobs."""


@dataclass(frozen=True, slots=True)
class Trend:
    """One counter of a drive over its samples."""

    name: str
    first: float
    last: float
    began: datetime
    ended: datetime
    samples: int

    @property
    def change(self) -> float:
        return self.last - self.first


def show_drive(named: Named, serial: str, *, as_json: bool) -> None:
    with closing(records_of(named)) as records:
        found = records.history(serial)
        if as_json:
            for one in found:
                print(json.dumps(drive_json(records, one)))
            return
        show_head(records)
        if len(found) > 1:
            print(f"{len(found)} drives have this serial number.\n")
        for n, one in enumerate(found):
            _show_drive(records, one, apart=n > 0)


def show_job(named: Named, job_id: int, *, as_json: bool) -> None:
    with closing(records_of(named)) as records:
        found = records.job_history(job_id)
        if as_json:
            print(json.dumps(past_json(records, found)))
        else:
            show_head(records)
            _show_job(records, found)


def show_raw(named: Named, job_id: int, moment: str) -> None:
    """smartctl's document, byte by byte; on a terminal without what that would obey."""
    if moment not in (BEFORE, AFTER):
        raise InvalidArgument(f"raw is {moment!r}; it takes {BEFORE} or {AFTER}")
    with closing(records_of(named)) as records:
        raw = records.raw_report(job_id, moment)
    if sys.stdout.isatty():
        for line in raw.decode("utf-8", "replace").splitlines():
            print("".join(char if char.isprintable() else "?" for char in line.expandtabs()))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()


def drive_json(records: Records, found: DriveHistory) -> dict[str, Any]:
    """As REST has it."""
    return {
        "drive": outcome.plain(found.drive),
        "stays": outcome.plain(found.stays),
        "total_jobs": found.total_jobs,
        "jobs": [outcome.job_json(job) for job in found.jobs],
        "samples": [outcome.plain(sample) | {"values": dict(sample.values)} for sample in found.samples],
        "simulated": records.simulated,
    }


def past_json(records: Records, found: JobHistory) -> dict[str, Any]:
    """As REST has it: options and answer are JSON texts, each one string."""
    return {
        "job": outcome.job_json(found.job),
        "options": found.options,
        "answer": found.answer,
        "rows": [outcome.plain(row) | {"changes": dict(outcome.plain(row.changes))} for row in found.rows],
        "reports": [
            {"moment": report.moment, "time": outcome.plain(report.time), "values": dict(report.values)}
            for report in found.reports
        ],
        "deltas": [{"name": name, "before": before, "after": after} for name, before, after in found.deltas],
        "simulated": records.simulated,
    }


def trends(samples: Iterable[Sample]) -> list[Trend]:
    """Of every counter that was ever told; those that say most first."""
    found: dict[str, Trend] = {}
    for sample in samples:  # oldest first
        for name, value in sample.values:
            first = found.get(name, Trend(name, value, value, sample.time, sample.time, 0))
            found[name] = Trend(name, first.first, value, first.began, sample.time, first.samples + 1)
    return [found[name] for name in sorted(found, key=_importance)]


def _show_drive(records: Records, found: DriveHistory, *, apart: bool) -> None:
    drive = found.drive
    named = (outcome.drive_text(drive), outcome.size_text(drive.capacity_bytes), drive.protocol or "", drive.wwn)
    print(("\n" if apart else "") + printable(", ".join(text for text in named if text)))
    if found.stays:
        print(f"\n{_counted(len(found.stays), 'stay')}:")
        print_table(("slot", "from", "until"), [_stay(stay) for stay in found.stays[:SHOWN]])
    print(f"\n{_counted(found.total_jobs, 'job')}{':' if found.jobs else ''}")
    if found.jobs:
        print_jobs(records, found.jobs[:SHOWN], [head for head in HEADS if head != "serial"])
    if told := [_trend(trend) for trend in trends(found.samples) if _tells(trend)]:
        print("\nCounters, from the oldest kept read to the newest:")
        print_table(("counter", "first", "last", "change", "over", "reads"), told)


def _show_job(records: Records, found: JobHistory) -> None:
    print(head_of(records, found.job))
    known = telling.known_answer(found.job.name, json.loads(found.answer)) if found.answer else None
    for name, text in (("options", found.options), ("answer", found.answer if known is None else "")):
        if text:
            print(f"  {name}: {outcome.clipped(text)}")
    if known is not None:
        telling.print_known(known)
    print()
    print_table(
        ("time", "who", "what", "cause"),
        [
            (precise(row.time), printable(row.who), _told(row) + times, printable(row.cause))
            for row, times in _without_repeats(found.rows)
        ],
    )
    moments = " and ".join(report.moment for report in found.reports)
    if not moments:
        print("\nNo report of its drive is kept.")
        return
    print(f"\nReports of its drive are kept: {moments} (--raw {found.reports[-1].moment} prints one).")
    if found.deltas:
        rows = [(wording.counter(name), *_change(name, before, after)) for name, before, after in found.deltas]
        print_table(("counter", "before", "after", "change"), rows)
    elif len(found.reports) > 1:
        print("None of the drive's counters changed.")


def precise(time: datetime) -> str:
    return f"{local(time)}.{time.microsecond // 1000:03}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}{f', the newest {SHOWN}' if count > SHOWN else ''}"


def _stay(stay: Stay) -> tuple[str, ...]:
    label = str(stay.slot_id) if stay.label == str(stay.slot_id) else f"{stay.slot_id} ({stay.label})"
    return printable(label), local(stay.began), local(stay.ended) or "as last kept, it is there"


def _without_repeats(rows: Iterable[Row]) -> Iterator[tuple[Row, str]]:
    """A long scan notes how far it is a thousand times: the last of each stretch of notes, and how many there were."""
    for is_note, stretch in groupby(rows, lambda row: row.kind is EventKind.MEMO):
        found = list(stretch)
        if is_note:
            yield found[-1], f", {len(found)} times" if len(found) > 1 else ""
        else:
            yield from ((row, "") for row in found)


def _told(row: Row) -> str:
    """What changed, in words."""
    changes = dict(row.changes)
    said = [row.kind.value] if row.kind is EventKind.ACCEPTED else []
    if row.kind is not EventKind.ACCEPTED and "status" in changes:
        said.append(AsyncJobStatus(changes["status"]).name)
    if verdict := changes.get("verdict"):
        said.append(verdict["status"])
    if error := changes.get("error"):
        said.append(outcome.sentence(error["text"], error["remedy"]))
    said += [changes[name] for name in ("reason", "message") if changes.get(name)]
    if changes.get("attempt", 1) > 1:
        said.append(f"attempt {changes['attempt']}")
    if row.kind is EventKind.MEMO:
        said.append("noted what a restart would need")
    return "; ".join(map(outcome.clipped, said)) or "goes on"


def _importance(name: str) -> tuple[bool, bool, str]:
    """What every drive tells first, then the attributes by number."""
    return name.startswith("attribute_"), name.endswith("_value"), "_".join(part.zfill(3) for part in name.split("_"))


def _tells(trend: Trend) -> bool:
    """A normalised value that stayed is left to --json."""
    return not trend.name.endswith("_value") or trend.change != 0


def _trend(trend: Trend) -> tuple[str, ...]:
    over = wording.took(trend.began, trend.ended) if trend.samples > 1 else ""
    return (
        wording.counter(trend.name),
        *_change(trend.name, trend.first, trend.last),
        over,
        str(trend.samples),
    )


def _change(name: str, before: float, after: float) -> tuple[str, str, str]:
    unit = f" {wording.unit(name)}".rstrip()
    return (
        f"{_number(before)}{unit}",
        f"{_number(after)}{unit}",
        f"{_number(after - before, '+')}" if after != before else "=",
    )


def _number(value: float, sign: str = "") -> str:
    return f"{value:{sign}.0f}" if value.is_integer() else f"{value:{sign}g}"
