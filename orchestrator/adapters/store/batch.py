"""Many changes as rows: each job's last record once, every change, and what follows for stays and tallies.

Reads the writer's memory and changes nothing of it; the writer takes the batch over when it is committed.
"""

from collections import Counter
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from orchestrator.adapters.store.encoding import (
    RECORD_COLUMNS,
    body_text,
    clean,
    differences,
    drive_row,
    job_row,
    micros,
    slot_body,
)
from orchestrator.adapters.store.memory import Memory
from orchestrator.model.drive import Drive
from orchestrator.model.history import Change
from orchestrator.model.job import AsyncJob, AsyncJobStatus, EventKind
from orchestrator.model.plain import dumps
from orchestrator.model.slot import SlotInfo, SlotState

Row = tuple[Any, ...]

_TEXTS = ("options", "answer", "memo")
_CHANGING = ("status", "progress", "message", "reason", "started", "ended", "eta", "attempt", "verdict", "error")
_PART = itemgetter(*(RECORD_COLUMNS.index(name) for name in _CHANGING))
_LASTING = frozenset(RECORD_COLUMNS) - {*_CHANGING, "drive_id"} | {"drive"}


def _marks(columns: tuple[str, ...]) -> str:
    return f"({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


_ROW = (*RECORD_COLUMNS, "has_ended", *_TEXTS)
_KEEP = ", ".join(f"{name} = excluded.{name}" for name in (*RECORD_COLUMNS[1:], "has_ended"))
_KEEP_TEXTS = ", ".join(
    f"{name} = CASE WHEN excluded.{name} = '' THEN jobs.{name} ELSE excluded.{name} END" for name in _TEXTS
)
_SET_TEXTS = ", ".join(f"{name} = CASE WHEN ? = '' THEN {name} ELSE ? END" for name in _TEXTS)
_CHANGE = ("number", "sequence", "time", "kind", "job_id", "slot_id", "who", "cause", "body")

DRIVES = "INSERT INTO drives (id, serial, wwn, model, capacity_bytes, protocol) VALUES (?, ?, ?, ?, ?, ?)"
WHOLE_JOBS = f"INSERT INTO jobs {_marks(_ROW)} ON CONFLICT (id) DO UPDATE SET {_KEEP}, {_KEEP_TEXTS}"
JOBS = f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in (*_CHANGING, 'has_ended'))} WHERE id = ?"  # noqa: S608
TEXTS = f"UPDATE jobs SET {_SET_TEXTS} WHERE id = ?"  # noqa: S608
CHANGES = f"INSERT INTO changes {_marks(_CHANGE)}"
REPORTS = """
    INSERT INTO reports (job_id, moment, time, drive_id, counters, raw) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (job_id, moment) DO UPDATE
    SET time = excluded.time, drive_id = excluded.drive_id, counters = excluded.counters, raw = excluded.raw
"""
TALLIES = """
    INSERT INTO tallies (name, slot_id, status, count) VALUES (?, ?, ?, ?)
    ON CONFLICT (name, slot_id, status) DO UPDATE SET count = tallies.count + excluded.count
"""
NO_TALLIES = "DELETE FROM tallies WHERE count <= 0"
COURSES = """
    INSERT INTO courses (slot_id, body) VALUES (?, ?) ON CONFLICT (slot_id) DO UPDATE SET body = excluded.body
"""
OLD_MEMOS = """
    DELETE FROM changes WHERE kind = 'memo' AND job_id = ? AND number < (
        SELECT max(number) FROM changes AS newer WHERE newer.kind = 'memo' AND newer.job_id = changes.job_id)
"""
"""A scan notes every 30 s how far it is: when it is over, only the last note tells something."""
END_STAY = "UPDATE stays SET ended = ? WHERE slot_id = ? AND ended IS NULL"
BEGIN_STAY = "INSERT INTO stays (drive_id, slot_id, label, began) VALUES (?, ?, ?, ?)"


