"""Known mistakes about what outlives the program, each a patch of the real code: the proof that days with restarts
find such.

python -m tests.simulation.planted_restarts [NAME] [SEEDS]      how many seeds it takes to find each
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import MethodType
from typing import Any

import pytest

from orchestrator.actors import children, take_up
from orchestrator.actors.children import Children
from orchestrator.actors.door import Door
from orchestrator.actors.outbox import Outbox
from orchestrator.actors.plans import Plans
from orchestrator.actors.recorder import Recorder
from orchestrator.actors.tables import Tables
from orchestrator.actors.take_up import TakeUp
from orchestrator.actors.worker import WorkerBench
from orchestrator.model.job import AsyncJobStatus, OpenedBy, changed
from orchestrator.model.self_test import Begun
from orchestrator.operations.self_test import run_smart_test
from tests.simulation.day import live
from tests.simulation.restarts import Restarts

JOBS = 30
Plant = Callable[[pytest.MonkeyPatch], None]
PLANTS: dict[str, tuple[int, Plant]] = {}
"""With the seed that finds it first."""


def plant(seed: int) -> Callable[[Plant], Plant]:
    def note(patch: Plant) -> Plant:
        PLANTS[patch.__name__] = seed, patch
        return patch

    return note


# -- a start


@plant(0)
def the_slot_hears_of_a_job_before_its_row_is_durable(patch: pytest.MonkeyPatch) -> None:
    when_kept = Outbox.when_kept

    def hasty(self: Any, number: int, call: Any) -> None:
        if getattr(call, "func", None).__class__ is MethodType and call.func.__func__ is Door._send:
            call()
        else:
            when_kept(self, number, call)

    patch.setattr(Outbox, "when_kept", hasty)


@plant(0)
def a_start_returns_before_its_row_is_durable(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Door, "_accept", lambda self, job_id, number: None)


@plant(2)
def a_refused_start_is_kept_all_the_same(patch: pytest.MonkeyPatch) -> None:
    refuse = Outbox.refuse

    def stubborn(self: Any, changes: Any, error: Any) -> None:
        before = self._changes.copy()
        refuse(self, changes, error)
        self._changes = before

    patch.setattr(Outbox, "refuse", stubborn)


@plant(0)
def ids_begin_again_at_1(patch: pytest.MonkeyPatch) -> None:
    restore = take_up.restore

    def forgetful(tables: Any, *args: Any) -> None:
        restore(tables, *args)
        tables.counter = itertools.count(1)

    patch.setattr(take_up, "restore", forgetful)


@plant(1)
def the_events_are_numbered_from_1_again(patch: pytest.MonkeyPatch) -> None:
    restore = take_up.restore
    patch.setattr(take_up, "restore", lambda tables, left, *rest: restore(tables, replace(left, sequence=0), *rest))


# -- an end


@plant(38)
def a_result_is_told_before_its_end_is_durable(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tables, "is_over", lambda self, job: job.has_ended)


@plant(1)
def the_end_of_what_cannot_be_taken_up_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    restore = take_up.restore

    def silent(tables: Any, *args: Any) -> None:
        restore(tables, *args)
        outbox = tables.journal.outbox
        kept = [change for change in outbox._changes if not (change.job and change.job.has_ended)]
        outbox._changes.clear()
        outbox._changes.extend(kept)

    patch.setattr(take_up, "restore", silent)


@plant(8)
def the_outbox_forgets_what_a_fallen_recorder_had_not_written(patch: pytest.MonkeyPatch) -> None:
    on_start = Recorder.on_start

    def emptied(self: Any) -> None:
        if getattr(self._outbox, "had_a_recorder", False):
            self._outbox._changes.clear()
        self._outbox.had_a_recorder = True
        on_start(self)

    patch.setattr(Recorder, "on_start", emptied)


# -- what was left open


@plant(64)
def paused_jobs_come_back_running(patch: pytest.MonkeyPatch) -> None:
    taking = take_up._take_up

    def awake(tables: Any, left: Any) -> None:
        if left.job.status is AsyncJobStatus.PAUSED:
            tables.jobs[left.job.id] = job = changed(left.job, status=AsyncJobStatus.RUNNING)
            left = replace(left, job=job)
        taking(tables, left)

    patch.setattr(take_up, "_take_up", awake)


@plant(1)
def a_taken_up_job_runs_on_whatever_drive_is_in_its_slot(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(take_up, "is_same", lambda here, then: True)


@plant(0)
def what_was_left_open_is_not_taken_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TakeUp, "bind", lambda self, slot_id: None)


@plant(165)
def a_self_test_is_begun_before_that_is_noted(patch: pytest.MonkeyPatch) -> None:
    keep, start = WorkerBench.keep, WorkerBench.start_self_test
    late = dict[Any, Any]()

    def later(self: Any, memo: Any, *, wait: bool = False) -> None:
        if wait:
            late[self] = memo
        else:
            keep(self, memo)

    def first(self: Any, *args: Any, **options: Any) -> None:
        start(self, *args, **options)
        keep(self, late.pop(self), wait=True)

    patch.setattr(WorkerBench, "keep", later)
    patch.setattr(WorkerBench, "start_self_test", first)


@plant(1)
def a_self_test_that_still_runs_is_begun_anew(patch: pytest.MonkeyPatch) -> None:
    function = run_smart_test.function

    def again(drive: Any, bench: Any, **options: Any) -> bool:
        if bench.kept(Begun) is not None:
            bench.abort_self_test(drive)
            bench._memo = ""
        return function(drive, bench, **options)

    patch.setattr(run_smart_test, "function", again)


@plant(4)
def a_plan_is_begun_anew(patch: pytest.MonkeyPatch) -> None:
    course = Plans._course

    def unheard_of(self: Any, *args: Any) -> Any:
        self._tables.left.clear()
        return course(self, *args)

    patch.setattr(Plans, "_course", unheard_of)


# -- a recipe's steps


@plant(19)
def a_step_that_a_restart_ended_counts_as_done(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(children, "_is_step", lambda child: child.opened_by is OpenedBy.RECIPE)


@plant(6)
def steps_of_before_a_restart_are_done_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(children, "children_of", lambda job, ask: ())


@plant(47)
def a_recipe_goes_on_beside_a_tool_that_hangs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Children, "_be_alone", lambda self, child: None)


@contextmanager
def planted(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        PLANTS[name][1](patch)
        yield


def hunt(name: str, first: int = 0, seeds: int = 1000) -> tuple[int | None, str]:
    """The first seed that finds it, and what it says; None if none does."""
    with planted(name):
        for seed in range(first, first + seeds):
            if broken := live(seed, JOBS, build=Restarts).broken:
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
