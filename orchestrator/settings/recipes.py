"""Recipes, read from their files: one a file, named as it is; every mistake with file, line and column.

    orchestrator/recipes/*.yaml ───▶ shipped() ──┐
    <the rack file's folder>/recipes/*.yaml ─────┴──▶ own() over them, by name ──▶ Rack.recipes

docs/recipes.md says what a file may hold.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orchestrator.adapters.yaml_file import Data, Where, read_yaml
from orchestrator.model.errors import ConfigError
from orchestrator.model.history import NAMED_COUNTERS
from orchestrator.model.measurement import names_of
from orchestrator.model.recipe import ANY_DRIVE, MOST_STEPS, Growth, Limit, OnFail, Recipe, RecipeStep
from orchestrator.operations import declare
from orchestrator.operations.declare import Holds, Operation, Operations
from orchestrator.settings.plans import StepReader, nearest, shown

Recipes = Mapping[str, Recipe]
SHIPPED = Path(__file__).parents[1] / "recipes"
FOLDER = "recipes"
"""Beside the rack file."""
_KEYS = ("summary", "steps", "on_fail", "timeout", "grows", "repeat")
_STEP_KEYS = ("when", "limits", "grows", "repeat", "on_fail", "timeout")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ATTRIBUTE = re.compile(r"attribute_([1-9]\d?|1\d\d|2[0-4]\d|25[0-5])(_raw|_value)?")
_HIGHEST = 1e18
_LONGEST_SUMMARY = 200
_LONGEST_S = 3650 * 86_400.0


@cache
def shipped() -> Recipes:
    """Those that come with the orchestrator. The first call reads their files."""
    found = _read(sorted(SHIPPED.glob("*.yaml")), declare.shipped())
    return MappingProxyType({name: replace(recipe, source="") for name, recipe in found.items()})


def own(rack_file: Path, operations: Operations) -> dict[str, Recipe]:
    """Those beside the rack file. Raises ConfigError, which names every mistake in every one of them, a line each."""
    return _read(files(rack_file), operations)


def files(rack_file: Path) -> list[Path]:
    """Of the rack's own recipes; also those whose names are wrong."""
    folder = rack_file.parent / FOLDER
    if not folder.is_dir() or folder.resolve() == SHIPPED.resolve():
        return []
    try:
        found = sorted(folder.iterdir())
    except OSError as exc:
        raise ConfigError(f"{folder} cannot be read: {exc.strerror}", remedy="let its user list the folder") from exc
    return [path for path in found if path.suffix in (".yaml", ".yml") and not path.name.startswith(".")]


def names(rack_file: Path) -> set[str]:
    """Of all recipes of a rack, known without reading them."""
    return {path.stem for path in (*SHIPPED.glob("*.yaml"), *files(rack_file))}


def read_recipe(path: Path, operations: Operations) -> Recipe:
    """Raises ConfigError, which names every mistake, a line each."""
    file = read_yaml(path)
    recipe = _Reader(file, operations).recipe(path)
    if file.mistakes:
        raise ConfigError("\n".join(f"{path}:{m.line}:{m.column}: {m.text}" for m in sorted(set(file.mistakes))))
    return recipe


def _read(paths: list[Path], operations: Operations) -> dict[str, Recipe]:
    found, told = dict[str, Recipe](), list[str]()
    for path in paths:
        try:
            found[path.stem] = read_recipe(path, operations)
        except ConfigError as exc:
            told.append(f"{exc.text}; {exc.remedy}" if exc.remedy else exc.text)
    if told:
        raise ConfigError("\n".join(told))
    return found


