"""Owns one slot: the drive in it, the queue, and at most one running top-level job with its children.

    hotplug ──Present──▶ SlotActor ──work()──▶ worker ──Finished──▶ SlotActor ──Ended──▶ directory

The next job starts only when no worker's claim on this presence is left: a cancelled job's worker may still be in a
read. A claim dies with its presence; a worker that is deaf for STUCK_S after it was told to stop makes the slot STUCK.
"""

from bisect import insort
from dataclasses import dataclass
from typing import assert_never

import pykka

from orchestrator.actors.allowance import Nudge
from orchestrator.actors.directory import Began, Ended, Held, Slate, SlotSeen, Waits, Wish
from orchestrator.actors.take_up import Start
from orchestrator.actors.worker import work
from orchestrator.actors.workplace import Control, Finished, Halted, Workplace
from orchestrator.model.budget import SPIN_UP_S
from orchestrator.model.drive import Presence
from orchestrator.model.errors import (
    DriveChanged,
    DriveRemoved,
    Interrupted,
    JobCancelled,
    NoAnswer,
    SlotCrashed,
)
from orchestrator.model.job import AsyncJob, AsyncJobStatus, JobError
from orchestrator.model.slot import SlotState

STUCK_S = 8.0
"""Host seconds a stopped worker may take: its grace is 5 s, and a job is terminal within 10 s of its cancel (I20)."""


@dataclass(frozen=True, slots=True)
class Present:
    """From hotplug: this is in the slot now, be it news or not; None = nothing."""

    presence: Presence | None


@dataclass(frozen=True, slots=True)
class Unseen:
    """From hotplug: nobody can say what is in the slot."""

    reason: str
    conflict: bool = False
    """Because two drives or two slots claim one place."""


@dataclass(frozen=True, slots=True)
class Introduce:
    """From the supervisor: you, or the directory, are new; say what you hold."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """From a timer: this job was told to stop STUCK_S ago. None: a worker of the slot's fallen predecessor was."""

    job_id: int | None


@dataclass(frozen=True, slots=True)
class Shut:
    """From the system: the rack closes. `abort` also ends the self-tests inside the drives."""

    abort: bool


Message = Present | Unseen | Introduce | Start | Wish | Nudge | Finished | Halted | Overdue | Shut


@dataclass(frozen=True, slots=True)
class Run:
    """A running job."""

    control: Control
    parent_id: int | None


