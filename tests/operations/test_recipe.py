"""A recipe as a job of a rack: steps are children, limits count, what stops it and what does not."""

import threading

import pytest

from orchestrator import AsyncJobStatus, Rack, VerdictStatus, errors
from orchestrator.model.drive import Protocol
from orchestrator.model.job import EventKind, OpenedBy, children_of
from orchestrator.model.plan import Fits, Step
from orchestrator.model.recipe import Growth, Limit, OnFail, Recipe, RecipeStep, StepOutcome

SOON = 30.0
SPEED = 20_000


@pytest.fixture
def rack():
    with Rack.simulated(3, speed=SPEED) as rack:
        yield rack


def step(name, /, *, fits=None, limits=(), grows=(), on_fail=OnFail.STOP, timeout_s=None, **options):
    made = Step(name, tuple(options.items()))
    return RecipeStep(made, fits or Fits(), limits, grows, on_fail, timeout_s)


def serve(rack, *steps, grows=()):
    rack._tables.recipes = lambda: {"mine": Recipe("mine", "of this test", steps, grows)}


def cook(rack, slot_id=1):
    job_id = rack.run_recipe(7, slot_id, name="mine")
    result = rack.run_recipe_result(job_id, SOON)
    return result, rack.get_job_status(job_id)


def outcomes(result):
    return [found.outcome.value for found in result.steps]


def rules(job):
    return [reason.rule for reason in job.verdict.reasons]


def test_each_step_is_a_child_job_and_the_worst_of_them_is_the_verdict(rack):
    serve(rack, step("read_health"), step("run_smart_test", kind="short"))
    result, job = cook(rack)
    assert (outcomes(result), job.verdict.status, job.verdict.reasons) == (["pass", "pass"], VerdictStatus.PASS, ())
    children = children_of(job, rack.get_jobs_list)
    assert [child.name for child in children] == ["read_health", "run_smart_test"]
    assert [child.id for child in children] == [found.job_id for found in result.steps]
    assert {(child.opened_by, child.client_ref) for child in children} == {(OpenedBy.RECIPE, 7)}


def test_progress_is_shared_by_the_time_that_each_step_is_expected_to_take(rack):
    serve(rack, step("read_health"), step("run_smart_test", kind="extended"), step("run_smart_test", kind="extended"))
    job_id = rack.run_recipe(1, 1, name="mine")
    seen = dict[str, list[int]]()
    for event in rack.events(0):
        if event.job is not None and event.job.id == job_id:
            seen.setdefault(event.job.message, []).append(event.job.progress)
            if event.job.has_ended:
                break
            assert event.kind is not EventKind.PROGRESS or event.job.eta is not None
    first, second = seen["step 2 of 3: run_smart_test (kind=extended)"], max(seen)
    assert max(first) <= 50
    assert max(seen[second]) > 50


def test_a_failed_step_stops_the_recipe_and_the_rest_is_told_as_skipped(rack):
    rack.simulation.inject(1, "self_test_failure")
    serve(rack, step("run_smart_test"), step("read_health"))
    result, job = cook(rack)
    assert outcomes(result) == ["fail", "skipped"]
    assert result.steps[1].reasons[0].text == "stopped behind step 1"
    assert (job.verdict.status, rules(job)[0]) == (VerdictStatus.FAIL, "self_test_failed")
    assert len(children_of(job, rack.get_jobs_list)) == 1


def test_a_recipe_that_goes_on_does_its_other_steps_and_fails_all_the_same(rack):
    rack.simulation.inject(1, "self_test_failure")
    serve(rack, step("run_smart_test", on_fail=OnFail.CONTINUE), step("read_scan", end_lba=100_000))
    result, job = cook(rack)
    assert [found.outcome is StepOutcome.SKIPPED for found in result.steps] == [False, False]
    assert job.verdict.status is VerdictStatus.FAIL


def test_a_step_without_an_answer_is_the_recipes_own_error(rack):
    serve(rack, step("read_scan", start_lba=2**60), step("read_health"))
    job_id = rack.run_recipe(1, 1, name="mine")
    with pytest.raises(errors.Refused, match=r"read_scan \(start_lba=\d+\) \(job \d+\): the drive has \d+ LBAs"):
        rack.run_recipe_result(job_id, SOON)


