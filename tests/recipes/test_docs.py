"""What docs/recipes.md shows is what the program does."""

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Rack
from orchestrator.interfaces import cli
from orchestrator.model.history import NAMED_COUNTERS
from orchestrator.model.scan import ScanResult
from orchestrator.operations import declare
from orchestrator.settings.rack_file import load_rack_file
from orchestrator.settings.recipes import read_recipe, shipped

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


RECIPES, RACKS = (
    [block for block in blocks("yaml") if block.startswith("summary:") is is_recipe] for is_recipe in (True, False)
)


@pytest.mark.parametrize("block", RECIPES)
def test_each_recipe_of_the_page_is_one(tmp_path, block):
    (tmp_path / "ours.yaml").write_text(block)
    recipe = read_recipe(tmp_path / "ours.yaml", declare.shipped())
    assert len(recipe.steps) == 8
    assert {key for line in block.splitlines() if (key := line.strip().split(":")[0])} >= {"when", "limits", "grows"}


@pytest.mark.parametrize("block", RACKS)
def test_each_rack_file_of_the_page_is_one(tmp_path, block):
    (tmp_path / "rack.yaml").write_text(block)
    assert load_rack_file(tmp_path / "rack.yaml").plan.steps[0].options == (("name", "intake"),)


@pytest.mark.parametrize("line", [line for block in blocks("console") for line in block.splitlines()])
def test_each_command_of_the_page_runs(monkeypatch, capsys, line):
    prompt, command, *words = shlex.split(line)
    assert (prompt, command) == ("$", "orchestrator")
    monkeypatch.setattr(sys, "argv", [command, *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code in (0, None), capsys.readouterr().err


def test_the_code_of_the_page_runs():
    (code,) = blocks("python")
    with Rack.simulated(slots=1, speed=20_000) as rack:
        space: dict[str, Any] = {"rack": rack, "client_ref": 1, "slot_id": 1}
        exec(code, space)  # noqa: S102 -- it is ours
        assert space["result"].recipe == "intake" and space["preview"].recipe == "burn-in"


def test_every_name_that_a_limit_may_have_and_every_shipped_recipe_is_on_the_page():
    for name in (*ScanResult.MEASURES, *NAMED_COUNTERS, *(f"`{name}`" for name in shipped())):
        assert name in PAGE
