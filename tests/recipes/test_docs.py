"""What docs/recipes.md says is what the program does; its blocks are run by tests/docs."""

import re
from pathlib import Path

from orchestrator.model.history import NAMED_COUNTERS
from orchestrator.model.scan import ScanResult
from orchestrator.operations import declare
from orchestrator.settings.recipes import read_recipe, shipped

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()


def test_the_recipe_of_the_page_has_all_that_a_recipe_can_have(tmp_path):
    (block,) = (block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("summary:"))
    (tmp_path / "ours.yaml").write_text(block)
    recipe = read_recipe(tmp_path / "ours.yaml", declare.shipped())
    assert len(recipe.steps) == 8
    assert {key for line in block.splitlines() if (key := line.strip().split(":")[0])} >= {"when", "limits", "grows"}


def test_every_name_that_a_limit_may_have_and_every_shipped_recipe_is_on_the_page():
    for name in (*ScanResult.MEASURES, *NAMED_COUNTERS, *(f"`{name}`" for name in shipped())):
        assert name in PAGE