def test_a_step_without_an_answer_that_may_fail_leaves_the_drive_unknown(rack):
    serve(rack, step("read_scan", start_lba=2**60, on_fail=OnFail.CONTINUE), step("read_health"))
    result, job = cook(rack)
    assert outcomes(result) == ["no answer", "pass"]
    assert (job.verdict.status, rules(job)) == (VerdictStatus.UNKNOWN, ["no_answer"])


def test_a_recipe_whose_steps_judge_nothing_is_no_evidence(rack):
    serve(rack, step("locate", seconds=1))
    result, job = cook(rack)
    assert outcomes(result) == ["done"]
    assert (job.verdict.status, rules(job)) == (VerdictStatus.UNKNOWN, ["nothing_judged"])


def test_a_step_is_passed_over_where_it_is_not_for_the_drive(rack):
    serve(rack, step("run_smart_test", fits=Fits(protocols=(Protocol.NVME,))), step("read_health"))
    result, job = cook(rack)
    assert outcomes(result) == ["skipped", "pass"]
    assert result.steps[0].reasons[0].text == "it speaks ata, not nvme"
    assert job.verdict.status is VerdictStatus.PASS


def test_a_measurement_outside_its_limits_fails_the_drive(rack):
    limits = (Limit("mean_mb_per_s", at_least=1e6), Limit("unreadable_places", at_most=0))
    serve(rack, step("read_scan", end_lba=1_000_000, limits=limits))
    result, job = cook(rack)
    assert (outcomes(result), rules(job)) == (["fail"], ["outside_limits"])
    (reason,) = job.verdict.reasons
    assert reason.text.startswith("step 1, read_scan (end_lba=1000000): mean_mb_per_s is ")
    told = {found.name: found for found in result.measurements}
    assert (told["mean_mb_per_s"].is_within, told["unreadable_places"].is_within) == (False, True)


def test_a_counter_of_the_drive_can_have_a_limit(rack):
    serve(rack, step("locate", seconds=1, limits=(Limit("temperature_celsius", at_most=90),)))
    result, job = cook(rack)
    assert (outcomes(result), job.verdict.status) == (["pass"], VerdictStatus.PASS)


def test_a_limit_that_nobody_tells_the_value_of_is_no_pass(rack):
    serve(rack, step("read_health", limits=(Limit("attribute_250_raw", at_most=0),)))
    result, job = cook(rack)
    assert result.steps[0].not_checked == ("attribute_250_raw",)
    assert (job.verdict.status, rules(job)) == (VerdictStatus.WARN, ["not_checked"])


def test_a_counter_of_another_protocol_is_no_limit_for_this_drive(rack):
    serve(rack, step("read_health"), grows=(Growth("media_errors", 0), Growth("attribute_5_raw", 0)))
    result, job = cook(rack)
    assert [found.name for found in result.measurements] == ["grown_attribute_5_raw"]
    assert job.verdict.status is VerdictStatus.PASS


@pytest.mark.parametrize("whole", [True, False])
def test_a_counter_that_grows_too_much_fails_the_drive(rack, whole):
    growth = (Growth("attribute_5_raw", 2),)
    own = {} if whole else {"grows": growth}
    serve(rack, step("read_health"), step("run_smart_test", kind="extended", **own), grows=growth if whole else ())
    job_id = rack.run_recipe(1, 1, name="mine")
    until(lambda: rack.get_job_status(job_id).message.startswith("step 2"))
    rack.simulation.drive(1).reallocated += 3
    result, job = rack.run_recipe_result(job_id, SOON), rack.get_job_status(job_id)
    assert outcomes(result) == ["pass", "fail"]
    name = "grown_attribute_5_raw" + ("" if whole else "_in_step")
    assert f"{name} is 3; it takes at most 2" in job.verdict.reasons[0].text


