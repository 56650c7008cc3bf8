"""`orchestrator recipes`, `run recipe`, its --dry-run, and what `check`, `result` and `history` tell of recipes."""

import json

import pytest

from orchestrator import Rack
from orchestrator.interfaces import recipe_words, telling
from orchestrator.interfaces.outcome import plain
from orchestrator.model.measurement import Measurement
from orchestrator.model.recipe import Planned, RecipePreview, RecipeResult, StepOutcome, StepResult
from orchestrator.model.suite import CaseOutcome, CaseResult, SuiteResult
from orchestrator.model.verdict import Reason

SIMULATED = "simulated: {slots: 3, speed: 20000}\nstore: history.db\n"
OWN = """\
summary: It cannot be kept, since every drive is warmer.
steps:
  - read_health:
    limits: {temperature_celsius: {at_most: -200}, attribute_250: {at_most: 1}}
    repeat: 3
    on_fail: continue
"""


@pytest.fixture
def own(tmp_path, rack_file):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "cold.yaml").write_text(OWN)
    return rack_file(SIMULATED)


def test_without_a_rack_file_the_shipped_ones_are_listed(orchestrator):
    said = orchestrator("recipes", "--config", "/dev/null")
    assert said.status == 2  # an empty file describes no rack
    said = orchestrator("recipes")
    assert said.status == 0
    assert [line.split()[:3] for line in said.out.splitlines()] == [
        ["name", "steps", "from"],
        ["burn-in", "7", "shipped"],
        ["intake", "3", "shipped"],
        ["quick", "2", "shipped"],
    ]


def test_those_of_a_rack_file_are_listed_with_where_they_come_from(orchestrator, own):
    listed = orchestrator("recipes", "--config", own).out
    assert f"{own.removesuffix('rack.yaml')}recipes/cold.yaml" in listed
    said = orchestrator("recipes", "--config", own, "--json").out.splitlines()
    assert [json.loads(line)["name"] for line in said] == ["burn-in", "cold", "intake", "quick"]


def test_one_is_shown_step_by_step_with_repeats_told_once(orchestrator, own):
    shown = orchestrator("recipes", "cold", "--config", own).out.splitlines()
    assert shown[0] == "cold: It cannot be kept, since every drive is warmer."
    assert [line.strip() for line in shown[2:]] == [
        "1-3. read_health, 3 times",
        "temperature_celsius must be at most -200",
        "attribute_250_raw must be at most 1",
        "the recipe goes on behind it, whatever it finds",
    ]


def test_a_name_that_is_none_leaves_with_2_and_those_there_are(orchestrator):
    said = orchestrator("recipes", "nope")
    assert (said.status, said.out) == (2, "")
    assert said.err == "no recipe 'nope' here; it is one of: burn-in, intake, quick\n"
    said = orchestrator("run", "recipe", "3", "--name", "nope", "--simulated")
    assert said.status == 2
    assert "no recipe 'nope' in this rack; it is one of: burn-in, intake, quick" in said.err


def test_check_names_the_recipes_that_it_read(orchestrator, own):
    said = orchestrator("check", own)
    assert "recipes: 4 without a mistake, 1 of them beside the file: cold (3 steps)" in said.out
    found = json.loads(orchestrator("check", own, "--json").out.splitlines()[-1])
    assert (found["recipe"], found["steps"]) == ("cold", 3)


def test_check_tells_a_recipes_mistakes_with_their_place(orchestrator, own, tmp_path):
    (tmp_path / "recipes" / "cold.yaml").write_text("summary: s\nsteps: [read_helth]\n")
    said = orchestrator("check", own)
    assert (said.status, said.out) == (2, "")
    assert f"{tmp_path}/recipes/cold.yaml:2:9: no operation 'read_helth'; did you mean 'read_health'?" in said.err


def test_a_dry_run_tells_each_command_its_risk_and_time_and_starts_nothing(orchestrator, own):
    said = orchestrator("run", "recipe", "3", "--name", "burn-in", "--dry-run", "--config", own)
    assert said.status == 0
    for part in (
        "nothing was started; the drive was read once",
        "3. run_smart_test (kind=extended)",
        "smartctl -t long",
        "none for the data: reads at full speed, the drive gets warm",
        "(the drive's own estimate)",
        "unreadable_places at most 0",
        "In all:",
    ):
        assert part in said.out
    listed = orchestrator("jobs", "--config", own, "--json").out.splitlines()
    assert [json.loads(line)["name"] for line in listed] == ["preview_recipe"]


def test_a_dry_run_as_json_is_the_preview(orchestrator):
    said = orchestrator("run", "recipe", "3", "--name", "quick", "--dry-run", "--simulated", "--json")
    found = json.loads(said.out)
    assert (found["name"], found["answer"]["recipe"]) == ("preview_recipe", "quick")
    steps = [step["step"] for step in found["answer"]["steps"]]
    assert steps == ["read_health", "read_scan (end_lba=16777216, most_bad=10)"]


