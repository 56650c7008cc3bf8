"""Known mistakes, each a patch of the real code: the proof that a day can find bugs at all.

python -m tests.simulation.planted [NAME] [SEEDS]      how many seeds it takes to find each
"""

import sys
import time
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.actors import hotplug, slot, worker
from orchestrator.actors.allowance import Allowance
from orchestrator.actors.directory import JobDirectory
from orchestrator.actors.hotplug import HotplugActor
from orchestrator.actors.slot import Introduce, SlotActor
from orchestrator.actors.supervisor import Supervisor
from orchestrator.model.errors import DriveRemoved, JobCancelled
from orchestrator.model.job import JobError
from orchestrator.model.slot import SlotState
from orchestrator.simulated.rack import Simulation
from orchestrator.system.system import System
from tests.simulation.day import live
from tests.simulation.plugging import plug

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTS: dict[str, Plant] = {}


def plant(patch: Plant) -> Plant:
    PLANTS[patch.__name__] = patch
    return patch


@plant
def the_next_job_begins_before_the_worker_is_off_the_drive(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SlotActor, "_is_free", lambda self, job: not self._runs if job.parent_id is None else True)

    def obey(self: Any, job_id: int) -> None:
        if job_id in self._tables.cancelled and (job_id in self._runs or job_id in self._queue):
            self._end(job_id, JobCancelled("cancelled"))

    patch.setattr(SlotActor, "_obey", obey)


@plant
def a_late_result_is_taken_over_by_the_next_job(patch: pytest.MonkeyPatch) -> None:
    finish = SlotActor._finish

    def inherit(self: Any, end: Any) -> None:
        heir = next(iter(self._runs), end.job_id) if end.job_id not in self._runs else end.job_id
        finish(self, replace(end, job_id=heir))
        self._tell(replace(end, job_id=heir))

    patch.setattr(SlotActor, "_finish", inherit)


@plant
def queued_jobs_are_not_sent_to_a_new_slot_actor(patch: pytest.MonkeyPatch) -> None:
    reconcile = JobDirectory._reconcile

    def forgetful(self: Any, slate: Any) -> None:
        queued = [job.id for job in self._tables.open_jobs(slate.slot_id) if job.status.name == "INIT"]
        reconcile(self, replace(slate, live=(*slate.live, *queued)))

    patch.setattr(JobDirectory, "_reconcile", forgetful)


@plant
def who_waits_for_a_cancelled_job_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    end = JobDirectory._end

    def silent(self: Any, ended: Any) -> None:
        if ended.error is not None and ended.error.code == JobCancelled.code:
            self._tables.waiters.pop(ended.job_id, None)
        end(self, ended)

    patch.setattr(JobDirectory, "_end", silent)


@plant
def progress_is_taken_as_it_comes(patch: pytest.MonkeyPatch) -> None:
    def change(self: Any, job_id: int, kind: Any, **changes: Any) -> None:
        job = self._tables.jobs[job_id]
        if not job.has_ended:
            if changes.get("status") is not None and changes["status"].name == "RUNNING":
                changes["progress"] = 0 if job.progress >= 0 else -1
            self._tables.jobs[job_id] = replace(job, **changes)

    patch.setattr(JobDirectory, "_change", change)


@plant
def a_late_remove_clears_the_next_drive(patch: pytest.MonkeyPatch) -> None:
    see = HotplugActor._see

    def credulous(self: Any, sighting: Any) -> None:
        if sighting.action == "remove":
            sighting = replace(sighting, presence=None)
        see(self, sighting)

    patch.setattr(HotplugActor, "_see", credulous)
    patch.setattr(hotplug, "RESYNC_S", 7 * 86400.0)


class Borrowed:
    """The tables, but for the claims."""

    def __init__(self, tables: Any, claims: Any) -> None:
        self._tables, self.claims = tables, claims

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tables, name)


