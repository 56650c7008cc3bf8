"""Takes each slot's plan one step further when the tables allow it. On the directory's thread, and no actor itself.

    a slot was published, or a plan's job has ended, or a debounce is over ──▶ advance(slot) ──▶ Door.open_job

Asked too often it does nothing: what is to be done follows from the tables alone (model/plan.py), which outlive every
actor. Every fall ends with the slots saying what they hold, and then each slot is asked again.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from orchestrator.actors.tables import Tables
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Presence
from orchestrator.model.errors import OrchestratorError, RackClosed
from orchestrator.model.job import EventKind, OpenedBy
from orchestrator.model.plan import Course, ended_badly, failed, set_out
from orchestrator.model.ports import Ports
from orchestrator.model.slot import SlotState

log = logging.getLogger("orchestrator")
Open = Callable[..., int]
"""Door.open_job."""


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
            plan, now = self._tables.plans.get(slot_id), self._clock.now()
            courses[slot_id] = course = set_out(number, plan, drive, plugged_in=course is not None, now=now)
        return course

    def _step(self, slot_id: int, course: Course) -> Course:
        tables = self._tables
        if (left := course.due - self._clock.now()) > 0:
            self._ports.after(self._clock.host_s(left) + 0.001, lambda: self._wake(slot_id))
            return course
        job = tables.jobs.get(course.jobs[-1]) if course.jobs else None
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
            tables.courses[slot_id] = course  # the id first: a fall from here on finds which job is lacking
            course = self._open_step(slot_id, course)
        tables.courses[slot_id] = course
        return course

    def _open_step(self, slot_id: int, course: Course) -> Course:
        step = course.steps[len(course.jobs) - 1]
        try:
            self._open(step.operation, 0, slot_id, dict(step.options), opened_by=OpenedBy.PLUG, job_id=course.jobs[-1])
        except RackClosed:
            return course
        except OrchestratorError as exc:
            course = replace(course, jobs=course.jobs[:-1], why_over=f"{step} cannot start: {exc}")
            log.error("slot %d: %s", slot_id, course)
        return course

    def _say(self, slot_id: int, text: str) -> None:
        slot = self._tables.slots[slot_id]
        if slot.plan != text:
            self._tables.slots[slot_id] = slot = replace(slot, plan=text)
            self._tables.journal.append(EventKind.SLOT, slot=slot)
