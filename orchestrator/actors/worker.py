"""Runs one job's operation on a thread of its own, and tells the directory and its slot the outcome.

`Control` is how the slot reaches the worker while it works; `WorkerBench` is all that the operation sees.
"""

import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

from orchestrator.actors.allowance import Allowance
from orchestrator.actors.directory import DRAIN_S, Drain, Ended, Noted, Retried
from orchestrator.actors.door import Door
from orchestrator.actors.post import Post
from orchestrator.actors.tables import Cell, Order, Tables
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Drive
from orchestrator.model.errors import (
    DriveChanged,
    DriveRemoved,
    JobNotFinished,
    NoAnswer,
    OrchestratorError,
    Refused,
    ToolFailed,
    ToolStuck,
)
from orchestrator.model.heat import HOT, is_hot, limits_for
from orchestrator.model.history import AFTER, BEFORE, KeptReport, counters
from orchestrator.model.job import PAUSED_BY_USER, AsyncJob, AsyncJobStatus, EventKind, JobError, OpenedBy
from orchestrator.model.plain import dumps, loads
from orchestrator.model.ports import DriveAccess, Event, Lamp, Lamps, Ports, Surface, Surfaces
from orchestrator.model.report import SmartReport
from orchestrator.model.verdict import Verdict, VerdictStatus
from orchestrator.operations.declare import Operation

log = logging.getLogger("orchestrator")
T = TypeVar("T")
LOOK_S = 60.0
"""Rack seconds: a pausable operation that has not read its drive for so long is asked for its temperature."""
COOL_S = 30.0
"""Rack seconds between two looks at a drive that is to cool down."""
GRACE_S = 5.0
"""Host seconds in which a stopped job may still end the drive's self-test."""


class Control:
    """What the slot tells the worker: to stop, with the reason, or to stand still at the next checkpoint."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.stop = ports.event()
        self.go: Event | None = None
        """While the job is held: what lets it go on."""
        self.why: NoAnswer | None = None
        self.halted = ""
        """Why it does stand still; "" while it works. Kept by the slot."""
        self.leave_drive = False
        """The drive's own self-test is not to be ended."""
        self.left_open = False
        """The next process takes the job up: its end here is nobody's news."""
        self.unanswered = False
        """Taken up from an earlier process, and its drive has not answered yet. Kept by the slot."""

    def end(self, why: NoAnswer, *, leave_drive: bool = False) -> None:
        """The first reason stands."""
        if self.why is None:
            self.why, self.leave_drive = why, leave_drive
        self.stop.set()
        if self.go is not None:
            self.go.set()

    def hold(self, held: bool) -> None:
        if held:
            self.go = self.go or self._ports.event()
        elif self.go is not None:
            go, self.go = self.go, None
            go.set()

    def check(self) -> None:
        if self.why is not None:
            raise self.why


@dataclass(frozen=True, slots=True)
class Finished:
    """To the slot: the operation has ended and no longer touches the drive; the directory has been told the same."""

    end: Ended
    tool_left: bool = False
    """It left a tool behind that cannot be killed."""