@plant
def every_fifth_worker_keeps_its_claim(patch: pytest.MonkeyPatch) -> None:
    class Sticky(dict[int, int]):
        def pop(self, job_id: int, *default: Any) -> int:
            return self[job_id]

    def work(place: Any, job: Any, order: Any, control: Any) -> None:
        claims = place.tables.claims
        if job.id % 5 == 0:
            claims = {job.slot_id: Sticky(claims[job.slot_id])}
        worker.work(replace(place, tables=Borrowed(place.tables, claims)), job, order, control)

    patch.setattr(slot, "work", work)


@plant
def a_running_job_survives_the_removal_of_its_drive(patch: pytest.MonkeyPatch) -> None:
    def settle(self: Any, presence: Any) -> None:
        self._presence, self._heard, self._unseen = presence, True, ""

    patch.setattr(SlotActor, "_settle", settle)
    patch.setattr(Simulation, "find", lambda self, presence: self._pulled_or_here(presence), raising=False)
    patch.setattr(Simulation, "_pulled_or_here", _anything_of_that_serial, raising=False)


def _anything_of_that_serial(self: Any, presence: Any) -> Any:
    here = [model for model in (*self._slots.values(), *self._pulled.values()) if model is not None]
    return next(model for model in here if model.serial == presence.drive.serial)


@plant
def a_new_directory_is_not_told_what_the_slots_hold(patch: pytest.MonkeyPatch) -> None:
    introduce = SlotActor._introduce

    def once(self: Any) -> None:
        if not self._introduced:
            introduce(self)

    patch.setattr(SlotActor, "_introduce", once)


@plant
def the_directory_is_not_started_again(patch: pytest.MonkeyPatch) -> None:
    fallen = Supervisor._fallen
    patch.setattr(Supervisor, "_fallen", lambda self, key: None if key == "directory" else fallen(self, key))


@plant
def an_ended_job_may_end_again(patch: pytest.MonkeyPatch) -> None:
    def reckless(self: Any, ended: Any) -> None:
        job = self._tables.jobs[ended.job_id]
        error = ended.error or JobError("no_answer", "?")
        self._tables.jobs[job.id] = replace(job, status=5, error=error) if job.has_ended else job
        end(self, ended)

    end = JobDirectory._end
    patch.setattr(JobDirectory, "_end", reckless)


@plant
def lost_events_are_never_made_good(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hotplug, "RESYNC_S", 30 * 86400.0)


@plant
def a_new_slot_actor_is_introduced_before_its_address_is_known(patch: pytest.MonkeyPatch) -> None:
    def start(self: Any, key: Any) -> None:
        if not self._is_alive(key):
            ref = self._make(key)
            if isinstance(key, int):
                self._post.tell(key, Introduce())
            self._post.publish(key, ref)

    patch.setattr(Supervisor, "_start", start)


@plant
def the_newest_job_goes_first(patch: pytest.MonkeyPatch) -> None:
    def enqueue(self: Any, job_id: int) -> None:
        if job_id not in self._runs and job_id not in self._queue and job_id not in self._unconfirmed:
            insort(self._queue, job_id, key=lambda n: -n)

    patch.setattr(SlotActor, "_enqueue", enqueue)


@plant
def nobody_gives_up_a_deaf_worker(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SlotActor, "_give_up", lambda self, job_id: None)


@plant
def a_stuck_slot_stays_stuck(patch: pytest.MonkeyPatch) -> None:
    seen = SlotActor._seen

    def sticky(self: Any) -> Any:
        now = seen(self)
        self.was_stuck = getattr(self, "was_stuck", False) or now.state is SlotState.STUCK
        return replace(now, state=SlotState.STUCK) if self.was_stuck and now.state is SlotState.READY else now

    patch.setattr(SlotActor, "_seen", sticky)


