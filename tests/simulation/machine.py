"""A rack whose day hypothesis writes: the rules are what may happen to it, and what must hold is looked at after each.

The day's own checks (truth.py, restarts.py) watch every change; here stands what can be seen from outside in between.
Clients are tasks of the program's process and die with it: a step may end while a start, or a wait, is under way.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.model.budget import Budget
from orchestrator.model.errors import InvalidArgument, OrchestratorError, Refused
from orchestrator.model.job import ENDED, AsyncJobStatus, ListInfo
from orchestrator.model.plan import OnStart, Plan, Step
from orchestrator.model.ports import Sighting
from orchestrator.model.slot import SlotState
from orchestrator.simulated.world import World
from tests.simulation.day import HANDLERS, SICKNESS
from tests.simulation.restarts import SCAN_LBAS, Restarts

TESTS, WORKS = ("short", "short", "extended", "parent"), ("scan", "scan", "walk", "long walk", "health", "bug")
SLOTS = 2
QUIET_S = 70.0
"""Longer than a lost event stays unnoticed."""
PLAN = Plan("new", (Step("read_health"), Step("run_smart_test")), on_start=OnStart.LEAVE)
STARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "short": ("run_smart_test", {}),
    "extended": ("run_smart_test", {"kind": "extended"}),
    "health": ("read_health", {}),
    "scan": ("read_scan", {"end_lba": SCAN_LBAS}),
    "walk": ("walk", {}),
    "long walk": ("walk", {"steps": 500}),
    "parent": ("two_steps", {}),
    "bug": ("stumble", {}),
}


class JumpingWorld(World):
    """Its wall clock may be set; what counts seconds does not notice."""

    jumped = timedelta()

    def now(self) -> datetime:
        return super().now() + self.jumped


class WrittenDay(Restarts):
    """Nothing happens in it but what the rules say."""

    world: JumpingWorld

    def __init__(self, world: JumpingWorld) -> None:
        self.telling, self.full = "once", False
        self.next_fall: tuple[str, str] | None = None
        self.is_up, self.disturbed = True, 0.0
        super().__init__(world, 0)
        world.crash = self.crash

    def _draw(self) -> None:
        rng = self.rng
        self.slots, self.crash_rate, self.full_rate = SLOTS, 0.0, 0.0
        self.has_store, self.commit_s, self.latency_s = True, rng.choice((0.0, 0.001, 0.5)), rng.choice((0.02, 2.0))
        self.plans, self.budget = {SLOTS: PLAN}, Budget()

    def _store(self) -> Any:
        store = super()._store()
        store._fails = lambda: self.full and not self.over
        return store

    def _announce(self, sighting: Sighting) -> tuple[Sighting, ...]:
        match self.telling:
            case "lost":
                return ()
            case "late":
                for source in self.rack.simulation._sources:
                    self.world.after(self.rng.choice((0.2, 3.0, 40.0)), partial(source.put, sighting))
                return ()
            case "doubled":
                return (sighting, sighting)
            case _:
                return (sighting,)

    def crash(self, actor: object, message: object) -> str | None:
        if self.next_fall is None or type(actor).__name__ != self.next_fall[0]:
            return None
        (_, when), self.next_fall = self.next_fall, None
        self.truth.in_order, self.crash_rate = False, 1.0  # from here on the patience of a day with falls
        self.truth.patience_s = 30.0
        return when

    def do(self, work: Any) -> None:
        """As a client of the program, which dies with it."""

        def client() -> None:
            with suppress(Refused, InvalidArgument):
                work()

        self.world.begin(self.process, client)
        self.world.sleep(0.0)

    def nth_job(self, n: int) -> int | None:
        """Of those that were acknowledged, from the newest back."""
        ids = sorted(self.acknowledged)
        return ids[-1 - n % len(ids)] if ids else None


def up(machine: "RackMachine") -> bool:
    return machine.day.is_up


def down(machine: "RackMachine") -> bool:
    return not machine.day.is_up


NTH, SLOT = st.integers(0, 7), st.integers(1, SLOTS)


class RackMachine(RuleBasedStateMachine):
    day: WrittenDay

    @initialize(seed=st.integers(0, 2**16), first=st.lists(st.sampled_from((*TESTS, *WORKS)), min_size=1, max_size=4))
    def begin(self, seed: int, first: list[str]) -> None:
        self.world = JumpingWorld(seed)
        self.day = WrittenDay(self.world)
        for n, what in enumerate(first):
            self._start(what, 1 + n % SLOTS, awaited=n < SLOTS)

    # -- what people and harnesses do

    @precondition(up)
    @rule(what=st.sampled_from(TESTS), slot_id=SLOT, awaited=st.booleans())
    def start_a_test(self, what: str, slot_id: int, awaited: bool) -> None:
        self._start(what, slot_id, awaited)

    @precondition(up)
    @rule(what=st.sampled_from(WORKS), slot_id=SLOT, awaited=st.booleans())
    def start_work(self, what: str, slot_id: int, awaited: bool) -> None:
        self._start(what, slot_id, awaited)

    def _start(self, what: str, slot_id: int, awaited: bool) -> None:
        day, (name, options) = self.day, STARTS[what]

        def work() -> None:
            job_id = day.rack.start(name, 7, slot_id, **options)
            if awaited:
                day.await_result(day.rack, job_id)

        day.do(work)

    @precondition(up)
    @rule(n=NTH, how=st.sampled_from(("ask", "cancel", "pause", "pause", "resume")))
    def control(self, n: int, how: str) -> None:
        day = self.day
        if (job_id := day.nth_job(n)) is None:
            return
        with suppress(Refused):
            match how:
                case "ask":
                    day.do(partial(day.await_result, day.rack, job_id))
                case "cancel" if job_id in day.rack._tables.orders:
                    day.cancel(job_id)
                case "pause":
                    day.rack.pause_job(job_id)
                case "resume":
                    day.rack.resume_job(job_id)

    # -- what drives do

    @rule(
        slot_id=SLOT, how=st.sampled_from(("pull", "swap", "back", "insert")), pause_s=st.sampled_from((0.0, 0.3, 2.0))
    )
    def plug(self, slot_id: int, how: str, pause_s: float) -> None:
        day = self.day
        if (day.rack.simulation._slots[slot_id] is None) != (how == "insert"):
            return
        serial = day.pull(slot_id) if how != "insert" else None
        if how != "pull":
            self.world.sleep(pause_s)
            day.insert(slot_id, serial if how == "back" else None)
        day.disturbed = self.world.time

    @rule(slot_id=SLOT, what=st.sampled_from((*SICKNESS, "deaf", "well", "well", "well")))
    def sicken(self, slot_id: int, what: str) -> None:
        simulation = self.day.rack.simulation
        if simulation._slots[slot_id] is None:
            return
        if what == "well":
            self.day.heal(slot_id)
        elif what == "deaf":
            self.day.access.deaf.add(simulation.drive(slot_id).serial)
        else:
            simulation.inject(slot_id, what)
        self.day.disturbed = self.world.time

    # -- what the host does

    @rule(seconds=st.sampled_from((0.0, 0.001, 0.05, 1.0, 1.0, 15.0, 60.0, 75.0, 600.0, 3600.0)))
    def pass_time(self, seconds: float) -> None:
        self.world.sleep(seconds)

    @rule(what=st.sampled_from(("once", "lost", "late", "doubled", "full", "well", "well", "release", -365, 365)))
    def befall(self, what: str | int) -> None:
        """How events are told from now on; the disk; a slot that is released; the wall clock, in days."""
        match what:
            case "full" | "well":
                self.day.full, self.day.full_rate = what == "full", 1.0
            case "release":
                for slot_id in range(1, SLOTS + 1) if self.day.is_up else ():
                    self.day.rack.release_slot(slot_id)
            case int():
                self.world.jumped = timedelta(days=what)
            case _:
                self.day.telling = what

    @precondition(up)
    @rule(who=st.sampled_from(HANDLERS), when=st.sampled_from(("before", "after", "exit")))
    def fall(self, who: str, when: str) -> None:
        self.day.next_fall, self.day.disturbed = (who, when), self.world.time

    @precondition(up)
    @rule()
    def kill(self) -> None:
        self.day.kill()
        self.day.is_up = False

    @precondition(down)
    @rule()
    def restart(self) -> None:
        self.day.full = False
        self.day.restart()
        self.day.is_up, self.day.disturbed = True, self.world.time

    # -- what can be seen from outside

    @invariant()
    def holds(self) -> None:
        if (day := getattr(self, "day", None)) is None:
            return
        assert not day.truth.broken
        if not day.is_up:
            return
        day.truth.overdue()
        day.settle()
        self._jobs_agree()
        self._slots_agree()
        assert not day.truth.broken

    def _jobs_agree(self) -> None:
        """I18, and I19: SIMULATED is always marked."""
        rack = self.day.rack
        assert rack.is_simulated
        listed = {job.id: job for job in rack.get_jobs_list()}
        for job_id in self.day.acknowledged:
            job = rack.get_job_status(job_id)
            assert listed[job_id] == job, f"I18: {job}, and in the list: {listed[job_id]}"
        for status in AsyncJobStatus:
            of_it = [job.id for job in rack.get_jobs_list(ListInfo(status=status))]
            assert of_it == sorted(n for n, job in listed.items() if job.status is status), f"I18: {status.name}"
        assert [job.id for job in rack.open_jobs()] == sorted(n for n, job in listed.items() if job.status not in ENDED)
        for job in listed.values():
            assert job.error is None or job.error.code, f"I24: {job}"

    def _slots_agree(self) -> None:
        """I11, and I19: what cannot be seen is not shown as empty."""
        day, running = self.day, dict[int, int]()
        for job in day.rack.open_jobs():
            if job.parent_id is None and job.status in (AsyncJobStatus.RUNNING, AsyncJobStatus.PAUSED):
                assert job.slot_id not in running, f"I5: two jobs run in slot {job.slot_id}"
                running[job.slot_id] = job.id
        for slot in day.rack.slots():
            assert slot.state is not SlotState.EMPTY or slot.drive is None
            assert slot.state is not SlotState.UNKNOWN or slot.reason
            if self.world.time - day.disturbed > QUIET_S + day.truth.patience_s and day.next_fall is None:
                now = day.rack.simulation._presences.get(slot.id)
                assert slot.drive == (now.drive if now else None), f"I11: {slot}, but there is {now}"

    def teardown(self) -> None:
        if (day := getattr(self, "day", None)) is None:
            return
        try:
            if not day.truth.broken:
                self._end_the_day()
        finally:
            self.world.close()
            day.close()

    def _end_the_day(self) -> None:
        """Everything well again: what was accepted ends, and the changes that were kept say the same."""
        day = self.day
        if not day.is_up:
            self.restart()
        day.full, day.next_fall, day.telling = False, None, "once"
        for job in day.rack.open_jobs():
            with suppress(OrchestratorError):
                day.rack.resume_job(job.id)
        day.over = True
        self.world.sleep(5.0)
        day.wind_down()
        day.settle()
        assert not day.truth.broken
