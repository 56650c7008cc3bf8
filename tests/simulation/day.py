"""A day of a rack, drawn from a seed: clients start, await, cancel, pause and resume jobs while drives come, go, hang
and sicken, and handlers throw. Each seed draws its own kind of day (swarm): slots, crash rate, pace, lost events.

    python -m tests.simulation.day SEED [JOBS]      one day, its trace's end and hash
    python -m tests.simulation.day 0-1000 100       many
"""

import contextlib
import logging
import os
import random
import re
import shutil
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.model.budget import Budget, Caps
from orchestrator.model.errors import InvalidArgument, JobNotFinished, NoAnswer, Refused, StoreUnavailable
from orchestrator.model.job import AsyncJobStatus
from orchestrator.model.ports import DriveAccess, Sighting
from orchestrator.model.slot import SlotState
from orchestrator.rack import Rack
from orchestrator.simulated.rack import Simulation
from orchestrator.simulated.world import World
from tests.simulation.plan_truth import PlanTruth, draw_plans
from tests.simulation.racks import RECIPES, build
from tests.simulation.recipe_truth import check_recipes
from tests.simulation.stores import WorldStore, die, replayed
from tests.simulation.truth import AuditedAccess, Truth

WEEKS_S = 14 * 86400.0
COMMIT_S = (0.0, 0.001, 0.5)
SICKNESS = ("self_test_failure", "health_failed", "hang", "unreadable", "garbage", "slow", "bad_sector", "hot")
HANDLERS = ("SlotActor", "JobDirectory", "HotplugActor", "Supervisor", "Recorder")


