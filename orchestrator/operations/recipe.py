"""A recipe, done on the drive of one slot: each step a child job, what it found held against the recipe's limits.

    Kept(recipe, counters) ──▶ step 1 ──▶ counters ──▶ step 2 ──▶ ...      after a restart: the same, told from history

The recipe goes on as it was when the job began, whatever has become of its file since.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from orchestrator.model.budget import Load
from orchestrator.model.drive import Drive
from orchestrator.model.errors import JobCancelled, NoAnswer, OrchestratorError
from orchestrator.model.history import counters, is_spoken
from orchestrator.model.measurement import measurements_of
from orchestrator.model.recipe import (
    Counters,
    Growth,
    OnFail,
    Planned,
    Recipe,
    RecipePreview,
    RecipeResult,
    RecipeStep,
    StepOutcome,
    StepResult,
    check_limits,
    judge_recipe,
    outside,
    slower,
    usual_s,
)
from orchestrator.model.report import SmartReport
from orchestrator.model.verdict import Reason, VerdictStatus
from orchestrator.operations.bench import Bench, Done, Share
from orchestrator.operations.declare import Holds, operation

_RISKS = {
    Load.LIGHT: "none: reads the drive's logs",
    Load.SELF_TEST: "none for the data: the drive tests itself, and is slower meanwhile",
    Load.FULL_READ: "none for the data: reads at full speed, the drive gets warm",
}
_DRIVES = "the drive's own estimate"
_BAD = (StepOutcome.FAIL, StepOutcome.UNKNOWN, StepOutcome.NO_ANSWER)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a restart must not lose."""

    recipe: Recipe
    readings: tuple[tuple[tuple[str, float], ...], ...]
    """The limited counters at the begin, and after each step that ran."""


@operation(pausable=True, resumable=True, sends=("what its steps send",))
def run_recipe(drive: Drive, bench: Bench, *, name: Annotated[str, Holds.RECIPE]) -> RecipeResult:
    """Do a recipe's steps, one after another, and judge what they found together. Minutes to weeks.

    Args:
        name: of the recipe, as `orchestrator recipes` lists them.
    Pauses between two steps; to pause within one, pause the step's own job. After a restart it goes on at the step it
    was in.
    Raises:
        DriveRemoved, DriveChanged: the drive left its slot, or another serial answers in its place.
        The error of a step without an answer, where the recipe stops there and no step before it failed.
    """
    report, kept = bench.read(drive), bench.kept(Kept)
    if kept is None:
        recipe = bench.recipe(name)
        kept = Kept(recipe, (_wanted(recipe, report),))
        bench.keep(kept, wait=True)
    course = _Course(drive, bench, kept)
    found = course.run(report)
    verdict = judge_recipe(found)
    if course.error is not None and verdict.status is not VerdictStatus.FAIL:
        raise course.error
    bench.conclude(verdict)
    return found


class _Course:
    def __init__(self, drive: Drive, bench: Bench, kept: Kept) -> None:
        self._drive, self._bench, self._kept = drive, bench, kept
        self._recipe = kept.recipe
        self._peers: tuple[RecipeResult, ...] = bench.peers(drive)
        self._ran = 0
        self.error: OrchestratorError | None = None
        """Of the step without an answer that stopped the recipe."""

    def run(self, report: SmartReport) -> RecipeResult:
        steps, results, stopped = self._recipe.steps, list[StepResult](), ""
        planned = [_planned(self._bench, self._drive, step, report, self._peers) for step in steps]
        expected = tuple(step.expected_s for step in planned)
        for number, step in enumerate(steps):
            against = stopped or "; ".join(step.fits.against(self._drive))
            if against:
                results.append(StepResult(str(step.step), StepOutcome.SKIPPED, reasons=(Reason("skipped", against),)))
                continue
            share = _share(expected, number)
            if self._ran + 1 == len(self._kept.readings):  # else it was done before a restart
                self._begin(f"step {number + 1} of {len(steps)}: {step.step}", share, expected[number])
            result = self._do(step, share)
            results.append(result)
            if result.outcome in _BAD and step.on_fail is OnFail.STOP:
                stopped = f"stopped behind step {number + 1}"
        return RecipeResult(self._recipe.name, tuple(results))

    def _begin(self, what: str, share: Share, expected_s: float | None) -> None:
        self._bench.checkpoint()
        self._bench.note(what)
        left_s = None if share.then_s is None or expected_s is None else share.then_s + expected_s
        self._bench.progress(share.begin, remaining_s=left_s)

    def _do(self, step: RecipeStep, share: Share) -> StepResult:
        done = self._bench.step(
            self._ran, step.step.operation, dict(step.step.options), timeout_s=step.timeout_s, share=share
        )
        self._ran += 1
        if len(self._kept.readings) <= self._ran:
            readings = (*self._kept.readings, _wanted(self._recipe, self._bench.read(self._drive)))
            self._kept = replace(self._kept, readings=readings)
            self._bench.keep(self._kept)
        before, after = (dict(reading) for reading in self._kept.readings[self._ran - 1 : self._ran + 1])
        return self._judge(step, done, before, after)

    def _judge(self, step: RecipeStep, done: Done, before: Counters, after: Counters) -> StepResult:
        first, name = dict(self._kept.readings[0]), str(step.step)
        measured, missing = check_limits(
            step, self._recipe.grows, measurements_of(done.answer), self._drive.protocol, first, before, after
        )
        bad, slow = tuple(outside(measured)), tuple(slower(name, done.seconds, self._peers))
        if done.job.error is not None:
            error = _error_of(step, done)
            if step.on_fail is OnFail.STOP:
                self.error = error
            outcome, reasons = StepOutcome.NO_ANSWER, (*bad, Reason("no_answer", error.text))
        else:
            verdict = done.job.verdict
            outcome = StepOutcome(verdict.status.value) if verdict else StepOutcome.DONE
            reasons = (*bad, *(verdict.reasons if verdict else ()), *slow)
            if slow and outcome in (StepOutcome.PASS, StepOutcome.DONE):
                outcome = StepOutcome.WARN
            if outcome is StepOutcome.DONE and any(found.has_limits for found in measured):
                outcome = StepOutcome.PASS
        if bad:
            outcome = StepOutcome.FAIL
        return StepResult(name, outcome, done.job.id, done.seconds, reasons, measured, missing)


