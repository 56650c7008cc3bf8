"""One small day of a rack, once for each of its writes: that one fails, or the program dies before or after it.

The day: a self-test, a walk, a scan that is paused, a plan's two jobs; the program started again; a cancel, two more.
"""

import contextlib
from collections.abc import Callable

import pytest

from orchestrator.model.budget import Budget
from orchestrator.model.errors import Refused, StoreUnavailable
from orchestrator.model.history import Change
from orchestrator.model.plan import OnStart, Plan, Step
from orchestrator.simulated.world import World
from tests.simulation.day import WEEKS_S
from tests.simulation.restarts import Restarts
from tests.simulation.stores import WorldStore

FULL_S = 3.0
"""How long the disk stays full."""
PLAN = Plan("new", (Step("read_health"), Step("run_smart_test")), on_start=OnStart.TEST)
FAILS, DIES_BEFORE, DIES_AFTER = "fails", "dies before", "dies after"


class Counted(WorldStore):
    def __init__(self, day: "SmallDay") -> None:
        super().__init__(day.world, day.path, commit_s=0.0)
        self.day = day

    def append(self, changes: tuple[Change, ...]) -> None:
        day, world = self.day, self.day.world
        day.writes += not day.over  # a rack that is closed over a full disk leaves the rest to the next process
        if day.writes == day.nth and not day.over:
            if day.how == FAILS:
                day.full_until = world.time + FULL_S
            else:
                if day.how == DIES_AFTER:
                    super().append(changes)
                day.alarm.set()  # test code kills this process before anything else of it runs
                world.sleep(WEEKS_S)
        if world.time < day.full_until:
            raise StoreUnavailable("the disk is full, says the world", remedy="make room")
        super().append(changes)


class SmallDay(Restarts):
    def __init__(self, world: World, nth: int, how: str) -> None:
        self.nth, self.how, self.writes, self.full_until = nth, how, 0, -1.0
        self.lines: list[Callable[[], object]] = [self.morning, self.noon]
        super().__init__(world, 0)

    def _draw(self) -> None:
        self.slots, self.crash_rate, self.loss, self.full_rate = 2, 0.0, 0.0, 0.0
        self.has_store, self.commit_s, self.latency_s = True, 0.0, 0.05
        self.plans, self.budget = {2: PLAN}, Budget()
        if self.how == FAILS:
            self.full_rate = 1.0  # then what a drive is asked is not always noted first

    def _store(self) -> WorldStore:
        return Counted(self)

    def run(self) -> None:
        for line in (self.morning, self.noon):
            self.world.begin(self.process, line)
            self.alarm.wait(600.0)
            self.kill()
            self.world.sleep(1.0)
            self.restart()
        self.alarm.wait(7200.0)
        if self.alarm.is_set():
            self.kill()
            self.restart()
        self.over = True
        self.wind_down()
        self.settle()

    def morning(self) -> None:
        """Of a client, who asks again for what was refused."""
        first = self.ask("run_smart_test", 1, poll_s=30.0)
        self.world.sleep(10.0)
        scan = self.ask("read_scan", 2, end_lba=20_000_000_000)
        walk = self.ask("walk", 1, steps=2)
        self.await_result(self.rack, first)
        self.await_result(self.rack, walk)
        self.world.sleep(60.0)
        with contextlib.suppress(Refused):
            self.rack.pause_job(scan)

    def noon(self) -> None:
        queued = self.ask("run_smart_test", 1)
        self.ask("run_smart_test", 1, kind="extended")
        self.cancel(queued)
        self.await_result(self.rack, queued)

    def ask(self, name: str, slot_id: int, **options: object) -> int:
        while True:
            try:
                return self.rack.start(name, 7, slot_id, **options)
            except StoreUnavailable:
                self.world.sleep(2.0)


def lived(nth: int, how: str) -> SmallDay:
    with World(1, preempt=0.0, lag=0.0, keep=0) as world:
        day = SmallDay(world, nth, how)
        try:
            day.run()
        finally:
            day.close()
        assert not day.truth.broken
    return day


@pytest.mark.parametrize("how", [FAILS, DIES_BEFORE, DIES_AFTER])
def test_whichever_write_fails_no_state_is_wrong(how):
    writes = lived(0, how).writes
    for nth in range(1, writes + 1):
        try:
            day = lived(nth, how)
        except Exception as exc:
            raise AssertionError(f"write {nth} of {writes} {how}: {exc}") from exc
        assert day.writes >= nth
    print(f"{how}: {writes} writes")