class Day:
    stored = 0.5
    """How likely it is that its rack has a store."""
    planned = 0.5
    """How likely it is that its slots have plans."""

    def __init__(self, world: World, jobs: int) -> None:
        self.world, self.jobs = world, jobs
        self.rng = random.Random(f"{world.seed}/day")
        self._draw()
        patience = 30.0 if world.lag or self.crash_rate else 1.0
        self.truth = Truth(world, patience, in_order=not self.crash_rate and not world.preempt)
        folder = tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)  # noqa: S108
        self._clean = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = Path(folder) / "history.db"
        self.store = self._store() if self.has_store else None
        self.over = False
        self.began = 0.0
        self.simulation: Simulation | None = None
        self.access: AuditedAccess
        self.rack = self._rack()
        self.simulation = self.rack.simulation
        self.truth.adopt(self.rack)
        self.plan_truth: Any = self._plan_truth()
        for slot_id in self.rack.simulation.slot_ids():
            self.truth.learn(self.rack.simulation.drive(slot_id))

    def _draw(self) -> None:
        """What kind of day it is to be."""
        rng = self.rng
        self.slots = rng.choice((1, 2, 8))
        self.crash_rate = rng.choice((0.0, 0.002, 0.03))
        self.crashing = rng.choice((HANDLERS, HANDLERS[:1], HANDLERS[1:]))
        self.think = rng.choice(((0.0, 0.3, 1.0), (0.0, 0.0, 15.0, 600.0)))
        self.loss = rng.choice((0.0, 0.0, 0.1))
        self.chaos_pace = rng.choice(((0.0, 1.0, 15.0), (15.0, 600.0, 3600.0)))
        self.full_rate = rng.choice((0.0, 0.0, 0.05))
        self.has_store = rng.random() < self.stored
        self.commit_s = rng.choice(COMMIT_S) if self.has_store else 0.0
        self.latency_s = rng.choice((0.02, 0.05, 2.0))
        drawn = random.Random(f"{self.world.seed}/plans")
        self.plans = draw_plans(drawn, self.slots) if drawn.random() < self.planned else {}
        caps = (Caps(), Caps(drawn.choice((None, 1, 3)), drawn.choice((None, 1, 2)), drawn.choice((None, 1, 2))))
        self.budget = Budget(caps[1], drawn.choice(caps)) if drawn.random() < 0.4 else Budget()
        self.cooking = random.Random(f"{self.world.seed}/recipes")
        self.recipe_rate = self.cooking.choice((0.0, 0.0, 0.2))

    def _plan_truth(self) -> Any:
        return PlanTruth(self.truth, self.rack, self.plans)

    def _store(self) -> WorldStore:
        return WorldStore(
            self.world,
            self.path,
            fails=lambda: not self.over and self.rng.random() < self.full_rate,
            commit_s=self.commit_s,
        )

    def close(self) -> None:
        if self.store is not None:
            die(self.store)
        self._clean()

    def _rack(self) -> Rack:
        """Built by a task, so that the start too is interleaved."""
        built: list[Rack] = []
        self.world.spawn("start", lambda: built.append(self._build()))
        while not built:
            self.world.sleep(0.1)
            self.truth.check(self.world.time < 30, "the first enumeration did not reach every slot")
        return built[0]

    def _build(self) -> Rack:
        def wrap(access: DriveAccess) -> AuditedAccess:
            self.access = self._audited(access)
            return self.access

        return build(
            self.world,
            self.slots,
            self.world.seed,
            latency_s=self.latency_s,
            announce=self._announce,
            wrap=wrap,
            store=self.store,
            plans=self.plans,
            budget=self.budget,
            simulation=self.simulation,
        )

    def _audited(self, access: DriveAccess) -> AuditedAccess:
        return AuditedAccess(access, self.truth)

    def _announce(self, sighting: Sighting) -> tuple[Sighting, ...]:
        draw = self.rng.random()
        if draw < self.loss / 2:
            return ()
        if draw < self.loss:
            for source in self.rack.simulation._sources:
                self.world.after(self.rng.choice((0.2, 3.0, 40.0)), partial(source.put, sighting))
            return ()
        return (sighting, sighting) if draw > 1 - self.loss else (sighting,)

    # -- those who act

    def client(self, me: int) -> None:
        rng, rack = self.rng, self.rack
        for _ in range(self.jobs // 3):
            self.world.sleep(rng.choice(self.think))
            with contextlib.suppress(Refused, InvalidArgument):
                mine = self.open_some(me)
                if mine and rng.random() < 0.4:
                    self.world.sleep(rng.choice((0, 0.05, 15.05, 60.1, rng.random() * 100)))
                    self.disturb(rng.choice(mine))
                for job_id in mine:
                    self.await_result(rack, job_id)

    def open_some(self, me: int) -> list[int]:
        rng, rack = self.rng, self.rack
        slot_id, found = rng.randint(1, self.slots), list[int]()
        if self.cooking.random() < self.recipe_rate:
            found.append(rack.run_recipe(me, slot_id, name=self.cooking.choice(sorted(RECIPES))))
        for _ in range(rng.choice((1, 1, 3))):
            match rng.choice(("short", "short", "extended", "health", "walk", "two_steps", "stumble", "child")):
                case "short" | "extended" as kind:
                    found.append(rack.run_smart_test(me, slot_id, kind=kind))
                case "health":
                    found.append(rack.read_health(me, slot_id))
                case "child" if found:
                    self.world.sleep(1.0)
                    found.append(rack.start("walk", me, slot_id, found[0], steps=4))
                case "child":
                    pass
                case name:
                    found.append(rack.start(name, me, slot_id))
        return found

    def disturb(self, job_id: int) -> None:
        rack = self.rack
        match self.rng.choice(("cancel", "cancel", "pause", "pause and cancel")):
            case "cancel":
                self.cancel(job_id)
            case how:
                try:
                    rack.pause_job(job_id)
                except Refused:
                    return
                self.world.sleep(self.rng.choice((0, 5.0, 120.0)))
                if how == "pause and cancel":
                    self.cancel(job_id)
                else:
                    rack.resume_job(job_id)

    def cancel(self, job_id: int) -> None:
        self.truth.cancelled.setdefault(job_id, self.world.time)
        self.rack.cancel_job(job_id)

    def await_result(self, rack: Rack, job_id: int) -> None:
        job = rack.get_job_status(job_id)
        timeout = self.rng.choice((1.0, WEEKS_S))
        try:
            rack.result(job.name, job_id, timeout)
        except (NoAnswer, Refused):
            pass
        except JobNotFinished:
            self.truth.check(timeout == 1.0, f"a waiter was forgotten: {rack.get_job_status(job_id)}")

    def chaos(self) -> None:
        rng, simulation = self.rng, self.rack.simulation
        while not self.over:
            self.world.sleep(rng.choice(self.chaos_pace))
            if self.over:
                return
            slot_id = rng.randint(1, self.slots)
            present = {n for n in simulation.slot_ids() if simulation._slots[n] is not None}
            match rng.choice(("pull", "swap", "back", "insert", "sick", "deaf", "well", "well", "release")):
                case "pull" if slot_id in present:
                    self.pull(slot_id)
                case "swap" if slot_id in present:
                    self.pull(slot_id)
                    self.world.sleep(rng.choice((0, 0, 0.5, 2)))
                    self.insert(slot_id)
                case "back" if slot_id in present:
                    serial = self.pull(slot_id)
                    self.world.sleep(rng.choice((0, 0.3, 2)))
                    self.insert(slot_id, serial)
                case "insert" if slot_id not in present:
                    self.insert(slot_id)
                case "sick" if slot_id in present:
                    simulation.inject(slot_id, rng.choice(SICKNESS))
                case "deaf" if slot_id in present:
                    self.access.deaf.add(simulation.drive(slot_id).serial)
                case "well" if slot_id in present:
                    self.heal(slot_id)
                case "release":
                    self.rack.release_slot(slot_id)
                case _:
                    pass
            self.truth.overdue()

    def pull(self, slot_id: int) -> str:
        self.plan_truth.lost(slot_id)
        self.truth.removed[self.rack.simulation._presences[slot_id].number] = self.world.time
        return self.rack.simulation.pull(slot_id)

    def insert(self, slot_id: int, serial: str | None = None) -> None:
        simulation = self.rack.simulation
        if simulation._slots[slot_id] is None:  # someone may have been faster while we slept
            with contextlib.suppress(InvalidArgument):
                simulation.insert(slot_id, serial)
                self.plan_truth.plugged(slot_id)
                if serial is None:
                    self.truth.learn(simulation.drive(slot_id))

    def heal(self, slot_id: int) -> None:
        model = self.rack.simulation.drive(slot_id)
        self.access.deaf.discard(model.serial)
        for fault in sorted(model.faults):
            model.clear(fault)

    def crash(self, actor: object, message: object) -> str | None:
        if self.over or type(actor).__name__ not in self.crashing or self.rng.random() >= self.crash_rate:
            return None
        return self.rng.choice(("before", "after", "exit"))

    # -- the day

    def run(self) -> None:
        world, left = self.world, [3]
        world.crash = self.crash
        world.spawn("chaos", self.chaos)

        def client(me: int) -> None:
            self.client(me)
            left[0] -= 1

        for me in range(3):
            world.spawn("client", client, me)
        while left[0]:
            world.sleep(600)
            self.truth.check(world.time < WEEKS_S, f"a client waits for ever; open: {self.rack._tables.open_jobs()}")
        self.over = True
        world.sleep(5)  # a swap that has begun is finished
        self.wind_down()

    def wind_down(self) -> None:
        """Everything well again: what was accepted must end, and the slots must be what is in them."""
        world, rack = self.world, self.rack
        for slot_id in rack.simulation.slot_ids():
            if rack.simulation._slots[slot_id] is not None:
                self.heal(slot_id)
        until = world.time + WEEKS_S
        while True:
            for slot in rack.slots():
                rack.release_slot(slot.id)
            if not rack._tables.open_jobs():
                world.sleep(120)  # for the plan of a drive that has just come
            if not rack._tables.open_jobs() or world.time > until:
                break
            world.sleep(3600)
        for job in rack._tables.open_jobs():
            self.truth.check(False, f"I3: an accepted job was lost: {job}")
        for slot in rack.slots():
            truth = rack.simulation._presences.get(slot.id)
            self.truth.check(slot.drive == (truth.drive if truth else None), f"I11: {slot}, but there is {truth}")
            self.plan_truth.lost(slot.id, at_the_end=True)
            self.truth.check(slot.state in (SlotState.READY, SlotState.EMPTY), f"I11: not free again: {slot}")
        check_recipes(self.truth, rack)
        began = world.time
        if world.rng.random() < 0.5 and (free := [s for s in rack.slots() if s.state is SlotState.READY]):
            with contextlib.suppress(StoreUnavailable):
                rack.start("walk", 0, free[0].id, steps=1000)
        rack.close()
        self.truth.check(world.time - began <= 10 + self.truth.patience_s, "the stop took longer than 10 s")
        left = [] if self.store is not None else [job for job in rack.open_jobs() if not job.has_ended]
        self.truth.check(not left or bool(world.lag), f"open after the rack was closed: {left}")
        if self.store is not None and not self.crash_rate:
            self.compare(self.store)

    def compare(self, store: WorldStore) -> None:
        """I17: the changes alone give what the rack says."""
        for job_id, fields in replayed(self.path).items():
            said = self.rack.get_job_status(job_id)
            kept = fields.get("status", AsyncJobStatus.INIT), fields.get("attempt", 1), fields.get("reason", "")
            self.truth.check(
                kept == (said.status, said.attempt, said.reason), f"I17: {said}, but the history: {fields}"
            )


def live(seed: int, jobs: int = 50, *, keep: int | None = 40, build: Callable[[World, int], Day] = Day) -> World:
    """One seed's day. `world.broken` says what did not hold, "" if nothing."""
    logging.getLogger("pykka").setLevel(logging.CRITICAL + 1)
    logging.getLogger("orchestrator").setLevel(logging.CRITICAL + 1)
    world = World(seed, keep=keep)
    with world, contextlib.ExitStack() as stack:
        try:
            day = build(world, jobs)
            stack.callback(day.close)
            day.run()
            world.broken = "; ".join(day.truth.broken)
        except Exception as exc:
            world.broken = f"{type(exc).__name__}: {exc}"
    return world


def seeds(words: str) -> Iterator[int]:
    first, _, last = words.partition("-")
    yield from range(int(first), int(last or first) + 1) if last else (int(first),)


def main(words: list[str], build: Callable[[World, int], Day] = Day) -> int:
    jobs = int(words[1]) if len(words) > 1 else 50
    began, messages, failed, statuses = time.perf_counter(), 0, 0, 0
    for seed in seeds(words[0]):
        world = live(seed, jobs, build=build)
        messages += world.messages
        statuses += 1
        if world.broken or "-" not in words[0]:
            failed += bool(world.broken)
            mine = re.search(r"\bid=(\d+)", world.broken)
            lines = list(world.tail)
            if mine:
                lines = [line for line in lines if re.search(rf"\b(job_)?id={mine[1]}\b", line)] or lines
            print(
                *(line[:200] for line in lines[-12:]),
                f"seed {seed}: hash {world.hash.hexdigest()}: {world.broken or 'holds'}",
                sep="\n",
            )
    took = time.perf_counter() - began
    print(f"{statuses} seeds x {jobs} jobs, {failed} broken, {took:.1f} s, {messages / took:,.0f} messages/s")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
