"""What must hold, checked at every change: the invariants I3-I5, I8-I10, I12, I20 and I21 of the fault notes.

The truth is kept beside the program: when each drive began and ended a self-test, when drives came and went.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from orchestrator.model.budget import Load
from orchestrator.model.drive import Presence
from orchestrator.model.errors import JobCancelled
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.model.ports import DriveAccess, Event
from orchestrator.model.report import SmartReport
from orchestrator.model.verdict import VerdictStatus
from orchestrator.rack import Rack
from orchestrator.simulated.drive import DriveModel, Ending, SelfTestRecord
from orchestrator.simulated.world import World

RUNS = (AsyncJobStatus.RUNNING, AsyncJobStatus.PAUSED)


@dataclass
class Truth:
    world: World
    patience_s: float
    """Added to every limit: a lagging machine is late at each hand-over."""
    in_order: bool
    """Whether start hints are never lost, so that order within a slot must hold."""
    records: dict[str, list[tuple[float, SelfTestRecord]]] = field(default_factory=lambda: defaultdict(list))
    removed: dict[int, float] = field(default_factory=dict)
    """Presence number -> when it ended."""
    began: dict[int, float] = field(default_factory=dict)
    """Job -> when it became RUNNING first; the wall clock may jump."""
    ended: dict[int, float] = field(default_factory=dict)
    cancelled: dict[int, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    rack: Rack | None = None
    """None while none runs, or is being started."""

    def adopt(self, rack: Rack) -> None:
        """Watch this rack's table from now on."""
        self.rack = rack
        watched = WatchedJobs(self)
        for job_id, job in rack._tables.jobs.items():  # plans may have begun with the rack
            dict.__setitem__(watched, job_id, job)
            watched.newest = max(watched.newest, job_id)
            if job.started is not None:
                self.began.setdefault(job_id, self.world.time - (self.world.now() - job.started).total_seconds())
        rack._tables.jobs = watched

    def learn(self, model: DriveModel) -> None:
        """Note what the drive itself logs, and who asks it to begin."""
        log, start, serial = model._log, model.start, model.serial

        def noting(record: SelfTestRecord) -> None:
            self.records[serial].append((self.world.time, record))
            log(record)

        def asked(kind: str) -> None:
            if self.rack is not None:
                jobs, claims = self.rack._tables.jobs, self.rack._tables.claims
                drives = [jobs[job_id].drive for held in claims.values() for job_id in held if job_id in jobs]
                self.check(
                    any(drive is not None and drive.serial == serial for drive in drives),
                    f"I1: {serial} was asked to begin, and no job for it holds a claim",
                )
            start(kind)

        model._log, model.start = noting, asked  # type: ignore[method-assign]

    def check(self, holds: bool, what: str) -> None:
        if not holds:
            self.broken.append(what)
            self.world.fail(what)

    def overdue(self) -> None:
        """The limits of time, looked at now and then."""
        if self.rack is None:
            return
        tables, now = self.rack._tables, self.world.time
        for job in list(tables.jobs.values()):
            if job.has_ended:
                continue
            order = tables.orders.get(job.id)
            gone = self.removed.get(order.presence.number) if order else None
            if gone is not None and job.status in RUNS:
                gone = max(gone, self.began.get(job.id, gone))  # late news of a drive that is gone may begin one
                self.check(now - gone <= 60 + self.patience_s, f"I10: {now - gone:.0f} s after the pull: {job}")
            asked = self.cancelled.get(job.id)
            if asked is not None:
                self.check(now - asked <= 10 + self.patience_s, f"I20: {now - asked:.0f} s after the cancel: {job}")


