"""A job's answer on the terminal, as it is or as a store or a service has it: tables of recipes and suites, else facts.

answer, or its JSON ──known_answer──▶ RecipeResult, RecipePreview, SuiteResult ──▶ tables
"""

import json
from typing import Any

from orchestrator.interfaces import outcome, recipe_words
from orchestrator.interfaces.recipe_words import Table
from orchestrator.interfaces.table import print_table
from orchestrator.interfaces.web import wording
from orchestrator.model.job import AsyncJob
from orchestrator.model.plain import loads
from orchestrator.model.recipe import RecipePreview, RecipeResult
from orchestrator.model.suite import SuiteResult

Known = RecipeResult | RecipePreview | SuiteResult
_KINDS: dict[str, Any] = {
    "run_recipe": RecipeResult,
    "preview_recipe": RecipePreview,
    "run_pytest": SuiteResult,
    "record_tests": SuiteResult,
}


def known_answer(operation: str, answer: Any) -> Known | None:
    """None for an answer of another kind, or of another release."""
    if isinstance(answer, Known):
        return answer
    if operation not in _KINDS or not isinstance(answer, dict):
        return None
    try:
        found: Known = loads(json.dumps(answer), _KINDS[operation])
    except ValueError:
        return None
    return found


def tables(found: Known) -> tuple[Table, ...]:
    match found:
        case RecipeResult():
            return tuple(recipe_words.result_tables(found))
        case RecipePreview():
            return tuple(recipe_words.preview_tables(found))
        case SuiteResult():
            return tuple(_suite_tables(found))


def _suite_tables(found: SuiteResult) -> list[Table]:
    cases = tuple((case.name, case.outcome.value, wording.span(case.seconds), case.text) for case in found.cases)
    measured = tuple(
        (case.name, recipe_words.measurement_name(one.name), recipe_words.value_text(one), one.limits)
        for within in (False, True)
        for case in found.cases
        for one in case.measurements
        if one.is_within is within
    )
    made = [Table("Tests", ("test", "outcome", "took", "why"), cases)]
    return [*made, Table("Measured", ("test", "measured", "value", "limits"), measured)] if measured else made


def tell_answer(job: AsyncJob, answer: Any) -> None:
    """Print it, and the reasons of the job's verdict."""
    verdict, known = outcome.verdict_of(job), known_answer(job.name, answer)
    plain = outcome.plain(answer)
    if known is None and job.error is None and plain != outcome.plain(verdict):
        facts = plain if isinstance(plain, dict) else {"answer": plain}
        for name, value in facts.items():
            print(f"  {outcome.printable(name)}: {outcome.clipped(str(value))}")
    for reason in verdict.reasons if verdict else ():
        print(f"  - {outcome.printable(reason.text)}")
    if known is not None:
        print_known(known)


def print_known(known: Known) -> None:
    if isinstance(known, RecipePreview):
        print("nothing was started; the drive was read once\n")
        for line in recipe_words.preview_lines(known):
            print(line)
        return
    for table in tables(known):
        print(f"\n{table.title}:")
        print_table(table.heads, [tuple(map(outcome.printable, row)) for row in table.rows])
