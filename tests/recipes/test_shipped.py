"""The recipes that come with the orchestrator: they load, pass sound drives of every kind, and find the sick ones."""

import pytest

from orchestrator import Rack
from orchestrator.model.drive import Protocol
from orchestrator.model.verdict import VerdictStatus
from orchestrator.operations import declare
from orchestrator.settings_recipes import SHIPPED, read_recipe, shipped

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
    with Rack.simulated(slots=14, speed=50_000, seed=1) as rack:
        slots = rack.slots()
        assert {slot.drive.protocol for slot in slots} == {Protocol.ATA, Protocol.SCSI, Protocol.NVME}
        jobs = {slot.id: rack.run_recipe(slot.id, slot.id, name=name) for slot in slots}
        for slot_id, job_id in jobs.items():
            result = rack.run_recipe_result(job_id, timeout=60)
            (job,) = rack.wait([job_id])
            assert job.verdict.status is VerdictStatus.PASS, (slot_id, job.verdict)
            assert not any(step.not_checked for step in result.steps)
