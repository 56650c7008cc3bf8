"""A recipe: operations to do one after another on one drive, with limits on what they find; and what came of it.

    RecipeStep ──child job──▶ answer, counters ──limits, growth──▶ StepResult, ... ──▶ RecipeResult ──judge──▶ Verdict

A counter that the drive does not tell is never within its limits: it is listed as not checked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from orchestrator.model.drive import Protocol
from orchestrator.model.history import is_spoken
from orchestrator.model.measurement import Measurement
from orchestrator.model.plan import Fits, Step
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

MOST_STEPS = 1_000
ENOUGH_RUNS = 5
"""Of other drives of the model, before this rack's own times are believed more than the drive's estimate."""
SLOWER = 2.0
"""Times the others' median: a reason for warn."""
ANY_DRIVE = Fits()
_LEAST_S = 60.0  # what takes less says nothing about speed


class OnFail(StrEnum):
    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a measurement of the step's answer, or a counter of the drive after it, must be."""

    name: str
    at_least: float | None = None
    at_most: float | None = None
    if_told: bool = False
    """Only for drives that tell it; else one that does not has something unchecked."""


@dataclass(frozen=True, slots=True)
class Growth:
    """By how much a counter of the drive may grow."""

    name: str
    """As model/history.py names it, such as "attribute_5_raw" or "media_errors"."""
    at_most: float
    if_told: bool = False
    """Only for drives that tell it, before or after; else one that does not has something unchecked."""


@dataclass(frozen=True, slots=True)
class RecipeStep:
    step: Step
    fits: Fits = ANY_DRIVE
    """Which drives it is for; others pass it over."""
    limits: tuple[Limit, ...] = ()
    grows: tuple[Growth, ...] = ()
    """From before this step to after it."""
    on_fail: OnFail = OnFail.STOP
    timeout_s: float | None = None
    """Rack seconds of running; pauses do not count. None = as long as it takes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    summary: str
    steps: tuple[RecipeStep, ...]
    """`repeat` is written out."""
    grows: tuple[Growth, ...] = ()
    """From the recipe's begin to each step's end."""
    source: str = ""
    """The file; "" for one that comes with the orchestrator."""

    @property
    def counters(self) -> tuple[str, ...]:
        """What has to be read between the steps."""
        limits = [limit.name for step in self.steps for limit in step.limits]
        grows = [growth.name for step in self.steps for growth in step.grows]
        return tuple(dict.fromkeys((*limits, *grows, *(growth.name for growth in self.grows))))


class StepOutcome(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NO_ANSWER = "no answer"
    DONE = "done"
    """It ran, and says nothing about the drive."""
    SKIPPED = "skipped"
    """Not for this drive, or behind a step that stopped the recipe."""


@dataclass(frozen=True, slots=True)
class StepResult:
    step: str
    """As it is written: "run_smart_test (kind=short)"."""
    outcome: StepOutcome
    job_id: int | None = None
    seconds: float = 0.0
    """Rack seconds of running."""
    reasons: tuple[Reason, ...] = ()
    """What speaks against the drive, or why there is no answer."""
    measurements: tuple[Measurement, ...] = ()
    """Those of the answer, and the counters that had limits. A growth is named "grown_" and its counter,
    and "_in_step" behind it where it is the step's own."""
    not_checked: tuple[str, ...] = ()
    """What had a limit, and was told by nobody."""


@dataclass(frozen=True, slots=True)
class RecipeResult:
    recipe: str
    steps: tuple[StepResult, ...]

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        return tuple(measured for step in self.steps for measured in step.measurements)


@dataclass(frozen=True, slots=True)
class Planned:
    """A step as it would be done, for a dry run."""

    step: str
    sends: tuple[str, ...]
    """What goes to the drive: commands, or in words."""
    risk: str
    expected_s: float | None
    """Rack seconds; None = nobody knows."""
    expected_from: str
    """On what that rests; why, where it is not known or the step is passed over."""
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecipePreview:
    recipe: str
    steps: tuple[Planned, ...]
    limits: tuple[str, ...] = ()
    """Over the whole recipe, for this drive."""

    @property
    def expected_s(self) -> float:
        """Rack seconds of the steps whose time is known."""
        return sum(step.expected_s or 0.0 for step in self.steps)


Counters = Mapping[str, float]


