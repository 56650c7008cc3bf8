"""Recipes as people read them: what one does, what it would do to a drive, and what came of it. As tables.

RecipeResult ──tables──▶ steps, then what was measured: first what lies outside its limits ──▶ terminal, job page
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from orchestrator.interfaces.web import wording
from orchestrator.model.measurement import Measurement
from orchestrator.model.plan import Fits
from orchestrator.model.recipe import (
    OnFail,
    Planned,
    Recipe,
    RecipePreview,
    RecipeResult,
    RecipeStep,
    StepOutcome,
    StepResult,
)

GROWN, IN_STEP = "grown_", "_in_step"


@dataclass(frozen=True, slots=True)
class Table:
    SHORT: ClassVar = ("took", "value", "part")
    """Columns that are best read on one line."""
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def result_tables(found: RecipeResult) -> Iterator[Table]:
    steps = tuple(
        (
            str(n),
            step.step,
            step.outcome.value,
            _took(step),
            "" if step.job_id is None else str(step.job_id),
            _why_skipped(step),
        )
        for n, step in enumerate(found.steps, 1)
    )
    yield Table(f"Recipe {found.recipe}", ("step", "what", "outcome", "took", "job", "why not"), steps)
    measured = list(_measured(found))
    outside = [row for row, within in measured if not within]
    if outside:
        yield Table("Outside its limits", ("step", "measured", "value", "limits"), tuple(outside))
    within = [row for row, within in measured if within]
    missing = [
        (str(n), measurement_name(name), "not told", "not checked")
        for n, step in enumerate(found.steps, 1)
        for name in step.not_checked
    ]
    if within or missing:
        title = "Measured" if not outside else "Measured besides"
        yield Table(title, ("step", "measured", "value", "limits"), (*missing, *within))


def _measured(found: RecipeResult) -> Iterator[tuple[tuple[str, ...], bool]]:
    """A line each, and whether it is within its limits. Of a growth over the recipe that was kept all along, the last
    says all."""
    last = {measured.name: n for n, step in enumerate(found.steps, 1) for measured in step.measurements}
    for n, step in enumerate(found.steps, 1):
        for measured in step.measurements:
            over_all = measured.name.startswith(GROWN) and not measured.name.endswith(IN_STEP)
            if not over_all or not measured.is_within or last[measured.name] == n:
                row = (str(n), measurement_name(measured.name), value_text(measured), measured.limits)
                yield row, measured.is_within


def preview_lines(found: RecipePreview) -> Iterator[str]:
    """A paragraph for each step, and the time in all."""
    number = 1
    for step, alike in groupby(found.steps):
        count = len(list(alike))
        yield f"{_numbers(number, count):>3}. {step.step}{_times(count)}"
        number += count
        for name, text in _parts(step):
            yield f"     {name:<7} {text}"
    yield ""
    for n, limit in enumerate(found.limits):
        yield f"{'' if n else 'Over all of it:':<16}{limit}"
    unknown = sum(step.expected_s is None for step in found.steps)
    rest = f", and {_steps(unknown)} of which nobody knows how long" if unknown else ""
    yield f"{'In all:':<16}{wording.span(found.expected_s)}{rest}"


def _parts(step: Planned) -> Iterator[tuple[str, str]]:
    if step.expected_from.startswith("passed over"):
        yield "skipped", step.expected_from.removeprefix("passed over: ")
        return
    for n, sent in enumerate(step.sends):
        yield "" if n else "sends", sent
    yield "risk", step.risk
    yield "takes", _expected(step)
    for n, limit in enumerate(step.limits):
        yield "" if n else "limits", limit


def preview_tables(found: RecipePreview) -> Iterator[Table]:
    """One for each step."""
    over_all = (("takes", wording.span(found.expected_s)), *(("limits", limit) for limit in found.limits))
    yield Table(f"Recipe {found.recipe}, all of it", ("part", "how"), over_all)
    for n, step in enumerate(found.steps, 1):
        yield Table(f"{n}. {step.step}", ("part", "how"), tuple(_parts(step)))


def _expected(step: Planned) -> str:
    if step.expected_s is None or step.expected_from.startswith("passed over"):
        return step.expected_from
    return f"{wording.span(step.expected_s)} ({step.expected_from})"


def recipe_lines(recipe: Recipe) -> Iterator[str]:
    """Step by step, without a drive."""
    yield f"{recipe.name}: {recipe.summary}"
    yield f"from {recipe.source or 'the orchestrator itself'}"
    for growth in recipe.grows:
        yield f"over the whole recipe {_growth_text(growth.name, growth.at_most, if_told=growth.if_told)}"
    number = 1
    for step, alike in groupby(recipe.steps):
        count = len(list(alike))
        yield f"{_numbers(number, count):>7}. {step.step}{_times(count)}"
        yield from (f"         {text}" for text in _conditions(step))
        number += count


def _conditions(step: RecipeStep) -> Iterator[str]:
    if fits := "; ".join(_fits_text(step.fits)):
        yield f"only for drives with {fits}"
    for limit in step.limits:
        parts = (("at least", limit.at_least), ("at most", limit.at_most))
        sides = ", ".join(f"{words} {value:g}" for words, value in parts if value is not None)
        yield f"{limit.name} must be {sides}{', where it is told' if limit.if_told else ''}"
    for growth in step.grows:
        yield f"in this step {_growth_text(growth.name, growth.at_most, if_told=growth.if_told)}"
    if step.on_fail is OnFail.CONTINUE:
        yield "the recipe goes on behind it, whatever it finds"
    if step.timeout_s is not None:
        yield f"cancelled after {wording.span(step.timeout_s)}"


def _fits_text(fits: Fits) -> Iterator[str]:
    if fits.protocols:
        yield f"protocol {' or '.join(fits.protocols)}"
    if fits.model != "*":
        yield f"model {fits.model}"
    if fits.least_bytes:
        yield f"at least {fits.least_bytes / 1e12:g} TB"
    if fits.most_bytes is not None:
        yield f"at most {fits.most_bytes / 1e12:g} TB"


def _growth_text(name: str, at_most: float, *, if_told: bool) -> str:
    return f"{name} may grow by {at_most:g}{', where it is told' if if_told else ''}"


def measurement_name(name: str) -> str:
    """In words: grown_attribute_5_raw is "Reallocated sectors (5), grown"."""
    if name.startswith(GROWN):
        where = ", grown in this step" if name.endswith(IN_STEP) else ", grown"
        return wording.counter(name.removeprefix(GROWN).removesuffix(IN_STEP)) + where
    return wording.counter(name)


def value_text(measured: Measurement) -> str:
    return f"{measured.value:.10g} {measured.unit or wording.unit(measured.name)}".strip()


def _took(step: StepResult) -> str:
    return "" if step.outcome is StepOutcome.SKIPPED else wording.span(step.seconds)


def _why_skipped(step: StepResult) -> str:
    """The reasons of the others are the job's: its verdict tells them."""
    return "; ".join(reason.text for reason in step.reasons) if step.outcome is StepOutcome.SKIPPED else ""


def _numbers(first: int, count: int) -> str:
    return f"{first}" if count == 1 else f"{first}-{first + count - 1}"


def _times(count: int) -> str:
    return f", {count} times" if count > 1 else ""


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def one_per_recipe(recipes: Iterable[Recipe]) -> Table:
    rows = tuple(
        (recipe.name, str(len(recipe.steps)), recipe.source or "shipped", recipe.summary)
        for recipe in sorted(recipes, key=lambda recipe: recipe.name)
    )
    return Table("", ("name", "steps", "from", "summary"), rows)