class Batch:
    def __init__(
        self,
        memory: Memory,
        changes: tuple[Change, ...],
        find_drive: Callable[[Drive], int | None],
        find_job: Callable[[int], AsyncJob | None],
    ) -> None:
        """`find_drive` and `find_job` look into the store, for what the memory does not hold."""
        self._memory, self._find_drive, self._find_job = memory, find_drive, find_job
        self.jobs: dict[int, AsyncJob] = {}
        """The records after the batch."""
        self.tallies: Counter[tuple[str, int, AsyncJobStatus]] = Counter()
        """What is to be added."""
        self.drive_ids: dict[Drive, int] = {}
        self.occupants: dict[int, Drive | None] = {}
        self.new_drives: list[Row] = []
        self._whole: set[int] = set()
        self._texts: dict[int, list[str]] = {}
        self._changes: list[Row] = []
        self._reports: list[Row] = []
        self._courses: list[Row] = []
        self._stays: list[tuple[str, Row]] = []
        for change in changes:
            self._take(change)

    def statements(self) -> list[tuple[str, list[Row]]]:
        """SQL and its rows, in order."""
        whole, part = [], []
        for job_id, job in self.jobs.items():
            if job_id in self._whole:
                row = job_row(job, self._drive_id(job.drive) if job.drive else None)
                whole.append((*row, int(job.has_ended), *self._texts.get(job_id, ("", "", ""))))
            else:
                part.append((*_PART(job_row(job, None)), int(job.has_ended), job_id))
        texts = [
            (*(text for text in texts for _ in range(2)), job_id)
            for job_id, texts in self._texts.items()
            if job_id not in self._whole
        ]
        tallies = [(clean(name), slot_id, int(status), n) for (name, slot_id, status), n in self.tallies.items() if n]
        found = [(DRIVES, self.new_drives), (WHOLE_JOBS, whole), (JOBS, part), (TEXTS, texts)]
        found += [(CHANGES, self._changes), (REPORTS, self._reports), (TALLIES, tallies), (COURSES, self._courses)]
        ended = [(job.id,) for job in self.jobs.values() if job.has_ended]
        found += [(OLD_MEMOS, ended)]
        found += [(NO_TALLIES, [()] if any(count < 0 for count in self.tallies.values()) else [])]
        found += [(sql, [row]) for sql, row in self._stays]
        return [(sql, rows) for sql, rows in found if rows]

    def _take(self, change: Change) -> None:
        job, slot = change.job, change.slot
        body: dict[str, Any] = {}
        slot_id = change.slot_id
        if job is not None:
            body = self._job(job, change)
            slot_id = job.slot_id
        elif slot is not None:
            body = slot_body(slot)
            slot_id = slot.id
            self._slot(slot, micros(change.time))
        text = body_text(body)
        if change.kind is EventKind.COURSE and change.course is not None:
            text = clean(dumps(change.course))
            self._courses.append((slot_id, text))
        self._changes.append(
            (
                change.number,
                change.sequence,
                micros(change.time),
                str(change.kind),
                None if job is None else job.id,
                slot_id,
                clean(change.who),
                clean(change.cause),
                text,
            )
        )

    def _job(self, job: AsyncJob, change: Change) -> dict[str, Any]:
        before = self.jobs.get(job.id) or self._memory.open.get(job.id)
        if before is None and change.kind is not EventKind.ACCEPTED:
            before = self._find_job(job.id)
        if change.kind is EventKind.MEMO and before is not None:
            job = before  # who notes something knows the record as it was when the work began
        body = differences(before, job)
        if before is None or not _LASTING.isdisjoint(body):
            self._whole.add(job.id)
        given = (clean(change.options), clean(change.answer), clean(change.memo))
        if any(given):
            texts = self._texts.setdefault(job.id, ["", "", ""])
            for at, (name, text) in enumerate(zip(_TEXTS, given, strict=True)):
                if text:
                    body[name] = texts[at] = text
        for record, sign in ((before, -1), (job, 1)):
            if record is not None and record.has_ended:
                self.tallies[record.name, record.slot_id, record.status] += sign
        drive_id = self._drive_id(job.drive) if change.reports and job.drive else None
        for report in change.reports:
            counters = body_text(dict(report.values))
            self._reports.append((job.id, report.moment, micros(report.time), drive_id, counters, report.raw))
        self.jobs[job.id] = job
        return body

    def _slot(self, slot: SlotInfo, time: int) -> None:
        """A stay ends when the slot says so; what cannot be seen is not gone."""
        before = self.occupants[slot.id] if slot.id in self.occupants else self._memory.occupants.get(slot.id)
        comes = slot.drive is not None and slot.drive != before
        if before is not None and (comes or slot.state is SlotState.EMPTY):
            self._stays.append((END_STAY, (time, slot.id)))
            self.occupants[slot.id] = None
        if comes and slot.drive is not None:
            self._stays.append((BEGIN_STAY, (self._drive_id(slot.drive), slot.id, clean(slot.label), time)))
            self.occupants[slot.id] = slot.drive

    def _drive_id(self, drive: Drive) -> int:
        known = self._memory.drive_ids.get(drive) or self.drive_ids.get(drive)
        if known is None:
            known = self._find_drive(drive)
            if known is None:
                known = self._memory.next_drive_id + len(self.new_drives)
                self.new_drives.append((known, *drive_row(drive)))
            self.drive_ids[drive] = known
        return known
