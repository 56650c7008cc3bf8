"""Days on which the program is killed and started again, at any step, with the same drives in other moods.

    python -m tests.simulation.restarts SEED [JOBS]      python -m tests.simulation.restarts 0-1000 30

The clients die with the program; what it had acknowledged to them is written down outside, and must be there again.
"""

import contextlib
import sys
from functools import partial
from typing import Any

from orchestrator.model.errors import JobNotFinished, NoAnswer, OrchestratorError, Refused
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.rack import Rack
from orchestrator.simulated.world import World
from tests.simulation.day import WEEKS_S, Day, main
from tests.simulation.stores import die

LONGEST_RUN_S = (1.0, 60.0, 600.0, 7200.0)
DOWN_S = (0.0, 1.0, 30.0, 3600.0, 86400.0)


class NoPlanTruth:
    """Which series of plan jobs are due after a restart is not kept here."""

    def lost(self, slot_id: int, *, at_the_end: bool = False) -> None: ...
    def plugged(self, slot_id: int) -> None: ...


class Restarts(Day):
    stored = 1.0

    def __init__(self, world: World, jobs: int) -> None:
        self.process, self.acknowledged, self.told = 0, dict[int, AsyncJob](), dict[int, tuple[Any, ...]]()
        super().__init__(world, jobs)

    def _plan_truth(self) -> Any:
        return NoPlanTruth()

    def _rack(self) -> Rack:
        """In a process of its own."""
        self.process += 1
        built: list[Rack] = []
        self.world.begin(self.process, lambda: built.append(self._build()))
        while not built:
            self.world.sleep(0.1)
            self.truth.check(self.world.time - self.began < 90, "the first enumeration did not reach every slot")
        return built[0]

    def run(self) -> None:
        world, rng = self.world, self.rng
        world.crash = self.crash
        world.spawn("chaos", self.chaos)
        for _ in range(rng.choice((1, 2, 4))):
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
        """Until the time is up or the clients have nothing more to do."""
        world, left = self.world, [3]

        def client(me: int) -> None:
            self.client(me)
            left[0] -= 1

        for me in range(3):
            world.begin(self.process, partial(client, me))
        until = world.time + seconds
        while left[0] and world.time < until:
            world.sleep(min(600.0, until - world.time) if seconds < WEEKS_S else 600.0)
        if seconds == WEEKS_S:
            self.truth.check(not left[0], f"a client waits for ever; open: {self.rack.open_jobs()}")

    def kill(self) -> None:
        assert self.store is not None
        self.world.kill(self.process)
        die(self.store)
        self.truth.rack = None
        self.truth.cancelled.clear()
        self.access.deaf.clear()

    def restart(self) -> None:
        self.began, self.store = self.world.time, self._store()
        self.rack = self._rack()
        self.truth.adopt(self.rack)
        self.settle()

    def settle(self) -> None:
        """What was acknowledged is there, and what was told is as it was told."""
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

    # -- what is written down outside

    def open_some(self, me: int) -> list[int]:
        found = super().open_some(me)
        for job_id in found:
            check = self.truth.check
            check(job_id not in self.acknowledged, f"I4: {job_id} was given away twice")
            self.acknowledged[job_id] = self.rack.get_job_status(job_id)
        return found

    def await_result(self, rack: Rack, job_id: int) -> None:
        super().await_result(rack, job_id)
        with contextlib.suppress(JobNotFinished):
            rack.wait([job_id], 0)
            self.told[job_id] = self.outcome(job_id)

    def outcome(self, job_id: int) -> tuple[Any, ...]:
        job = self.rack.get_job_status(job_id)
        error, answer = "", None
        try:
            answer = self.rack.result(job.name, job_id, 0)
        except (NoAnswer, Refused) as exc:
            error = exc.code
        return (job.status, error, answer, job.verdict, job.ended)

    def compare(self, store: Any) -> None:
        super().compare(store)
        for job_id in self.acknowledged:
            job = self.rack.get_job_status(job_id)
            ended = job.status in (AsyncJobStatus.COMPLETED, AsyncJobStatus.FAILED)
            self.truth.check(ended, f"I3: an accepted job was lost: {job}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Restarts))
