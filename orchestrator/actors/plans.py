"""Takes each slot's plan one step further when the tables allow it. On the directory's thread, and no actor itself.

    a slot was published, or a plan's job has ended, or a debounce is over ──▶ advance(slot) ──▶ Door.open_job

Asked too often it does nothing: what is to be done follows from the tables alone (model/plan.py), which outlive every
actor. Every fall ends with the slots saying what they hold, and then each slot is asked again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.actors.tables import Tables
from orchestrator.model.clock import RackClock
from orchestrator.model.contents import is_same
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.errors import OrchestratorError, RackClosed, StoreUnavailable
from orchestrator.model.job import EventKind, OpenedBy
from orchestrator.model.plan import Course, Past, ended_badly, failed, set_out
from orchestrator.model.ports import Ports
from orchestrator.model.slot import SlotState

log = logging.getLogger("orchestrator")
AGAIN_S = 1.0
"""Host seconds until a step is tried again that the store did not take."""
Open = Callable[..., int]
"""Door.open_job."""


@dataclass(frozen=True, slots=True)
class Advance:
    """From a timer: this slot's plan may go on."""

    slot_id: int


class Plans:
    def __init__(
        self, ports: Ports, tables: Tables, clock: RackClock, open_job: Open, wake: Callable[[int], object]
    ) -> None:
        """`wake`: asks the directory to come back to this slot; called by a timer."""
        self._ports, self._tables, self._clock, self._open, self._wake = ports, tables, clock, open_job, wake

    def advance(self, slot_id: int) -> None:
        tables = self._tables
        if tables.closed or slot_id not in tables.slots or slot_id in tables.leaving:
            return
        if tables.slots[slot_id].state not in (SlotState.READY, SlotState.EMPTY):
            return  # not seen, or nothing may be started: it is published again when that is over
        presence = tables.presences.get(slot_id)
        course = self._course(slot_id, presence)
        if presence is not None and course.number == presence.number and not course.why_over:
            course = self._step(slot_id, course)
        here = presence is not None and course.number == presence.number
        self._say(slot_id, str(course) if here else "")

    def _course(self, slot_id: int, presence: Presence | None) -> Course:
        """The newest presence's. Numbers grow: news of an older one, come late, is no new drive."""
        courses = self._tables.courses
        course = courses.get(slot_id)
        number = presence.number if presence else 0
        if course is None or number > course.number:
            drive = presence.drive if presence else None
            left, plan, now = self._tables.left.pop(slot_id, None), self._tables.plans.get(slot_id), self._clock.now()
            if left is not None and drive is not None and is_same(left[1], drive):
                course = replace(left[0], number=number)  # an earlier process was so far with it
            else:
                past = self._past(drive)
                course = set_out(number, plan, drive, plugged_in=course is not None, now=now, past=past)
            self._put(slot_id, course)
        return course

    def _past(self, drive: Drive | None) -> Past:
        known = self._tables.known
        tested = known.get(drive) if drive is not None else None
        age_s = (self._ports.now() - tested).total_seconds() if tested is not None else None
        return Past(drive is None or drive not in known, age_s)

    def _put(self, slot_id: int, course: Course) -> None:
        tables = self._tables
        if tables.courses.get(slot_id) != course:
            tables.courses[slot_id] = course
            if course.plan is not None and tables.journal.outbox.put(
                EventKind.COURSE, "directory", course=course, slot_id=slot_id
            ):
                tables.journal.outbox.ring()

    def _step(self, slot_id: int, course: Course) -> Course:
        tables = self._tables
        if (left := course.due - self._clock.now()) > 0:
            self._ports.after(self._clock.host_s(left) + 0.001, lambda: self._wake(slot_id))
            return course
        job = tables.find(course.jobs[-1]) if course.jobs else None
        if job is not None and not job.has_ended:
            return course
        if job is not None and not course.why_failed and (why := ended_badly(job)):
            course = failed(course, job, why)
            log.warning("slot %d: %s", slot_id, course)
        lacking = bool(course.jobs) and job is None
        if not lacking and len(course.jobs) == len(course.steps):
            course = replace(course, why_over=course.why_failed or "done")
        elif not course.why_over:
            if not lacking:
                course = replace(course, jobs=(*course.jobs, next(tables.counter)))
            self._put(slot_id, course)  # the id first: a fall from here on finds which job is lacking
            course = self._open_step(slot_id, course)
        self._put(slot_id, course)
        return course

    def _open_step(self, slot_id: int, course: Course) -> Course:
        step = course.steps[len(course.jobs) - 1]
        given, by = dict(step.options), OpenedBy.PLUG
        try:
            self._open(step.operation, 0, slot_id, given, opened_by=by, job_id=course.jobs[-1], wait=False)
        except RackClosed:
            return course
        except StoreUnavailable:
            course = replace(course, jobs=course.jobs[:-1])
            self._ports.after(AGAIN_S, lambda: self._wake(slot_id))
        except OrchestratorError as exc:
            course = replace(course, jobs=course.jobs[:-1], why_over=f"{step} cannot start: {exc}")
            log.error("slot %d: %s", slot_id, course)
        return course

    def _say(self, slot_id: int, text: str) -> None:
        slot = self._tables.slots[slot_id]
        if slot.plan != text:
            self._tables.slots[slot_id] = slot = replace(slot, plan=text)
            self._tables.journal.append(EventKind.SLOT, "directory", slot=slot)