class _Reader(StepReader):
    def recipe(self, path: Path) -> Recipe:
        if path.suffix != ".yaml" or not _NAME.fullmatch(path.stem):
            text = "a recipe is named by its file: small letters, digits and hyphens, such as burn-in.yaml"
            self.wrong((), f"{text}; rename {path.name}")
        top: dict[str, Data] = {}
        if isinstance(self._file.data, dict):
            top = self.known((), self._file.data, _KEYS, "a recipe")
            for name, what in (("summary", "a line that says what it is for"), ("steps", "a list of operations")):
                if name not in top:
                    self.wrong((), f"a recipe needs {name}: {what}")
        elif not self._file.mistakes:
            self.wrong((), f"a recipe is a block with summary and steps, not {shown(self._file.data)}")
        defaults = (self._on_fail((), top, OnFail.STOP), self._timeout((), top, None))
        steps = list(self._steps(top["steps"], *defaults)) if "steps" in top else []
        times = self._repeat((), top)
        count = times * sum(often for _, often in steps)
        if count > MOST_STEPS:
            where = ("repeat",) if times > 1 else ("steps",)
            self.wrong(where, f"these are {count} steps, written out; a recipe has at most {MOST_STEPS}")
            return Recipe(path.stem, "", ())
        once = [step for step, often in steps for _ in range(often)]
        grows = tuple(self._grows(("grows",), top.get("grows", {})))
        return Recipe(path.stem, self._summary(top), tuple(once * times), grows, str(path))

    def _summary(self, top: dict[str, Data]) -> str:
        given = top.get("summary", "a line")
        if isinstance(given, str) and 0 < len(given.strip()) <= _LONGEST_SUMMARY:
            return " ".join(given.split())
        text = f"summary takes a text of 1 to {_LONGEST_SUMMARY} characters, not {shown(given)}"
        self.wrong(("summary",), text, key=True)
        return ""

    def _steps(self, data: Data, on_fail: OnFail, timeout_s: float | None) -> Iterator[tuple[RecipeStep, int]]:
        """Each step, and how often it is done."""
        items = data if isinstance(data, list) else [data]
        if not items or data is None:
            self.wrong(("steps",), "a recipe needs at least one step")
            return
        for n, item in enumerate(items):
            where = ("steps", str(n)) if isinstance(data, list) else ("steps",)
            found = self._recipe_step(where, item, on_fail, timeout_s)
            if found is not None:
                yield found

    def _recipe_step(
        self, where: Where, data: Data, on_fail: OnFail, timeout_s: float | None
    ) -> tuple[RecipeStep, int] | None:
        beside: dict[str, Data] = {}
        at = where
        if isinstance(data, dict):
            name = self._operation_of(where, data)
            if name is None:
                return None
            beside = {key: value for key, value in data.items() if key in _STEP_KEYS}
            at, data = (*where, name), {name: data[name]}
        step = self.step(where, data)
        if step is None:
            return None
        declared = self._operations[step.operation]
        if any(option.holds is Holds.RECIPE for option in declared.options.values()):
            text = f"{step.operation} is no step of a recipe: recipes do not nest; write its steps out"
            self.wrong(at, text, key=True)
        made = RecipeStep(
            step,
            self.fits((*where, "when"), beside["when"]) if "when" in beside else ANY_DRIVE,
            tuple(self._limits((*where, "limits"), beside.get("limits", {}), declared)),
            tuple(self._grows((*where, "grows"), beside.get("grows", {}))),
            self._on_fail(where, beside, on_fail),
            self._timeout(where, beside, timeout_s),
        )
        return made, self._repeat(where, beside)

    def _operation_of(self, where: Where, data: dict[str, Data]) -> str | None:
        """Which of the step's keys it is. What stands beside it and does not belong there is told."""
        keys = [key for key in data if key not in _STEP_KEYS]
        if not keys:
            self.wrong(where, "a step names an operation, such as `run_smart_test: {kind: short}`")
            return None
        name = next((key for key in keys if key in self._operations), keys[0])
        for key in keys:
            if key != name and key in self._operations:
                text = f"a step is one operation, and this one is {name} already; put a `-` in front of {key}"
                self.wrong((*where, key), text, key=True)
            elif key != name:
                self.wrong((*where, key), f"a step takes no {key!r}{nearest(key, _STEP_KEYS)}", key=True)
        return name

    def _limits(self, where: Where, data: Data, declared: Operation[..., Any]) -> Iterator[Limit]:
        measured, given = names_of(declared.answer_type), set[str]()
        for written, block in self.block(where, data).items():
            at = (*where, written)
            name = self._counter(at, written, measured, given)
            given_here = self.known(at, self.block(at, block), ("at_least", "at_most", "if_told"))
            if isinstance(block, dict) and not {"at_least", "at_most"}.intersection(block):
                self.wrong(at, f"{written} needs at_least, at_most, or both", key=True)
            low, high = (
                self.number((*at, side), given_here[side], -_HIGHEST, _HIGHEST) if side in given_here else None
                for side in ("at_least", "at_most")
            )
            if low is not None and high is not None and low > high:
                self.wrong((*at, "at_most"), f"no number is at least {low:g} and at most {high:g}")
            if name is not None:
                yield Limit(name, low, high, self._if_told(at, given_here))

    def _grows(self, where: Where, data: Data) -> Iterator[Growth]:
        given = set[str]()
        for written, most in self.block(where, data).items():
            at, if_told = (*where, written), False
            name = self._counter(at, written, (), given)
            if isinstance(most, dict):
                block = self.known(at, most, ("at_most", "if_told"))
                if_told = self._if_told(at, block)
                if "at_most" not in block:
                    self.wrong(at, f"{written} needs at_most", key=True)
                    continue
                at, most = (*at, "at_most"), block["at_most"]
            value = self.number(at, most, 0, _HIGHEST)
            if name is not None and value is not None:
                yield Growth(name, value, if_told)

    def _if_told(self, where: Where, block: dict[str, Data]) -> bool:
        words = ("yes", "no", "true", "false")
        return self.one_of((*where, "if_told"), block.get("if_told", "no"), words) in ("yes", "true")

    def _counter(self, at: Where, name: str, measured: tuple[str, ...] | None, given: set[str]) -> str | None:
        """The name as it is compared. `measured`: what the step can measure beside the drive's counters; None = who
        knows. `given`: those before it."""
        found: str | None = None
        if match := _ATTRIBUTE.fullmatch(name):
            found = f"attribute_{match[1]}{match[2] or '_raw'}"
        elif name in NAMED_COUNTERS or measured is None or name in measured:
            found = name
        else:
            words = (*measured, *NAMED_COUNTERS, "attribute_5", "attribute_197", "attribute_199")
            self.wrong(at, f"nothing here is called {name!r}{nearest(name, words)}", key=True)
        if found in given:
            self.wrong(at, f"{found} has a limit here already", key=True)
        given.add(found or name)
        return found

    def _on_fail(self, where: Where, block: dict[str, Data], usual: OnFail) -> OnFail:
        word = self.one_of((*where, "on_fail"), block.get("on_fail", usual.value), tuple(OnFail))
        return usual if word is None else OnFail(word)

    def _timeout(self, where: Where, block: dict[str, Data], usual: float | None) -> float | None:
        if "timeout" not in block:
            return usual
        at = (*where, "timeout")
        seconds = self.age(at, block["timeout"])
        if seconds is not None and not 0 < seconds <= _LONGEST_S:
            self.wrong(at, "timeout takes more than nothing, and at most 3650d")
            return None
        return seconds

    def _repeat(self, where: Where, block: dict[str, Data]) -> int:
        given = block.get("repeat", "1")
        if isinstance(given, str) and given.isdecimal() and len(given) < 10 and 1 <= int(given) <= MOST_STEPS:
            return int(given)
        self.wrong((*where, "repeat"), f"repeat takes a whole number from 1 to {MOST_STEPS}, not {shown(given)}")
        return 1
