"""What must hold of every recipe: each step was done once, in order, and nothing is called good that was not."""

from itertools import pairwise

from orchestrator.model.errors import Interrupted
from orchestrator.model.job import AsyncJobStatus, ListInfo, OpenedBy, children_of
from orchestrator.model.recipe import RecipeResult, StepOutcome
from orchestrator.model.verdict import VerdictStatus
from orchestrator.rack import Rack
from tests.simulation.truth import Truth

GOOD = (VerdictStatus.PASS, VerdictStatus.WARN)


def check_recipes(truth: Truth, rack: Rack) -> None:
    for job in rack.get_jobs_list(ListInfo(name_starts_with="run_recipe")):
        opened = children_of(job, rack.get_jobs_list)
        children = [child for child in opened if child.opened_by is OpenedBy.RECIPE]
        counted = [child for child in children if child.error is None or child.error.code != Interrupted.code]
        for first, then in pairwise(children):
            ended = first.ended is not None and then.accepted is not None and first.ended <= then.accepted
            truth.check(ended or bool(truth.world.lag), f"two steps at once: {first} and {then}")
        if job.status is not AsyncJobStatus.COMPLETED:
            continue
        result: RecipeResult = rack.run_recipe_result(job.id, 0)
        done = [step for step in result.steps if step.outcome is not StepOutcome.SKIPPED]
        ids = [step.job_id for step in done]
        truth.check(ids == [child.id for child in counted], f"steps {ids} of {job}, but its children: {counted}")
        for step, child in zip(done, counted, strict=False):
            truth.check(step.step.startswith(child.name), f"{step} is not what {child} did")
            answered = step.outcome is not StepOutcome.NO_ANSWER
            truth.check(answered == (child.error is None), f"{step}, but {child}")
        tests = [rack.run_smart_test_result(child.id, 0) for child in counted if _tested(child.name, child.status)]
        good = job.verdict is not None and job.verdict.status in GOOD
        truth.check(not good or (all(tests) and bool(tests)), f"called good: {job}; its self-tests: {tests}")


def _tested(name: str, status: AsyncJobStatus) -> bool:
    return name == "run_smart_test" and status is AsyncJobStatus.COMPLETED