class WatchedJobs(dict[int, AsyncJob]):
    """The job table, checked at every change."""

    def __init__(self, truth: Truth) -> None:
        super().__init__()
        self.truth = truth
        self.newest = 0

    def __setitem__(self, job_id: int, new: AsyncJob) -> None:
        old, check = self.get(job_id), self.truth.check
        super().__setitem__(job_id, new)
        if old is None:
            check(new.status is AsyncJobStatus.INIT, f"born {new.status.name}: {new}")
            check(job_id > self.newest or not self.truth.in_order, f"I4: ids do not grow: {new}")
            self.newest = max(self.newest, job_id)
            return
        check(not old.has_ended, f"I3: an ended job changed: {old} -> {new}")
        check(old.progress <= new.progress or old.attempt < new.attempt, f"I9: progress fell: {old} -> {new}")
        check((new.progress == 100) == (new.status is AsyncJobStatus.COMPLETED), f"I9: 100 without an end: {new}")
        check((new.error is not None) == (new.status is AsyncJobStatus.FAILED), f"I3: an error and no failure: {new}")
        check(new.drive == old.drive, f"I12: a job changed its drive: {new}")
        if new.status in RUNS and old.status not in RUNS:
            if old.started is None:
                self.truth.began[job_id] = self.truth.world.time
            self._began(new)
        if new.has_ended:
            self.truth.ended[job_id] = self.truth.world.time
        if new.status is AsyncJobStatus.COMPLETED:
            self._completed(new)
        if new.error is not None and new.error.code == JobCancelled.code:
            wanted = job_id in self.truth.cancelled or new.parent_id is not None
            check(wanted, f"another job's end: {new}")

    def _began(self, job: AsyncJob) -> None:
        check = self.truth.check
        assert self.truth.rack is not None
        tables = self.truth.rack._tables
        check(tables.presences.get(job.slot_id) == tables.orders[job.id].presence, f"I12: not its drive: {job}")
        others = [j for j in self.values() if j.id != job.id and j.status in RUNS]
        if job.parent_id is None:
            same = [j for j in others if j.parent_id is None and j.slot_id == job.slot_id]
            check(not same, f"I5: two jobs run in one slot: {job} and {same}")
            twice = [j for j in others if j.parent_id is None and j.drive == job.drive]
            ended = self.truth.removed  # a drive that moved to another slot: nobody reaches it by the old presence
            twice = [j for j in twice if j.id in tables.orders and tables.orders[j.id].presence.number not in ended]
            check(not twice, f"I5: two jobs run on one drive: {job} and {twice}")
            if self.truth.in_order:
                earlier = [j for j in self.values() if self._comes_before(j, job)]
                check(not earlier, f"I21: {job} began before {earlier}")
        else:
            parent = self[job.parent_id].status  # UNKNOWN: taken up, and its drive has not answered yet
            check(parent in (*RUNS, AsyncJobStatus.UNKNOWN), f"a child without its parent: {job}")
        self._within_budget([job, *others])

    def _within_budget(self, running: list[AsyncJob]) -> None:
        assert self.truth.rack is not None
        tables, mine = self.truth.rack._tables, running[0]
        running = [job for job in running if job.id in tables.claims[job.slot_id]]  # the others' end is on its way
        loads = {job.id: tables.orders[job.id].operation.load for job in running if job.id in tables.orders}
        here = tables.controllers[mine.slot_id]
        near = [job for job in running if tables.controllers[job.slot_id] == here]
        for caps, jobs in ((tables.budget.rack, running), (tables.budget.controller, near)):
            for load in (Load.SELF_TEST, Load.FULL_READ):
                drawn, cap = [job for job in jobs if loads.get(job.id) is load], caps.of(load)
                fits = cap is None or len({job.slot_id for job in drawn}) <= cap or load is not loads.get(mine.id)
                self.truth.check(fits, f"the budget is {cap} of {load}: {drawn}")

    def _comes_before(self, other: AsyncJob, job: AsyncJob) -> bool:
        orders = self.truth.rack._tables.orders if self.truth.rack else {}
        return (
            other.id < job.id
            and (other.slot_id, other.client_ref) == (job.slot_id, job.client_ref)
            and other.status is AsyncJobStatus.INIT
            and other.parent_id is None
            and other.id in orders
            and orders[other.id].presence == orders[job.id].presence
            and other.id not in self.truth.cancelled
        )

    def _completed(self, job: AsyncJob) -> None:
        """I8: the drive's own log, and its health, must say what the answer says."""
        assert self.truth.rack is not None
        answer, check = self.truth.rack._tables.answers[job.id], self.truth.check
        if job.name != "run_smart_test":
            return
        assert job.drive is not None
        began = self.truth.began[job.id]
        mine = [record for at, record in self.truth.records[job.drive.serial] if at >= began - 1]
        endings = {record.ending for record in mine}
        if answer:
            check(Ending.PASSED in endings, f"I8: called good without evidence: {job}, the log since: {mine}")
            check(job.verdict is not None and job.verdict.status is not VerdictStatus.FAIL, f"I8: {job}")
        else:
            check(job.verdict is not None and job.verdict.status is VerdictStatus.FAIL, f"False without a fail: {job}")


class AuditedAccess:
    """The way to the drives, watched: one family of jobs at a time on a drive. Drives may be deaf to being stopped."""

    def __init__(self, access: DriveAccess, truth: Truth) -> None:
        self.access, self.truth = access, truth
        self.deaf: set[str] = set()

    def read(self, presence: Presence, *, quick: bool, stop: Event) -> SmartReport:
        self._audit(presence)
        report = self.access.read(presence, quick=quick, stop=stop)
        self.truth.check(report.serial == presence.drive.serial, f"I1: read {report.serial} for {presence}")
        return report

    def start_self_test(self, presence: Presence, kind: str, *, stop: Event, spans: str | None = None) -> None:
        self._audit(presence)
        self.access.start_self_test(presence, kind, stop=stop, spans=spans)

    def abort_self_test(self, presence: Presence, *, stop: Event) -> None:
        self._audit(presence)
        self.access.abort_self_test(presence, stop=stop)

    def _audit(self, presence: Presence) -> None:
        if self.truth.rack is not None:
            tables = self.truth.rack._tables
            for held in tables.claims.values():
                tops = {_top(tables.jobs, job_id) for job_id, n in held.items() if n == presence.number}
                self.truth.check(len(tops) <= 1, f"I5: jobs {tops} are on one drive at once")
        if presence.drive.serial in self.deaf:
            self.truth.world.sleep(60.0)  # uninterruptible: stopping does not reach it


def _top(jobs: dict[int, AsyncJob], job_id: int) -> int:
    while (job := jobs.get(job_id)) is not None and job.parent_id is not None:
        job_id = job.parent_id
    return job_id