@dataclass(frozen=True, slots=True)
class Halted:
    """To the slot: the operation stands at a checkpoint for this reason, or goes on from it ("")."""

    job_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every worker of a rack shares."""

    ports: Ports
    post: Post
    tables: Tables
    clock: RackClock
    access: DriveAccess
    door: Door
    allowance: Allowance
    surfaces: Surfaces | None = None
    lamps: Lamps | None = None


class WorkerBench:
    """The Bench of one job."""

    def __init__(self, place: Workplace, job: AsyncJob, order: Order, control: Control) -> None:
        self._place, self._job, self._presence, self._control = place, job, order.presence, control
        self.verdict: Verdict | None = None
        self._limits = place.tables.heat.get(job.slot_id)
        self._hot, self._heat, self._felt = False, "", place.clock.now()
        self._memo = order.memo
        self._reports: dict[str, KeptReport] = {}

    @property
    def reports(self) -> tuple[KeptReport, ...]:
        """Of the first and the last whole read."""
        return tuple(self._reports.values())

    def read(self, drive: Drive, *, quick: bool = False) -> SmartReport:
        stop = self._control.stop
        report = self._reach(drive, lambda: self._place.access.read(self._presence, quick=quick, stop=stop))
        self._feel(report)
        if not quick and self._place.tables.journal.outbox.keeping:
            moment = AFTER if BEFORE in self._reports else BEFORE
            raw = zlib.compress(report.raw) if report.raw else b""
            self._reports[moment] = KeptReport(moment, self._place.ports.now(), counters(report), raw)
        if self._control.unanswered:
            self._control.unanswered = False
            self._halt("")
        return report

    def kept(self, kind: type[T]) -> T | None:
        return cast(T, loads(self._memo, kind)) if self._memo else None

    def keep(self, memo: object, *, wait: bool = False) -> None:
        outbox = self._place.tables.journal.outbox
        if not outbox.keeping:
            return
        text = dumps(memo)
        number = outbox.put(EventKind.MEMO, "worker", job=self._job, memo=text)
        outbox.ring()
        if wait:
            outbox.wait(number)

    def new_attempt(self, why: str) -> None:
        self._place.post.tell("directory", Retried(self._job.id, why))

    def start_self_test(self, drive: Drive, kind: str, *, spans: str | None = None) -> None:
        stop = self._control.stop
        self._reach(drive, lambda: self._place.access.start_self_test(self._presence, kind, stop=stop, spans=spans))

    def abort_self_test(self, drive: Drive) -> None:
        why = self._control.why
        if drive != self._presence.drive or self._control.leave_drive or isinstance(why, DriveRemoved | DriveChanged):
            return
        grace: Event = self._place.ports.event()
        self._place.ports.after(GRACE_S, grace.set)
        with suppress(NoAnswer, Refused):
            self._place.access.abort_self_test(self._presence, stop=grace)

    @contextmanager
    def surface(self, drive: Drive) -> Iterator[Surface]:
        surfaces, stop = self._place.surfaces, self._control.stop
        if surfaces is None:
            raise Refused("this rack has no way to the surfaces of its drives")
        surface = self._reach(drive, lambda: surfaces.open(self._presence, stop=stop))
        try:
            yield surface
        except ToolStuck:
            raise
        except OrchestratorError:
            self._control.check()
            raise
        finally:
            surface.close()

    @contextmanager
    def lamp(self, drive: Drive) -> Iterator[Lamp | None]:
        lamps, stop = self._place.lamps, self._control.stop
        lamp = self._reach(drive, lambda: lamps.light(self._presence, stop=stop)) if lamps is not None else None
        try:
            yield lamp
        finally:
            if lamp is not None:
                lamp.off()

    def peers(self, drive: Drive) -> tuple[Any, ...]:
        tables, found = self._place.tables, dict[str, Any]()
        operation = tables.orders[self._job.id].operation
        if tables.store is not None:
            kept = tables.store.answers(operation.name, drive.model)
            found = {serial: loads(text, operation.answer_type) for serial, text in kept if serial != drive.serial}
        for job in list(tables.jobs.values()):
            other = job.drive
            if job.name == self._job.name and other is not None and other.model == drive.model and other != drive:
                found[other.serial] = tables.answers.get(job.id, found.get(other.serial))
        return tuple(answer for answer in found.values() if answer is not None)

    def sleep(self, seconds: float) -> None:
        self._control.check()
        self._control.stop.wait(self._place.clock.host_s(seconds))
        self._control.check()

    def clock(self) -> float:
        return self._place.clock.now()

    def checkpoint(self) -> None:
        control = self._control
        control.check()
        if self._place.clock.now() - self._felt >= LOOK_S:
            self._look()
        if control.go is None and not self._hot:
            if control.halted:  # paused by an earlier process, for what is over
                self._halt("")
            return
        if self._hot:
            self._halt(self._heat)
        while self._hot:
            control.stop.wait(self._place.clock.host_s(COOL_S))
            control.check()
            self._look()
        if control.go is not None:
            self._halt(PAUSED_BY_USER)
        while (go := control.go) is not None and control.why is None:
            go.wait()
        control.check()
        self._halt("")

    def _halt(self, reason: str) -> None:
        self._place.post.tell(self._job.slot_id, Halted(self._job.id, reason))

    def _look(self) -> None:
        """How hot is it? A tool that cannot say changes nothing."""
        try:
            self.read(self._presence.drive, quick=True)
        except ToolStuck:
            raise
        except ToolFailed:
            self._felt = self._place.clock.now()

    def _feel(self, report: SmartReport) -> None:
        """Hot or cool, from a read: said where the operation cannot pause, else its next checkpoint stands still."""
        self._felt, now = self._place.clock.now(), report.temperature_celsius
        if now is not None:
            self._place.tables.warmth[self._job.slot_id] = now
            self._ring()
        drive = self._presence.drive
        limits = self._limits or limits_for(drive.protocol, report.temperature_limit_celsius)
        hot = is_hot(limits, now, self._hot)
        if hot == self._hot:
            return
        self._hot = hot
        order = self._place.tables.orders.get(self._job.id)
        if order is not None and not order.operation.pausable:
            self.note(f"{HOT}{now} C, and it cannot pause" if hot else f"cooled to {now} C")
        elif hot:
            self._heat = f"{HOT}{now} C; goes on at {limits.resume_celsius} C"

    def progress(self, percent: float, *, remaining_s: float | None = None) -> None:
        place = self._place
        eta = None
        if remaining_s is not None:
            eta = place.ports.now() + timedelta(seconds=place.clock.host_s(remaining_s))
        place.tables.cells[self._job.id] = Cell(int(percent), eta)
        self._ring()

    def _ring(self) -> None:
        place = self._place
        if not place.tables.draining:  # looked at after the cell is written; the drain clears it before it reads
            place.tables.draining = True
            place.ports.after(DRAIN_S, lambda: place.post.tell("directory", Drain()))

    def note(self, text: str) -> None:
        self._place.post.tell("directory", Noted(self._job.id, text))

    def conclude(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def run(self, operation: Callable[..., Any] | str, **options: Any) -> Any:
        self._control.check()
        place = self._place
        declared = place.door.find(cast("Operation[..., Any] | str", operation))
        child_id = self._left_child(declared, options)
        if child_id is None:
            child_id = place.door.open_job(
                declared,
                self._job.client_ref,
                self._job.slot_id,
                options,
                opened_by=OpenedBy.RECIPE,
                parent_id=self._job.id,
            )
        try:
            child = place.tables.wait(child_id, None)
        except JobNotFinished:
            self._control.check()  # left open: this job is, too
            raise
        self._control.check()
        if child.status is AsyncJobStatus.COMPLETED:
            return place.tables.answer(declared, child_id)
        raise child.exception()

    def _left_child(self, operation: Operation[..., Any], options: dict[str, Any]) -> int | None:
        """The same child, opened before a restart and still open."""
        tables = self._place.tables
        for job in tables.open_jobs(self._job.slot_id) if self._memo else ():
            order = tables.orders.get(job.id)
            same = order is not None and order.operation is operation and order.options == operation.check(options)
            if same and job.parent_id == self._job.id:
                return job.id
        return None

    def _reach(self, drive: Drive, call: Callable[[], T]) -> T:
        """Only the job's own drive, and only while the job is not to stop."""
        if drive != self._presence.drive:
            raise DriveChanged(f"the job is for {self._presence.drive.serial}, not for {drive.serial}")
        self._control.check()
        try:
            return call()
        except ToolStuck:
            raise  # what it leaves behind concerns the slot, also when the job was stopped
        except OrchestratorError:
            self._control.check()  # why it was stopped says more than how the tool died of it
            raise


