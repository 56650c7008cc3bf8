"""Recipes over REST and on the pages: which there are, a choice in the form, and what came of one as tables."""

import pytest

from orchestrator import Rack
from orchestrator.interfaces.web import forms, tellings
from orchestrator.model.recipe import Growth, Recipe
from orchestrator.model.verdict import VerdictStatus
from orchestrator.settings.recipes import shipped
from tests.web.conftest import in_process


def test_the_recipes_are_listed_with_their_steps(shared_client):
    items = shared_client.get("/api/v1/recipes").json()["items"]
    assert [recipe["name"] for recipe in items] == ["burn-in", "intake", "quick"]
    intake = items[1]
    assert (intake["source"], len(intake["steps"])) == ("", 3)
    assert intake["steps"][1]["step"] == {"operation": "run_smart_test", "options": [["kind", "short"]]}


def test_the_document_and_the_operations_name_those_there_are(shared_client):
    names = ["burn-in", "intake", "quick"]
    schemas = shared_client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert schemas["RunRecipeOptions"]["properties"]["name"]["enum"] == names
    operations = {found["name"]: found for found in shared_client.get("/api/v1/operations").json()["items"]}
    assert operations["preview_recipe"]["options"]["properties"]["name"]["enum"] == names


def test_the_rack_decides_which_there_are_when_one_is_started(rack, client):
    def start(name):
        body = {"client_ref": 1, "slot_id": 1, "options": {"name": name}}
        return client.post("/api/v1/operations/run_recipe", json=body)

    refused = start("nope")
    assert (refused.status_code, refused.json()["remedy"]) == (422, "it is one of: burn-in, intake, quick")
    rack._tables.recipes = lambda: {**shipped(), "new": Recipe("new", "since the start", shipped()["quick"].steps)}
    assert start("new").status_code == 202


def test_the_form_is_a_choice_of_the_rack_s_recipes_and_none_is_chosen_before(rack):
    (field,) = forms.form_of(rack.operations["run_recipe"], rack.recipes).fields
    assert (field.control, field.as_type, field.required, field.default) == ("choice", "string", True, "")
    assert [sent for sent, _ in field.choices] == ["", "burn-in", "intake", "quick"]
    assert field.choices[2][1].startswith("intake: Is it worth a slot?")


def test_the_form_on_the_page_follows_a_changed_rack(rack, client):
    assert '<option value="quick">quick: ' in client.get("/slots/1").text
    rack._tables.recipes = lambda: {"new": Recipe("new", "<b>since</b>", shipped()["quick"].steps)}
    page = client.get("/slots/1").text
    assert '<option value="new">new: &lt;b&gt;since&lt;/b&gt;</option>' in page
    assert '<option value="quick">' not in page


@pytest.fixture(scope="module")
def done(loop):
    """A recipe that fails, and its preview, on a rack with its client."""
    cold = Recipe("cold", "nothing may age", shipped()["quick"].steps, (Growth("power_on_hours", -1),))
    with Rack.simulated(slots=1, speed=100_000, seed=7) as rack, in_process(rack, loop) as client:
        rack._tables.recipes = lambda: {"cold": cold}
        jobs = rack.wait([rack.run_recipe(1, 1, name="cold"), rack.preview_recipe(1, 1, name="cold")], 30)
        yield rack, client, jobs


def test_a_recipe_s_page_has_a_row_for_each_step_and_what_lies_outside_its_limits_first(done):
    rack, client, (job, _) = done
    assert job.verdict.status is VerdictStatus.FAIL
    told = tellings.measured(rack.run_recipe_result(job.id), "run_recipe")
    assert [table.title for table in told.tables] == ["Recipe cold", "Outside its limits"]
    page = client.get(f"/jobs/{job.id}").text
    assert "StepResult" not in page and "Measurement(" not in page
    assert page.index("Recipe cold") < page.index("Outside its limits")
    for row in told.tables[0].rows:
        assert f'<a href="/jobs/{row[4]}">{row[4]}</a>' in page or row[4] == ""


def test_a_preview_s_page_has_a_table_for_each_step(done):
    _, client, (_, job) = done
    page = client.get(f"/jobs/{job.id}").text
    for part in ("Recipe cold, all of it", "1. read_health", "2. read_scan", "none: reads the drive", "smartctl -a"):
        assert part in page
    assert "Planned(" not in page