def check_limits(
    step: RecipeStep, whole: Iterable[Growth], found: Iterable[Measurement], protocol: Protocol | None,
    first: Counters, before: Counters, after: Counters,
) -> tuple[tuple[Measurement, ...], tuple[str, ...]]:  # fmt: skip
    """The answer's measurements and the limited counters, each with its limits; and what nobody told.

    Args:
        whole: the recipe's own growths.
        protocol: what it has no such counter for, has no limit either: attributes are ATA's.
        first, before, after: the drive's counters at the recipe's begin, before the step and after it.
    """
    told = {measured.name: measured for measured in found}
    missing = []
    for limit in step.limits:
        measured = told.get(limit.name)
        if measured is None and not is_spoken(limit.name, protocol):
            continue
        if measured is None and limit.name in after:
            measured = Measurement(limit.name, after[limit.name])
        if measured is None:
            if not limit.if_told:
                missing.append(limit.name)
            continue
        told[limit.name] = Measurement(measured.name, measured.value, measured.unit, limit.at_least, limit.at_most)
    in_step, in_all = [(growth, before, "_in_step") for growth in step.grows], [(g, first, "") for g in whole]
    for growth, then, when in (*in_step, *in_all):
        name = f"grown_{growth.name}{when}"
        if not is_spoken(growth.name, protocol) or (
            growth.if_told and growth.name not in then and growth.name not in after
        ):
            continue
        if growth.name not in then or growth.name not in after:
            missing.append(name)
        else:
            told[name] = Measurement(name, after[growth.name] - then[growth.name], at_most=growth.at_most)
    return tuple(told.values()), tuple(dict.fromkeys(missing))


def outside(measurements: Iterable[Measurement]) -> Iterator[Reason]:
    for measured in measurements:
        if not measured.is_within:
            value = f"{measured.value:.10g}{f' {measured.unit}' if measured.unit else ''}"
            text = f"{measured.name} is {value}; it takes {measured.limits}"
            yield Reason("outside_limits", text, value, measured.limits, "recipe")


def usual_s(step: str, peers: Sequence[RecipeResult]) -> float | None:
    """What this step took on other drives of the model: their median, rack seconds; None before ENOUGH_RUNS."""
    times = [taken for result in peers if (taken := _taken(step, result)) is not None]
    return median(times) if len(times) >= ENOUGH_RUNS else None


def _taken(step: str, result: RecipeResult) -> float | None:
    times = [
        done.seconds
        for done in result.steps
        if done.step == step and done.outcome not in (StepOutcome.SKIPPED, StepOutcome.NO_ANSWER)
    ]
    return median(times) if times else None


def slower(step: str, seconds: float, peers: Sequence[RecipeResult]) -> Iterator[Reason]:
    """One of seven took twice as long: a reason for warn."""
    usual = usual_s(step, peers)
    if usual is not None and seconds >= _LEAST_S and seconds > SLOWER * usual:
        count = sum(_taken(step, result) is not None for result in peers)
        text = f"{step} took {seconds:.0f} s; {count} other drives of its model here took {usual:.0f} s (median)"
        yield Reason("slower_than_usual", text, f"{seconds:.0f} s", f"{SLOWER * usual:.0f} s", "this rack's own runs")


_WORST = (StepOutcome.FAIL, StepOutcome.NO_ANSWER, StepOutcome.UNKNOWN, StepOutcome.WARN, StepOutcome.PASS)
_VERDICTS = {
    StepOutcome.FAIL: VerdictStatus.FAIL,
    StepOutcome.NO_ANSWER: VerdictStatus.UNKNOWN,
    StepOutcome.UNKNOWN: VerdictStatus.UNKNOWN,
    StepOutcome.WARN: VerdictStatus.WARN,
    StepOutcome.PASS: VerdictStatus.PASS,
}


def judge_recipe(result: RecipeResult) -> Verdict:
    """The worst step counts. A pass needs a step that judged the drive, and every limit checked."""
    outcomes = {step.outcome for step in result.steps}
    reasons = [
        Reason(reason.rule, f"step {number}, {step.step}: {reason.text}", reason.value, reason.limit, reason.source)
        for outcome in _WORST
        for number, step in enumerate(result.steps, 1)
        if step.outcome is outcome
        for reason in step.reasons
    ]
    worst = next((_VERDICTS[outcome] for outcome in _WORST if outcome in outcomes), VerdictStatus.UNKNOWN)
    if not outcomes.intersection(_WORST):
        reasons.append(Reason("nothing_judged", "no step of the recipe judged the drive", source="recipe"))
    missing = [f"step {n}: {name}" for n, step in enumerate(result.steps, 1) for name in step.not_checked]
    if missing:
        text = f"the drive does not tell what has a limit: {', '.join(missing)}"
        reasons.append(Reason("not_checked", text, source="recipe"))
        if worst is VerdictStatus.PASS:
            worst = VerdictStatus.WARN
    return Verdict(worst, tuple(reasons))