@plant
def a_drive_is_found_by_its_slot_and_not_by_its_presence(patch: pytest.MonkeyPatch) -> None:
    find = Simulation.find

    def by_node(self: Any, presence: Any) -> Any:
        model = self.find_by_node(presence.node)
        if model is None:
            raise DriveRemoved("gone")
        return model

    assert find is not by_node
    patch.setattr(Simulation, "find", by_node)
    patch.setattr(
        "orchestrator.simulated.access.SimulatedAccess._reach",
        lambda self, presence, stop: (stop.wait(self._latency_s), self._find(presence))[1],
    )


@plant
def the_first_listing_goes_to_an_address_that_is_not_yet_known(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HotplugActor, "_hear", lambda self, message: self._post.tell("hotplug", message))


@plant
def a_budget_counts_who_waits_and_not_who_runs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Allowance, "_drawn", lambda self: [])


# -- of plans, found by random plugging


@plant
def a_new_directory_does_not_know_which_drives_had_their_plan(patch: pytest.MonkeyPatch) -> None:
    start = JobDirectory.on_start

    def forgetful(self: Any) -> None:
        self._tables.courses.clear()
        start(self)

    patch.setattr(JobDirectory, "on_start", forgetful)


@plant
def a_plan_goes_on_by_its_own_messages_only(patch: pytest.MonkeyPatch) -> None:
    reconcile = JobDirectory._reconcile

    class Asleep:
        def advance(self, slot_id: int) -> None: ...

    def incurious(self: Any, slate: Any) -> None:
        plans, self._plans = self._plans, Asleep()
        reconcile(self, slate)
        self._plans = plans

    patch.setattr(JobDirectory, "_reconcile", incurious)


@plant
def a_drive_that_came_while_discovery_was_down_was_always_there(patch: pytest.MonkeyPatch) -> None:
    listing = HotplugActor._list

    def presumptuous(self: Any, sightings: Any) -> None:
        if not self._told:
            for slot_id in self._places.ids:
                self._post.tables.courses.pop(slot_id, None)
        listing(self, sightings)

    patch.setattr(HotplugActor, "_list", presumptuous)
    make = System.__init__

    def init(self: Any, parts: Any) -> None:
        make(self, parts)
        self.post.tables = self.tables

    patch.setattr(System, "__init__", init)


@plant
def a_new_discovery_settles_its_first_listing_at_once(patch: pytest.MonkeyPatch) -> None:
    listing = HotplugActor._list

    def hasty(self: Any, sightings: Any) -> None:
        self._places = replace(self._places, unheard=frozenset(self._places.ids))
        listing(self, sightings)

    patch.setattr(HotplugActor, "_list", hasty)


@plant
def a_step_follows_whatever_the_last_one_ended_with(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("orchestrator.actors.plans.ended_badly", lambda job: "")


PLUGGED = list(PLANTS)[list(PLANTS).index("a_new_directory_does_not_know_which_drives_had_their_plan") :]


FIRST = {
    "nobody_gives_up_a_deaf_worker": 137,
    "a_stuck_slot_stays_stuck": 29,
    "a_late_remove_clears_the_next_drive": 36,
    "lost_events_are_never_made_good": 37,
    "a_late_result_is_taken_over_by_the_next_job": 11,
}
"""The seed that finds it first, where that takes long."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        PLANTS[name](patch)
        yield


def hunt(name: str, first: int = 0, seeds: int = 1000) -> tuple[int | None, str]:
    """The first seed that finds it, and what it says; None if none does."""
    with planted(name):
        for seed in range(first, first + seeds):
            broken = (plug if name in PLUGGED else live)(seed).broken
            if broken:
                return seed, broken
    return None, ""


def main(words: list[str]) -> int:
    missed = 0
    for name in words[:1] or PLANTS:
        began = time.perf_counter()
        seed, broken = hunt(name, 0, int(words[1]) if len(words) > 1 else 1000)
        missed += seed is None
        print(
            f"{name}: {'NOT FOUND' if seed is None else f'seed {seed}'}, {time.perf_counter() - began:.1f} s: "
            f"{broken[:110]}",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
