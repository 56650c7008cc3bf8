"""Runs one job's operation on a thread of its own, and tells the directory and its slot the outcome.

`WorkerBench` is all that the operation sees; its slot reaches the worker by `Control` while it works.
"""

import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar, cast

from orchestrator.actors.children import Children
from orchestrator.actors.directory import DRAIN_S, Drain, Ended, Noted, Retried
from orchestrator.actors.suite_desk import Desk
from orchestrator.actors.tables import Cell, Order
from orchestrator.actors.workplace import Control, Finished, Halted, Workplace
from orchestrator.model.drive import Drive
from orchestrator.model.errors import (
    DriveChanged,
    DriveRemoved,
    NoAnswer,
    OrchestratorError,
    Refused,
    ToolFailed,
    ToolStuck,
)
from orchestrator.model.heat import HOT, is_hot, limits_for
from orchestrator.model.history import AFTER, BEFORE, KeptReport, counters
from orchestrator.model.job import PAUSED_BY_USER, AsyncJob, EventKind, JobError
from orchestrator.model.plain import dumps, loads
from orchestrator.model.ports import Event, Lamp, Surface
from orchestrator.model.recipe import Recipe
from orchestrator.model.report import SmartReport
from orchestrator.model.suite_talk import Said
from orchestrator.model.verdict import Verdict, VerdictStatus
from orchestrator.operations.bench import Done, Share
from orchestrator.operations.declare import Operation

log = logging.getLogger("orchestrator")
T = TypeVar("T")
LOOK_S = 60.0
"""Rack seconds: a pausable operation that has not read its drive for so long is asked for its temperature."""
COOL_S = 30.0
"""Rack seconds between two looks at a drive that is to cool down."""
GRACE_S = 5.0
"""Host seconds in which a stopped job may still end the drive's self-test."""


class WorkerBench:
    """The Bench of one job."""

    def __init__(self, place: Workplace, job: AsyncJob, order: Order, control: Control) -> None:
        self._place, self._job, self._presence, self._control = place, job, order.presence, control
        self.verdict: Verdict | None = None
        self._limits = place.tables.heat.get(job.slot_id)
        self._hot, self._heat, self._felt = False, "", place.clock.now()
        self._memo = order.memo
        self._reports: dict[str, KeptReport] = {}
        self._children = Children(place, job, control, taken_up=bool(order.memo))

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

    @contextmanager
    def suite(self, drive: Drive, path: str, args: tuple[str, ...], *, timeout_s: float) -> Iterator[Iterator[Said]]:
        suites, stop, why = self._place.suites, self._control.stop, None
        if suites is None:
            raise Refused("this rack has no way to run a pytest suite")
        suite = self._reach(drive, lambda: suites.begin(path, args, deadline_s=timeout_s, stop=stop))
        try:
            yield Desk(self._place, self._job, self._control, simulated=suites.simulated).serve(suite)
        except ToolStuck:
            raise
        except OrchestratorError as exc:
            why = exc
            self._control.check()
            raise
        finally:
            suite.close(self._control.why or why)

    def peers(self, drive: Drive, operation: str | None = None) -> tuple[Any, ...]:
        tables, found = self._place.tables, dict[str, Any]()
        declared = self.find(operation or self._job.name)
        if tables.store is not None:
            kept = tables.store.answers(declared.name, drive.model)
            found = {serial: loads(text, declared.answer_type) for serial, text in kept if serial != drive.serial}
        for job in list(tables.jobs.values()):
            other = job.drive
            if job.name == declared.name and other is not None and other.model == drive.model and other != drive:
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
        share, parent_id = place.tables.shares.get(self._job.id), self._job.parent_id
        if share is not None and parent_id is not None:
            whole = share.begin + (share.end - share.begin) * min(max(percent, 0.0), 100.0) / 100
            if eta is not None:
                eta = None if share.then_s is None else eta + timedelta(seconds=place.clock.host_s(share.then_s))
            place.tables.cells[parent_id] = Cell(int(whole), eta)
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

    def find(self, operation: Callable[..., Any] | str) -> Operation[..., Any]:
        return self._place.door.find(cast("Operation[..., Any] | str", operation))

    def recipe(self, name: str) -> Recipe:
        return self._place.door.recipe(name)

    def run(self, operation: Callable[..., Any] | str, **options: Any) -> Any:
        done = self._children.run(self.find(operation), options)
        if done.job.error is not None:
            raise done.job.exception()
        return done.answer

    def step(
        self,
        nth: int,
        operation: Callable[..., Any] | str,
        options: dict[str, Any],
        *,
        timeout_s: float | None = None,
        share: Share | None = None,
    ) -> Done:
        return self._children.step(nth, self.find(operation), options, timeout_s=timeout_s, share=share)

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
