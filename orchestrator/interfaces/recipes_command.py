"""`orchestrator recipes`: which there are, and what one of them does, step by step."""

import json
from collections.abc import Mapping

from orchestrator.interfaces import outcome, recipe_words
from orchestrator.interfaces.outcome import printable
from orchestrator.interfaces.reach import Named, find_service
from orchestrator.interfaces.table import print_table
from orchestrator.model.errors import NotFound
from orchestrator.model.recipe import Recipe


def show_recipes(named: Named, name: str | None, *, as_json: bool) -> None:
    """All of them, or the one. Raises ConfigError for a wrong rack file or recipe, NotFound."""
    recipes = _recipes(named)
    if name is not None and name not in recipes:
        known = ", ".join(sorted(recipes))
        raise NotFound(f"no recipe {name!r} here", remedy=f"it is one of: {known}")
    chosen = [recipes[name]] if name is not None else [recipe for _, recipe in sorted(recipes.items())]
    if as_json:
        for recipe in chosen:
            print(json.dumps(outcome.plain(recipe)))
    elif name is not None:
        for line in recipe_words.recipe_lines(chosen[0]):
            print(_printable(line))
    else:
        table = recipe_words.one_per_recipe(chosen)
        print_table(table.heads, [tuple(map(printable, row)) for row in table.rows])


def _recipes(named: Named) -> Mapping[str, Recipe]:
    """Of the file, of the service that is named or answers here, else the shipped ones."""
    from orchestrator.settings import recipes
    from orchestrator.settings.rack_file import load_rack_file

    if named.config is not None:
        return load_rack_file(named.config).recipes
    service = find_service(named)
    if service is None:
        return recipes.shipped()
    with service as rack:
        return rack.recipes


def _printable(line: str) -> str:
    """Keeps the indent."""
    text = line.lstrip()
    return line[: len(line) - len(text)] + printable(text)
