"""Days on which the program is killed and started again, at any step, with the same drives in other moods.

    python -m tests.simulation.restarts SEED [JOBS]      python -m tests.simulation.restarts 0-1000 30

The clients die with the program; what it had acknowledged to them is written down outside, and must be there again.
"""

import contextlib
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import greenlet

from orchestrator.model.drive import Presence
from orchestrator.model.errors import DriveBusy, JobNotFinished, NoAnswer, OrchestratorError, Refused, StoreUnavailable
from orchestrator.model.job import PAUSED_BY_USER, AsyncJob, AsyncJobStatus, OpenedBy
from orchestrator.model.plan import SELF_TEST
from orchestrator.model.ports import DriveAccess, Event
from orchestrator.rack import Rack
from orchestrator.simulated.world import World
from tests.simulation.day import COMMIT_S, WEEKS_S, Day, main
from tests.simulation.plan_restarts import KeptSeries
from tests.simulation.stores import asked_for, die, held, sequences
from tests.simulation.truth import AuditedAccess

LONGEST_RUN_S = (1.0, 60.0, 600.0, 7200.0)
DOWN_S = (0.0, 1.0, 30.0, 3600.0, 86400.0)
FATAL = ("", "", "acknowledged", "begun", "told")
"""The program dies when its time is up, or just after something of which nothing may get lost."""
SCAN_LBAS = 100_000_000


class Restarts(Day):
    stored = 1.0

    def __init__(self, world: World, jobs: int) -> None:
        self.process, self.acknowledged, self.told = 0, dict[int, AsyncJob](), dict[int, tuple[Any, ...]]()
        self.asking = 0
        """Starts under way."""
        self.unheard = 0
        """Starts that were under way when the program died, or when the disk took too long: nobody knows."""
        self.begun: dict[str, list[float]] = defaultdict(list)
        """Serial -> when it began self-tests that it was asked for."""
        self.stopped: set[str] = set()
        """Serials of which a job was cancelled in this process: its self-test may be ended."""
        self.fatal, self.countdown, self.alarm = "", 0, world.event()
        """What kills the program when it has happened so often more."""
        super().__init__(world, jobs)
        self.plan_truth.adopt(self.rack, self.is_kept)

    def _plan_truth(self) -> Any:
        return KeptSeries(self.truth.check, self.plans)

    def _audited(self, access: DriveAccess) -> AuditedAccess:
        return WatchedAccess(access, self)

    def _rack(self) -> Rack:
        """In a process of its own."""
        self.process += 1
        built: list[Rack] = []
        self.world.begin(self.process, lambda: built.append(self._build()))
        while not built:
            self.world.sleep(0.1)
            self.truth.check(self.world.time - self.began < 90, "the first enumeration did not reach every slot")
        return built[0]

    def _build(self) -> Rack:
        rack = super()._build()
        rack._door.open_job = partial(self._open, rack, rack._door.open_job)  # type: ignore[method-assign]
        return rack

    def run(self) -> None:
        world, rng = self.world, self.rng
        world.crash = self.crash
        world.spawn("chaos", self.chaos)
        for _ in range(rng.choice((1, 2, 4))):
            self.fatal, self.countdown = rng.choice(FATAL), rng.choice((1, 2, 5))
            self.live(rng.random() * rng.choice(LONGEST_RUN_S))
            self.kill()
            world.sleep(rng.random() * rng.choice(DOWN_S))
            self.restart()
        self.live(WEEKS_S)
        self.over = True
        world.sleep(5)
        self.wind_down()
        self.settle()

    def live(self, seconds: float) -> None:
        """Until the time is up, something fatal happens, or the clients have nothing more to do."""
        world, left = self.world, [3]

        def client(me: int) -> None:
            self.client(me)
            left[0] -= 1

        for me in range(3):
            world.begin(self.process, partial(client, me))
        until = world.time + seconds
        while left[0] and world.time < until and not self.alarm.is_set():
            self.alarm.wait(min(600.0, until - world.time) if seconds < WEEKS_S else 600.0)
        if seconds == WEEKS_S:
            self.truth.check(not left[0], f"a client waits for ever; open: {self.rack.open_jobs()}")

    def strike(self, what: str) -> None:
        """To be told when something has just happened."""
        self.countdown -= what == self.fatal
        if what == self.fatal and self.countdown == 0:
            self.alarm.set()

    def kill(self) -> None:
        assert self.store is not None
        self.world.kill(self.process)
        die(self.store)
        self.truth.rack = None
        self.truth.cancelled.clear()
        self.stopped.clear()
        self.access.deaf.clear()
        self.fatal = ""
        self.alarm.clear()

    def restart(self) -> None:
        left = held(self.path)
        self.began, self.commit_s = self.world.time, self.rng.choice(COMMIT_S)
        self.store = self._store()
        self.rack = self._rack()
        self.truth.adopt(self.rack)
        self.plan_truth.adopt(self.rack, self.is_kept)
        self.settle()
        for job_id in left:
            now = self.rack.get_job_status(job_id)
            stands = now.has_ended or (now.status is AsyncJobStatus.PAUSED and now.reason == PAUSED_BY_USER)
            self.truth.check(stands, f"I13: it was paused by the user when the program died: {now}")
        self.world.begin(self.process, partial(self.resume, left))

    def is_kept(self, job_id: int) -> bool:
        return self.store is not None and self.store.inner.find(job_id) is not None

    def resume(self, job_ids: list[int]) -> None:
        """What those who died had paused."""
        self.world.sleep(self.rng.choice((0.0, 60.0)))
        for job_id in job_ids:
            self.rack.resume_job(job_id)

    def settle(self) -> None:
        """What was acknowledged is there, what was told is as it was told, and there is nothing else."""
        check = self.truth.check
        for job_id, then in self.acknowledged.items():
            try:
                now = self.rack.get_job_status(job_id)
            except OrchestratorError as exc:
                check(False, f"I6: an acknowledged job is lost: {then}: {exc}")
                continue
            same = ("id", "name", "client_ref", "slot_id", "drive", "parent_id", "accepted")
            check(all(getattr(now, name) == getattr(then, name) for name in same), f"I6: {then} became {now}")
            if job_id in self.told:
                check(self.outcome(job_id) == self.told[job_id], f"I7: {now}, but it was told {self.told[job_id]}")
            self.refused_for_itself(now)
        strangers = asked_for(self.path) - self.acknowledged.keys()
        most = self.unheard + self.asking
        check(len(strangers) <= most, f"I6: jobs {sorted(strangers)} are kept, and {most} starts had no answer")

    def refused_for_itself(self, job: AsyncJob) -> None:
        """Where the store was always well, what is begun in the drive is noted first, so that it is known again."""
        if job.error is None or (job.name, job.error.code) != (SELF_TEST, DriveBusy.code):
            return
        if self.full_rate or self.crash_rate:
            return
        assert job.drive is not None
        began, ended = self.truth.began.get(job.id, WEEKS_S * 99), self.truth.ended.get(job.id, 0.0)
        own = any(began <= at <= ended for at in self.begun[job.drive.serial])
        self.truth.check(not own, f"I13: refused for the self-test that it had begun itself: {job}")

    # -- what is written down outside

    def _open(self, rack: Rack, open_job: Callable[..., int], *args: Any, **how: Any) -> int:
        """The door, with someone beside it."""
        if how.get("opened_by", OpenedBy.API) is not OpenedBy.API:
            return open_job(*args, **how)
        self.asking += 1
        try:
            job_id = open_job(*args, **how)
        except greenlet.GreenletExit:
            self.unheard += 1
            raise
        except StoreUnavailable as exc:
            if "in time" in exc.text:  # its row is there, and says that the program ended it
                self.unheard += 1
                for job_id in rack._tables.cancelled:
                    self.truth.cancelled.setdefault(job_id, self.world.time)
            raise
        finally:
            self.asking -= 1
        self.truth.check(job_id not in self.acknowledged, f"I4: {job_id} was given away twice")
        self.acknowledged[job_id] = rack.get_job_status(job_id)
        self.strike("acknowledged")
        return job_id

    def open_some(self, me: int) -> list[int]:
        if self.rng.random() < 0.15:
            return [self.rack.read_scan(me, self.rng.randint(1, self.slots), end_lba=SCAN_LBAS)]
        return super().open_some(me)

    def cancel(self, job_id: int) -> None:
        drive = self.rack.get_job_status(job_id).drive
        self.stopped.add(drive.serial if drive is not None else "")
        super().cancel(job_id)

    def await_result(self, rack: Rack, job_id: int) -> None:
        super().await_result(rack, job_id)
        with contextlib.suppress(JobNotFinished):
            rack.wait([job_id], 0)
            self.told[job_id] = self.outcome(job_id)
            self.strike("told")

    def outcome(self, job_id: int) -> tuple[Any, ...]:
        job = self.rack.get_job_status(job_id)
        error, answer = "", None
        try:
            answer = self.rack.result(job.name, job_id, 0)
        except (NoAnswer, Refused, JobNotFinished) as exc:
            error = exc.code
        return (job.status, error, answer, job.verdict, job.ended)

    def compare(self, store: Any) -> None:
        super().compare(store)
        told = sequences(self.path)
        self.truth.check(told == sorted(set(told)), "I17: an event's number was used twice, or goes back")
        for job_id in self.acknowledged:
            job = self.rack.get_job_status(job_id)
            ended = job.status in (AsyncJobStatus.COMPLETED, AsyncJobStatus.FAILED)
            self.truth.check(ended, f"I3: an accepted job was lost: {job}")


