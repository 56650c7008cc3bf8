"""What must hold of plans: one series of jobs for each presence that settled and is meant, none doubled, none lost.

Kept beside the program: which presences were plugged in and when, and since when each has been published.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from orchestrator.actors.tables import Order
from orchestrator.model.drive import Protocol
from orchestrator.model.errors import JobCancelled
from orchestrator.model.job import AsyncJob, AsyncJobStatus, OpenedBy
from orchestrator.model.plan import Fits, OnStart, Plan, Step
from orchestrator.model.slot import SlotState
from orchestrator.model.verdict import VerdictStatus
from orchestrator.rack import Rack
from tests.simulation.truth import Truth

STEPS = (
    Step("read_health"),
    Step("run_smart_test", (("kind", "short"),)),
    Step("walk", (("steps", 3),)),
    Step("stumble"),
)
GOOD = (None, VerdictStatus.PASS, VerdictStatus.WARN)


def draw_plans(rng: random.Random, slots: int) -> dict[int, Plan]:
    """For most slots one of two, drawn too."""
    plans = [
        Plan(
            name,
            tuple(rng.choice(STEPS[:3] if rng.random() < 0.9 else STEPS) for _ in range(rng.choice((1, 2, 3)))),
            rng.choice(((), STEPS[2:3], STEPS[2:])),
            Fits(rng.choice(((), (), (Protocol.ATA,), (Protocol.ATA, Protocol.SCSI)))),
            rng.choice((OnStart.LEAVE, OnStart.TEST)),
            rng.choice((0.0, 0.0, 5.0)),
        )
        for name in ("one", "two")
    ]
    return {slot_id: rng.choice(plans) for slot_id in range(1, slots + 1) if rng.random() < 0.9}


def names(plan: Plan, begun: list[AsyncJob]) -> list[str]:
    """The operations of the whole series, seen from how those begun have ended."""
    for at, job in enumerate(begun[: len(plan.steps)], 1):
        if job.has_ended and not is_good(job):
            cancelled = job.error is not None and job.error.code == JobCancelled.code
            return [step.operation for step in (*plan.steps[:at], *(() if cancelled else plan.on_fail))]
    return [step.operation for step in plan.steps]


def is_good(job: AsyncJob) -> bool:
    return job.status is AsyncJobStatus.COMPLETED and (job.verdict and job.verdict.status) in GOOD


class Watched(dict[Any, Any]):
    """A table of the program's, with a call after each entry."""

    def __init__(self, table: dict[Any, Any], told: Callable[[Any, Any], None]) -> None:
        super().__init__(table)
        self._told = told

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._told(key, value)


class PlanTruth:
    def __init__(self, truth: Truth, rack: Rack, plans: dict[int, Plan]) -> None:
        """To be made before anything is plugged in or out."""
        self.truth, self.rack, self.plans = truth, rack, plans
        self.world, self.tables = truth.world, rack._tables
        self.series: dict[int, list[int]] = defaultdict(list)
        """Presence number -> its jobs."""
        self.came: dict[int, float] = {}
        """Presence number -> when it was plugged in; the drives that were there at the start are not here."""
        self.since: dict[int, tuple[int, float]] = {}
        """Slot -> the presence that is published as READY there, and since when."""
        retired = [job for job, _ in self.tables.recent.values()]
        for job in sorted([*self.tables.jobs.values(), *retired], key=lambda job: job.id):
            self.series[job.slot_id].append(job.id)  # of the drives that were there, whose numbers are their slots'
        for slot_id in self.tables.slots:
            self.published(slot_id)
        self.tables.orders = Watched(self.tables.orders, self.opened)
        self.tables.slots = Watched(self.tables.slots, lambda slot_id, _: self.published(slot_id))
        self.tables.presences = Watched(self.tables.presences, lambda slot_id, _: self.published(slot_id))

    def plugged(self, slot_id: int) -> None:
        """The day has just plugged a drive in."""
        presence = self.rack.simulation._presences.get(slot_id)
        if presence is not None:
            self.came.setdefault(presence.number, self.world.time)

    def published(self, slot_id: int) -> None:
        presence = self.tables.presences.get(slot_id)
        if presence is None or self.tables.slots[slot_id].state is not SlotState.READY:
            self.since.pop(slot_id, None)
        elif self.since.get(slot_id, (0, 0.0))[0] != presence.number:
            self.since[slot_id] = (presence.number, self.world.time)

    def opened(self, job_id: int, order: Order) -> None:
        job: AsyncJob = self.tables.get(job_id)
        if job.opened_by is not OpenedBy.PLUG:
            return
        check, number, plan = self.truth.check, order.presence.number, self.plans.get(job.slot_id)
        series = self.series[number]
        check(plan is not None, f"B3: a job by itself in a slot without a plan: {job}")
        assert plan is not None
        check(number in self.came or plan.on_start is OnStart.TEST, f"B3: it was there at the start: {job}")
        fits = not plan.fits.protocols or order.presence.drive.protocol in plan.fits.protocols
        check(fits, f"B3: the plan is not for such drives: {job}")
        stayed = self.world.time - self.came.get(number, -1e9)
        check(stayed >= plan.debounce_s + 0.99, f"B3: {stayed:.2f} s after it was plugged in: {job}")
        before = [self.tables.get(n) for n in series]
        check(all(one.has_ended for one in before), f"B3: {job} does not wait for {before}")
        due = names(plan, before)
        check(len(series) < len(due), f"B3: doubled, after {before}: {job}")
        check(job.name == due[len(series)], f"B3: doubled, or not the step that follows {before}: {job}")
        series.append(job_id)

    def lost(self, slot_id: int, *, at_the_end: bool = False) -> None:
        """To be asked just before a drive leaves; `at_the_end` nothing runs any more."""
        presence, plan = self.rack.simulation._presences.get(slot_id), self.plans.get(slot_id)
        number, since = self.since.get(slot_id, (0, 0.0))
        if presence is None or plan is None or presence.number != number:
            return
        fits = not plan.fits.protocols or presence.drive.protocol in plan.fits.protocols
        if not fits or (number not in self.came and plan.on_start is OnStart.LEAVE):
            return
        late = plan.debounce_s + 1 + self.truth.patience_s
        series = self.series[number]
        if self.world.time - since > late:
            self.truth.check(bool(series), f"B3: lost: {presence} has been in slot {slot_id} and nothing was started")
        if series and at_the_end:
            jobs = [self.tables.get(n) for n in series]
            self.truth.check(len(jobs) == len(names(plan, jobs)), f"B3: lost: the steps of {plan.name} after {jobs}")
