"""The recipes that come with the orchestrator: they load, pass sound drives of every kind, and find the sick ones."""

import pytest

from orchestrator import Rack
from orchestrator.model.drive import Protocol
from orchestrator.model.verdict import VerdictStatus
from orchestrator.operations import declare
from orchestrator.settings.recipes import SHIPPED, read_recipe, shipped

NAMES = ("burn-in", "intake", "quick")


def test_they_are_there_and_say_what_they_are_for():
    assert tuple(shipped()) == NAMES
    for recipe in shipped().values():
        assert recipe.summary and recipe.steps and recipe.source == ""


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_file_without_a_mistake(name):
    assert read_recipe(SHIPPED / f"{name}.yaml", declare.shipped()).steps == shipped()[name].steps


@pytest.mark.parametrize("name", NAMES)
def test_sound_drives_of_all_kinds_pass_with_every_limit_checked(name):
    with Rack.simulated(slots=14, speed=20_000, seed=1) as rack:
        slots = rack.slots()
        assert {slot.drive.protocol for slot in slots} == {Protocol.ATA, Protocol.SCSI, Protocol.NVME}
        jobs = {slot.id: rack.run_recipe(slot.id, slot.id, name=name) for slot in slots}
        for slot_id, job_id in jobs.items():
            result = rack.run_recipe_result(job_id, timeout=60)
            (job,) = rack.wait([job_id])
            assert job.verdict.status is VerdictStatus.PASS, (slot_id, job.verdict)
            assert not any(step.not_checked for step in result.steps)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("quick", "health_failed"),
        ("intake", "health_failed"),
        ("intake", "self_test_failure"),
        ("burn-in", "health_failed"),
        ("burn-in", "self_test_failure"),
        ("burn-in", "bad_sector"),
    ],
)
def test_sick_drives_of_all_kinds_fail_and_a_step_says_why(name, fault):
    with Rack.simulated(slots=6, speed=20_000, seed=1) as rack:
        assert {slot.drive.protocol for slot in rack.slots()} == {Protocol.ATA, Protocol.SCSI, Protocol.NVME}
        for slot in rack.slots():
            rack.simulation.inject(slot.id, fault)
        for job in rack.wait([rack.run_recipe(slot.id, slot.id, name=name) for slot in rack.slots()], 60):
            assert job.verdict.status is VerdictStatus.FAIL, (job, fault)
            assert job.verdict.reasons[0].text.startswith("step ")


@pytest.mark.parametrize("name", NAMES)
def test_a_drive_that_cannot_be_read_is_no_answer_and_never_a_pass(name):
    with Rack.simulated(slots=1) as rack:
        rack.simulation.inject(1, "unreadable")
        (job,) = rack.wait([rack.run_recipe(1, 1, name=name)], 60)
        assert (job.verdict, job.error.code) == (None, "tool_failed")


@pytest.mark.parametrize("name", NAMES)
def test_before_it_is_done_each_step_tells_its_command_its_risk_and_its_time(name):
    with Rack.simulated(slots=14, seed=1) as rack:
        for job_id in [rack.preview_recipe(1, slot.id, name=name) for slot in rack.slots()]:
            preview = rack.preview_recipe_result(job_id, timeout=60)
            assert preview.expected_s > 0
            for step in preview.steps:
                assert step.expected_from.startswith("passed over") or (step.sends and step.expected_s), step
                assert step.risk.startswith("none")