def work(place: Workplace, job: AsyncJob, order: Order, control: Control) -> None:
    """The worker: runs the blocking operation to its end, whatever end.

    The directory is told here and not by the slot: one hand-over less between the answer and who waits for it. Its rule
    that the first end stands decides between this end and one that the slot has told already.
    """
    tool_left = False
    try:
        bench = WorkerBench(place, job, order, control)
        try:
            end = _answer(job, order, bench)
        except (NoAnswer, Refused) as exc:
            tool_left = isinstance(exc, ToolStuck)
            end = Ended(job.id, error=JobError.of(control.why or exc), who="worker", reports=bench.reports)
        except (Exception, SystemExit, KeyboardInterrupt) as exc:
            log.exception("job %d: %s has a bug", job.id, job.name)
            end = Ended(job.id, error=JobError("no_answer", f"{job.name} raised {exc!r}"), who="worker")
        if not control.left_open:
            place.post.tell("directory", end)
    finally:
        place.tables.claims[job.slot_id].pop(job.id, None)
    place.post.tell(job.slot_id, Finished(end, tool_left))


def _answer(job: AsyncJob, order: Order, bench: WorkerBench) -> Ended:
    operation = order.operation
    answer = operation.function(order.presence.drive, bench, **order.options)
    if not operation.answer_fits(answer):
        raise NoAnswer(f"{job.name} answered {answer!r}, which is not what it declares")
    if answer is False and (bench.verdict is None or bench.verdict.status is not VerdictStatus.FAIL):
        raise NoAnswer(f"{job.name} answered False and concluded no fail: there is no evidence against the drive")
    return Ended(job.id, answer, bench.verdict, who="worker", reports=bench.reports)