def test_a_step_that_takes_too_long_is_cancelled_and_is_no_answer(rack):
    serve(rack, step("run_smart_test", kind="extended", timeout_s=3600.0))
    job_id = rack.run_recipe(1, 1, name="mine")
    with pytest.raises(errors.NoAnswer, match="did not end within 60 min, and was cancelled") as caught:
        rack.run_recipe_result(job_id, SOON)
    assert not isinstance(caught.value, errors.JobCancelled)
    (child,) = children_of(rack.get_job_status(job_id), rack.get_jobs_list)
    assert child.error.code == errors.JobCancelled.code


def test_a_cancelled_recipe_ends_its_step_too(rack):
    serve(rack, step("run_smart_test", kind="extended"))
    job_id = rack.run_recipe(1, 1, name="mine")
    until(lambda: children_of(rack.get_job_status(job_id), rack.get_jobs_list))
    rack.cancel_job(job_id)
    with pytest.raises(errors.JobCancelled):
        rack.run_recipe_result(job_id, SOON)
    (child,) = children_of(rack.get_job_status(job_id), rack.get_jobs_list)
    assert child.status is AsyncJobStatus.FAILED


def test_a_paused_recipe_stands_still_between_two_steps(rack):
    serve(rack, step("run_smart_test", kind="extended"), step("read_health"))
    job_id = rack.run_recipe(1, 1, name="mine")
    until(lambda: rack.get_job_status(job_id).message.startswith("step 1"))
    rack.pause_job(job_id)
    until(lambda: rack.get_job_status(job_id).status is AsyncJobStatus.PAUSED)
    assert [child.has_ended for child in children_of(rack.get_job_status(job_id), rack.get_jobs_list)] == [True]
    rack.resume_job(job_id)
    assert outcomes(rack.run_recipe_result(job_id, SOON)) == ["pass", "pass"]


def test_an_unknown_recipe_is_refused_at_the_start(rack):
    serve(rack, step("read_health"))
    with pytest.raises(errors.InvalidArgument, match="no recipe 'yours'") as caught:
        rack.run_recipe(1, 1, name="yours")
    assert caught.value.remedy == "it is one of: mine"


def test_a_preview_tells_every_command_its_risk_and_time_and_does_none_of_it(rack):
    nvme = Fits(protocols=(Protocol.NVME,))
    serve(rack, step("run_smart_test", kind="extended", timeout_s=9e5), step("read_health", fits=nvme))
    job_id = rack.preview_recipe(1, 1, name="mine")
    long, passed_over = rack.preview_recipe_result(job_id, SOON).steps
    assert "smartctl -t long" in long.sends
    assert long.risk.startswith("none for the data")
    assert (long.expected_s > 3600, long.expected_from) == (True, "the drive's own estimate")
    assert long.limits == ("at most 250 h",)
    assert (passed_over.sends, passed_over.expected_from) == ((), "passed over: it speaks ata, not nvme")
    assert children_of(rack.get_job_status(job_id), rack.get_jobs_list) == ()
    assert rack.simulation.drive(1).progress() is None


def until(condition):
    pause = threading.Event()
    for _ in range(int(SOON * 100)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to it in time")


def test_one_of_seven_of_a_model_that_takes_twice_as_long_is_a_warning():
    with Rack.simulated(200, speed=SPEED) as rack:
        serve(rack, step("run_smart_test", kind="extended"))
        model = rack.slots()[0].drive.model
        seven = [slot.id for slot in rack.slots() if slot.drive.model == model][:7]
        jobs = [rack.run_recipe(1, slot_id, name="mine") for slot_id in seven[:6]]
        took = [rack.run_recipe_result(job_id, SOON).steps[0].seconds for job_id in jobs]
        preview = rack.preview_recipe_result(rack.preview_recipe(1, seven[6], name="mine"), SOON)
        assert preview.steps[0].expected_from == "this rack's own runs of the model"
        assert min(took) <= preview.steps[0].expected_s <= max(took)
        rack.simulation.inject(seven[6], "slow")  # each call of its smartctl takes a host second: hours, here
        result, job = cook(rack, seven[6])
        assert (outcomes(result), job.verdict.status, rules(job)) == (
            ["warn"],
            VerdictStatus.WARN,
            ["slower_than_usual"],
        )
        assert "6 other drives of its model here took" in job.verdict.reasons[0].text