def test_only_a_recipe_can_be_run_dry(orchestrator):
    assert "--dry-run" in orchestrator("run", "recipe", "--help").out
    assert "--dry-run" not in orchestrator("run", "smart-test", "--help").out
    assert orchestrator("run", "smart-test", "3", "--simulated", "--dry-run").status == 2


def test_a_run_is_told_as_tables_with_what_lies_outside_its_limits_first(orchestrator, own):
    ran = orchestrator("run", "recipe", "3", "--name", "cold", "--config", own)
    assert ran.status == 1
    assert ": run_recipe: FAIL" in ran.out
    assert "RecipeResult(" not in ran.out and "'steps':" not in ran.out
    tables = ran.out[ran.out.index("Recipe cold:") :]
    heads = [line for line in tables.splitlines() if line.endswith(":")]
    assert heads[:2] == ["Recipe cold:", "Outside its limits:"]
    told = orchestrator("result", "1", "--config", own)
    assert (told.status, told.out[told.out.index("Recipe cold:") :]) == (1, tables)
    history = orchestrator("history", "--job", "1", "--config", own).out
    assert tables.splitlines()[3] in history
    assert "  answer:" not in history


def test_a_run_as_json_holds_each_step(orchestrator):
    found = json.loads(orchestrator("run", "recipe", "3", "--name", "quick", "--simulated", "--json").out)
    assert [step["outcome"] for step in found["answer"]["steps"]] == ["pass", "pass"]
    assert found["verdict"] == "pass"


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_it_fits_and_is_no_dump(terminal, columns):
    written = terminal("run", "recipe", "3", "--name", "intake", "--simulated", columns=columns)
    told = written[written.index("Recipe intake:") :].splitlines()
    assert max(map(len, told)) <= columns
    assert any(line.split()[:2] == ["2", "run_smart_test"] for line in told)


# -- the words


def test_a_growth_over_the_recipe_is_told_once_where_it_was_kept_and_each_time_where_not():
    def step(grown):
        return StepResult("s", StepOutcome.PASS, 1, 1.0, (), (Measurement("grown_attribute_5_raw", grown, at_most=1),))

    _, outside, besides = recipe_words.result_tables(RecipeResult("r", (step(0), step(2), step(3), step(1))))
    assert [row[0] for row in outside.rows] == ["2", "3"]
    assert [row[0] for row in besides.rows] == ["4"]


def test_what_nobody_told_stands_above_what_was_measured():
    result = StepResult(
        "s", StepOutcome.WARN, 1, 1.0, (), (Measurement("mean_mb_per_s", 9.5, "MB/s", 1.0),), ("grown_media_errors",)
    )
    _, measured = recipe_words.result_tables(RecipeResult("r", (result,)))
    assert measured.rows == (
        ("1", "Media errors, grown", "not told", "not checked"),
        ("1", "Mean MB per s", "9.5 MB/s", "at least 1"),
    )


def test_a_skipped_step_took_no_time_and_says_why():
    result = RecipeResult("r", (StepResult("s", StepOutcome.SKIPPED, reasons=(Reason("skipped", "not for it"),)),))
    (steps,) = recipe_words.result_tables(result)
    assert steps.rows == (("1", "s", "skipped", "", "", "not for it"),)


def test_a_preview_says_how_many_steps_nobody_can_time():
    known, unknown = (
        Planned("a", ("x",), "none", 3600.0, "the drive's own estimate"),
        Planned("b", (), "none", None, "nobody knows"),
    )
    lines = list(recipe_words.preview_lines(RecipePreview("r", (known, known, unknown))))
    assert lines[0] == "1-2. a, 2 times"
    assert lines[-1] == "In all:         2 h, and 1 step of which nobody knows how long"


def test_an_answer_is_known_again_from_its_json_and_one_of_another_release_is_left_as_it_is():
    suite = SuiteResult("S", (CaseResult("t", CaseOutcome.PASSED, 1.5),), 2.0)
    assert telling.known_answer("run_pytest", plain(suite)) == suite
    assert telling.known_answer("run_recipe", {"recipe": "r", "steps": "many"}) is None
    assert telling.known_answer("read_scan", {"recipe": "r", "steps": []}) is None
    (cases,) = telling.tables(suite)
    assert cases.rows == (("t", "passed", "1.5 s", ""),)


def test_a_rack_elsewhere_has_the_same_recipes(tmp_path):
    from orchestrator.interfaces.web.server import serve_http

    with Rack.simulated(slots=1) as rack, serve_http(rack, port=0) as server, Rack.connect(server.url) as there:
        assert there.recipes == rack.recipes