@operation(sends=("smartctl -a",))
def preview_recipe(drive: Drive, bench: Bench, *, name: Annotated[str, Holds.RECIPE]) -> RecipePreview:
    """Say what a recipe would do to this drive: each command, its risk, and how long it takes. Seconds.

    Reads the drive once, for its own estimates, and does nothing else to it.

    Args:
        name: of the recipe, as `orchestrator recipes` lists them.
    Raises:
        DriveRemoved, DriveChanged: the drive left its slot, or another serial answers in its place.
    """
    recipe, report = bench.recipe(name), bench.read(drive)
    peers = bench.peers(drive, "run_recipe")
    limits = tuple(_growths(recipe.grows, drive))
    return RecipePreview(name, tuple(_planned(bench, drive, step, report, peers) for step in recipe.steps), limits)


def _planned(
    bench: Bench, drive: Drive, step: RecipeStep, report: SmartReport, peers: Sequence[RecipeResult]
) -> Planned:
    declared = bench.find(step.step.operation)
    options = declared.check(dict(step.step.options))
    risk = "what the code that it runs does" if declared.runs_code else _RISKS[declared.load]
    if against := "; ".join(step.fits.against(drive)):
        return Planned(str(step.step), (), "none", 0.0, f"passed over: {against}")
    expected = usual_s(str(step.step), peers)
    source = "this rack's own runs of the model"
    if expected is None:
        own = declared.load is not Load.LIGHT and report.self_test_minutes
        expected, source = declared.estimate_s(drive, report, **options), _DRIVES if own else "as a rule"
    if expected is None:
        source = "nobody knows"
    return Planned(str(step.step), declared.sends(**options), risk, expected, source, tuple(_limits(step, drive)))


def _limits(step: RecipeStep, drive: Drive) -> list[str]:
    found = []
    for limit in step.limits:
        if is_spoken(limit.name, drive.protocol):
            parts = (("at least", limit.at_least), ("at most", limit.at_most))
            found.append(f"{limit.name} {', '.join(f'{word} {value:g}' for word, value in parts if value is not None)}")
    found += _growths(step.grows, drive)
    if step.timeout_s is not None:
        found.append(f"at most {_time(step.timeout_s)}")
    return found


def _growths(grows: tuple[Growth, ...], drive: Drive) -> list[str]:
    spoken = (growth for growth in grows if is_spoken(growth.name, drive.protocol))
    return [f"{growth.name} grows by at most {growth.at_most:g}" for growth in spoken]


def _time(seconds: float) -> str:
    unit, length = next(((unit, size) for unit, size in (("h", 3600), ("min", 60)) if seconds >= 2 * size), ("s", 1))
    return f"{seconds / length:.4g} {unit}"


def _error_of(step: RecipeStep, done: Done) -> OrchestratorError:
    """Of a step without an answer, as the recipe's own. Who cancelled the step alone did not cancel the recipe."""
    if done.timed_out:
        return NoAnswer(f"{step.step} did not end within {_time(step.timeout_s or 0.0)}, and was cancelled")
    error = done.job.exception()
    error.text = f"{step.step} (job {done.job.id}): {error.text}"
    return NoAnswer(error.text, remedy=error.remedy) if isinstance(error, JobCancelled) else error


def _share(expected: tuple[float | None, ...], number: int) -> Share:
    """By time where it is known of every step, else each step the same."""
    known = [value for value in expected if value is not None]
    whole = sum(known)
    if len(known) < len(expected) or whole <= 0:
        return Share(100 * number / len(expected), 100 * (number + 1) / len(expected))
    begun = sum(known[:number])
    end = begun + known[number]
    return Share(100 * begun / whole, 100 * end / whole, whole - end)


def _wanted(recipe: Recipe, report: SmartReport) -> tuple[tuple[str, float], ...]:
    return tuple((name, value) for name, value in counters(report) if name in recipe.counters)