class SlotActor(pykka.ThreadingActor):
    def __init__(self, place: Workplace, slot_id: int) -> None:
        super().__init__()
        self._place, self._tables, self._slot_id = place, place.tables, slot_id
        self._claims = place.tables.claims[slot_id]
        self._presence: Presence | None = None
        self._introduced = False
        self._heard = False
        self._unseen = ""
        self._conflict = False
        self._shut = False
        self._stuck = False
        """A stopped worker does not come back from this drive."""
        self._tool_left = False
        """A worker came back and left a tool behind that cannot be killed."""
        self._queue: list[int] = []
        self._waits: dict[int, str] = {}
        """What the directory was told of why a queued job waits."""
        self._runs: dict[int, Run] = {}
        self._unconfirmed: dict[int, Ended] = {}
        self._published: tuple[object, ...] = ()

    def on_receive(self, message: Message) -> None:
        match message:
            case Start(job_id):
                self._enqueue(job_id)
            case Finished(end, tool_left):
                self._tool_left = self._tool_left or (tool_left and end.job_id in self._runs)
                self._finish(end)
            case Halted(job_id, reason):
                if run := self._runs.get(job_id):
                    run.control.halted, run.control.unanswered = reason, False
                    self._tell_run(job_id, run)
            case Present(presence):
                self._settle(presence)
            case Unseen(reason, conflict):
                self._heard, self._unseen, self._conflict = False, reason, conflict
            case Wish(job_id):
                self._obey(job_id)
            case Overdue(job_id):
                self._give_up(job_id)
            case Introduce():
                self._introduce()
            case Nudge():
                pass  # what waits asks again, below
            case Shut(abort):
                self._shut = True
                self._leave(abort)
            case _:
                assert_never(message)
        self._next()
        self._publish()

    def on_failure(self, *_: object) -> None:
        for run in self._runs.values():
            run.control.end(SlotCrashed("the slot's actor fell while the job ran", slot_id=self._slot_id))

    # -- the queue

    def _enqueue(self, job_id: int) -> None:
        known = job_id in self._runs or job_id in self._queue or job_id in self._unconfirmed
        if not known and self._tables.is_open(job_id):
            insort(self._queue, job_id)

    def _next(self) -> None:
        """Begin whatever can begin: the first top-level job if none runs, and one child of each running job."""
        if not self._queue or not self._introduced or not self._heard or self._shut:
            return
        held = False
        for job_id in tuple(self._queue):
            job, order = self._tables.jobs.get(job_id), self._tables.orders.get(job_id)
            if job is None or job.has_ended or order is None:
                self._queue.remove(job_id)
            elif order.presence != self._presence:
                self._queue.remove(job_id)
                self._end(job_id, self._left(order.presence))
            elif job.parent_id is not None and self._is_over(job.parent_id):
                self._queue.remove(job_id)
                self._end(job_id, JobCancelled("the job it belongs to has ended"))
            elif self._is_free(job) and not (held and job.parent_id is None):
                if reason := self._place.allowance.enter(job, order.presence.number):
                    held = held or job.parent_id is None
                    self._wait(job, reason)
                else:
                    self._queue.remove(job_id)
                    self._begin(job)
            else:
                self._wait(job, f"slot {self._slot_id} does another job first")

    def _is_free(self, job: AsyncJob) -> bool:
        if job.parent_id is None:
            number = self._presence.number if self._presence else None
            return not self._runs and not self._tool_left and number not in tuple(self._claims.values())
        return job.parent_id in self._runs and all(run.parent_id != job.parent_id for run in self._runs.values())

    def _is_over(self, parent_id: int) -> bool:
        """Also one that waits here anew while a fallen predecessor's worker has it: that one waits for the child."""
        return parent_id not in self._runs and (parent_id not in self._queue or parent_id in self._claims)

    def _wait(self, job: AsyncJob, reason: str) -> None:
        if self._waits.get(job.id, job.reason) != reason:
            self._waits[job.id] = reason
            self._tell(Waits(job.id, reason))

    def _begin(self, job: AsyncJob) -> None:
        """Its presence is claimed for it already."""
        order = self._tables.orders[job.id]
        control = Control(self._place.ports)
        if job.id in self._tables.taken_up:
            self._tables.taken_up.discard(job.id)
            control.unanswered = job.status is AsyncJobStatus.UNKNOWN
            control.halted = job.reason if job.status is AsyncJobStatus.PAUSED else ""
        control.hold(job.id in self._tables.paused)
        self._waits.pop(job.id, None)
        if (up := self._tables.spinning.get(self._slot_id)) and up[0].job_id == job.id:
            up_s = self._place.clock.host_s(SPIN_UP_S) + 0.001
            self._place.ports.after(up_s, lambda: self._place.post.tell("directory", Nudge()))
        self._runs[job.id] = Run(control, job.parent_id)
        self._tell_run(job.id, self._runs[job.id])
        self._place.ports.spawn(f"slot-{self._slot_id}-job-{job.id}", work, self._place, job, order, control)

    # -- ends

    def _finish(self, end: Ended) -> None:
        """The worker is off the drive. Late news of a job that was given up frees the slot, and says nothing more."""
        if self._stuck and self._presence is not None:
            self._stuck = self._presence.number in tuple(self._claims.values())
        run = self._runs.get(end.job_id)
        if run is not None and not run.control.left_open:
            self._end_children(end.job_id, JobCancelled("the job it belongs to has ended"), leave_drive=False)
            self._keep(end)
            self._tell(end)  # again: the directory may have fallen over what the worker told it
        self._runs.pop(end.job_id, None)

    def _end(self, job_id: int, error: NoAnswer) -> None:
        """At once, whatever its worker is doing."""
        if run := self._runs.get(job_id):
            run.control.end(error)
            self._end_children(job_id, error, leave_drive=run.control.leave_drive)
            del self._runs[job_id]
        elif job_id in self._queue:
            self._queue.remove(job_id)
            self._waits.pop(job_id, None)
        end = Ended(job_id, error=JobError.of(error))
        self._keep(end)
        self._tell(end)

    def _end_children(self, parent_id: int, error: NoAnswer, *, leave_drive: bool) -> None:
        if len(self._runs) < 2 and not self._queue:
            return
        for job_id in [job_id for job_id, run in self._runs.items() if run.parent_id == parent_id]:
            self._runs[job_id].control.end(error, leave_drive=leave_drive)
            self._end(job_id, error)
        for job_id in [job_id for job_id in self._queue if self._is_child(job_id, parent_id)]:
            self._end(job_id, error)

    def _is_child(self, job_id: int, parent_id: int) -> bool:
        job = self._tables.jobs.get(job_id)
        return job is not None and job.parent_id == parent_id

    def _leave(self, abort: bool) -> None:
        """The rack closes. With a store, what the next process can take up stays open; its worker ends all the same."""
        why = Interrupted("the rack was closed while the job was open")
        keeps = self._tables.journal.outbox.keeping and not abort
        for job_id in (*self._runs, *self._queue):
            job = self._tables.jobs.get(job_id)
            if keeps and job is not None and self._tables.can_be_taken_up(job):
                if run := self._runs.get(job_id):
                    run.control.left_open = True
                    run.control.end(why, leave_drive=True)
                self._tables.hang_up(job_id)
            elif job_id in self._runs or job_id in self._queue:
                if run := self._runs.get(job_id):
                    run.control.end(why, leave_drive=not abort)
                self._end(job_id, why)

    def _keep(self, end: Ended) -> None:
        """Until the table shows it: a fallen directory loses its inbox."""
        self._unconfirmed = {n: kept for n, kept in self._unconfirmed.items() if self._tables.is_open(n)}
        self._unconfirmed[end.job_id] = end

    # -- what comes from outside

    def _settle(self, presence: Presence | None) -> None:
        before, self._presence, self._heard, self._unseen = self._presence, presence, True, ""
        if before is not None and presence != before:
            self._stuck = self._tool_left = False
            for job_id in (*self._runs, *self._queue):
                if job_id in self._runs or job_id in self._queue:
                    self._end(job_id, self._left(before))

    def _left(self, gone: Presence) -> NoAnswer:
        """Why a job for `gone` has no answer, seen from what is in the slot now."""
        now, serial = self._presence, gone.drive.serial
        if now is not None and now.drive != gone.drive:
            text = f"slot {self._slot_id} holds {now.drive.serial} now, not {serial} for which the job was accepted"
            return DriveChanged(text, slot_id=self._slot_id, serial=serial)
        return DriveRemoved(f"{serial} left slot {self._slot_id}", slot_id=self._slot_id, serial=serial)

    def _obey(self, job_id: int) -> None:
        gone = not self._tables.is_open(job_id)  # ended by the directory, which had not heard yet that it began
        cancelled = gone or job_id in self._tables.cancelled
        if (run := self._runs.get(job_id)) is None:
            if cancelled and job_id in self._queue:
                self._end(job_id, JobCancelled("cancelled before its turn came"))
        elif not cancelled:
            run.control.hold(job_id in self._tables.paused)
        elif run.control.why is None:
            why = JobCancelled("cancelled while it ran")
            for child in self._family(job_id):
                self._runs[child].control.end(why)  # terminal when the worker is off the drive, or Overdue
            self._place.ports.after(STUCK_S, lambda: self._place.post.tell(self._slot_id, Overdue(job_id)))

    def _family(self, job_id: int) -> list[int]:
        children = [child for child, run in self._runs.items() if run.parent_id == job_id]
        return [job_id, *(member for child in children for member in self._family(child))]

    def _give_up(self, job_id: int | None) -> None:
        if job_id is not None and job_id in self._runs:
            self._end(job_id, JobCancelled("cancelled while it ran; its tool cannot be killed"))
        number = self._presence.number if self._presence else None
        running = set(self._runs)
        self._stuck = any(n == number and job not in running for job, n in tuple(self._claims.items()))

    def _introduce(self) -> None:
        """The slate first: a new directory listens to nothing else before it."""
        self._introduced = True
        self._waits.clear()
        seen = self._seen()
        live = (*self._runs, *self._queue, *self._unconfirmed)
        self._tell(Slate(self._slot_id, seen.state, seen.presence, seen.reason, live))
        for end in self._unconfirmed.values():
            self._tell(end)
        for job_id, run in self._runs.items():
            self._tell_run(job_id, run)
        if self._claims and not self._runs:
            self._place.ports.after(STUCK_S, lambda: self._place.post.tell(self._slot_id, Overdue(None)))

    # -- what goes out

    def _seen(self) -> SlotSeen:
        if not self._heard:
            state = SlotState.CONFLICT if self._conflict and self._unseen else SlotState.UNKNOWN
            return SlotSeen(self._slot_id, state, self._presence, self._unseen)
        if self._presence is None:
            return SlotSeen(self._slot_id, SlotState.EMPTY, None, "")
        if self._stuck or self._tool_left:
            reason = "a tool on this drive cannot be killed; pull the drive, or restart the host"
            return SlotSeen(self._slot_id, SlotState.STUCK, self._presence, reason)
        return SlotSeen(self._slot_id, SlotState.READY, self._presence, "")

    def _publish(self) -> None:
        state = (self._heard, self._unseen, self._conflict, self._presence, self._stuck or self._tool_left)
        if state != self._published and (self._heard or self._unseen):
            self._published = state
            self._tell(self._seen())

    def _tell_run(self, job_id: int, run: Run) -> None:
        if run.control.unanswered:
            return  # it stays UNKNOWN until its drive has answered
        self._tell(Held(job_id, run.control.halted) if run.control.halted else Began(job_id))

    def _tell(self, message: object) -> None:
        self._place.post.tell("directory", message)