class WatchedAccess(AuditedAccess):
    """The way to the drives, and what a restart may spoil on it."""

    def __init__(self, access: DriveAccess, day: Restarts) -> None:
        super().__init__(access, day.truth)
        self.day = day

    def start_self_test(self, presence: Presence, kind: str, *, stop: Event, spans: str | None = None) -> None:
        super().start_self_test(presence, kind, stop=stop, spans=spans)
        self.day.begun[presence.drive.serial].append(self.truth.world.time)
        self.day.strike("begun")

    def abort_self_test(self, presence: Presence, *, stop: Event) -> None:
        wanted = self.day.crash_rate or self.day.over or presence.drive.serial in self.day.stopped
        wanted = wanted or self._timed_out(presence)
        self.truth.check(bool(wanted), f"I13: nobody asked to end the self-test of {presence}")
        super().abort_self_test(presence, stop=stop)

    def _timed_out(self, presence: Presence) -> bool:
        """A recipe's step that took too long is cancelled by the recipe."""
        tables = self.truth.rack._tables if self.truth.rack is not None else None
        jobs = [tables.jobs.get(job_id) for job_id in tables.cancelled] if tables is not None else []
        return any(job is not None and job.parent_id and job.drive == presence.drive for job in jobs)

    def _audit(self, presence: Presence) -> None:
        if self.truth.rack is not None and self.day.store is not None:
            tables = self.truth.rack._tables
            for job_id in [n for claims in tables.claims.values() for n, at in claims.items() if at == presence.number]:
                if (job := tables.jobs.get(job_id)) is not None:
                    self.truth.check(job.drive == presence.drive, f"I12: {presence} is worked on for {job}")
                    self.truth.check(job_id in self.day.store.durable, f"I6: it works, and its row is not kept: {job}")
        super()._audit(presence)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Restarts))
