"""The plans of a rack file, read from its plain data: every mistake with its place, and what was meant.

    plans:                                   named ones, for slots to refer to
      incoming:
        on_insert: [read_health, run_smart_test: {kind: short}]
        on_fail: [locate]
        when: {protocol: [ata, scsi], model: "ST*", least_tb: 4, most_tb: 20, first_seen: yes}
                                         or, in short: when: first_seen
        not_tested_within: 30d           or 12h; as the rack's history knows
        on_start: leave                      or test
        debounce_s: 5
    plan: incoming                           for every slot that says nothing of its own
    slots: {3: {plan: none}, 4: {plan: {on_insert: [read_health]}}}

`resolve` puts Plan values in the data's place, so that what validates the rest sees values and no text.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import SkipValidation, WithJsonSchema

from orchestrator.adapters.yaml_file import Data, Mistake, Where, YamlFile
from orchestrator.model.drive import Protocol
from orchestrator.model.errors import InvalidArgument
from orchestrator.model.plan import Fits, OnStart, Plan, Step, When
from orchestrator.operations.declare import Holds, Operations
from orchestrator.operations.written import value_of

_KEYS = ("on_insert", "on_fail", "when", "not_tested_within", "on_start", "debounce_s")
_OF_THE_DRIVE = ("protocol", "model", "least_tb", "most_tb")
_CONDITIONS = (*_OF_THE_DRIVE, "first_seen")
_AGE = re.compile(r"(\d+(?:\.\d+)?) ?(d|h|min|s)")
_UNITS_S = {"d": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
_LONGEST_DEBOUNCE_S = 86_400.0
_TB = 10**12


def nearest(word: str, words: tuple[str, ...]) -> str:
    """The end of a sentence that says what may have been meant."""
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "" if not words else f"; it takes {', '.join(words)}"


def mentions_plans(data: Data) -> bool:
    """Whether operations are to be collected: that loads users' packages."""
    if not isinstance(data, dict):
        return False
    return "plans" in data or "plan" in data or any("plan" in slot for _, slot in _blocks(data))


def _blocks(data: dict[str, Any]) -> Iterator[tuple[Where, dict[str, Any]]]:
    """What describes slots: one, or a range of them."""
    slots, ranges = data.get("slots"), data.get("ranges")
    named = [(("slots", str(name)), slot) for name, slot in (slots.items() if isinstance(slots, dict) else ())]
    counted = [(("ranges", str(n)), slot) for n, slot in enumerate(ranges if isinstance(ranges, list) else ())]
    yield from ((where, slot) for where, slot in (*named, *counted) if isinstance(slot, dict))


def resolve(file: YamlFile, operations: Operations, recipes: Collection[str]) -> None:
    """Put each slot's Plan (None: none) under its `plan`, the rack's own under the top one, and note the mistakes.

    `recipes`: the names that there are.
    """
    data: dict[str, Any] = file.data if isinstance(file.data, dict) else {}
    reader = _PlanReader(file, operations, recipes)
    named: dict[str, Plan | None] = {}
    if "plans" in data:
        blocks = reader.block(("plans",), data["plans"])
        named = {name: reader.plan(("plans", name), name, block) for name, block in blocks.items()}
        data["plans"] = named
    own = data["plan"] = reader.chosen(("plan",), "plan", data["plan"], named) if "plan" in data else None
    for where, slot in _blocks(data):
        name = f"slot {where[1]}" if where[0] == "slots" else f"range {slot.get('ids')}"
        slot["plan"] = reader.chosen((*where, "plan"), name, slot["plan"], named) if "plan" in slot else own


class StepReader:
    """Reads operations with their options, and what goes with them, out of one file; notes the mistakes in it."""

    def __init__(self, file: YamlFile, operations: Operations, recipes: Collection[str] = ()) -> None:
        self._file, self._operations, self._recipes = file, operations, recipes

    def wrong(self, where: Where, text: str, *, key: bool = False) -> None:
        places = self._file.keys if key else self._file.values
        self._file.mistakes.append(Mistake(*places.get(where, self._file.values.get(where, (1, 1))), text))

    def block(self, where: Where, data: Data) -> dict[str, Data]:
        if isinstance(data, dict):
            return data
        self.wrong(where, f"{where[-1]} takes a block of `key: value`, not {shown(data)}")
        return {}

    def known(self, where: Where, block: dict[str, Data], keys: tuple[str, ...], owner: str = "") -> dict[str, Data]:
        """Those of its parts that it may have. `owner`: whose they are; "" = the block's key says it."""
        for name in block:
            if name not in keys:
                self.wrong((*where, name), f"{owner or where[-1]} takes no {name!r}{nearest(name, keys)}", key=True)
        return {name: value for name, value in block.items() if name in keys}

    def steps(self, where: Where, data: Data) -> tuple[Step, ...]:
        """A list of steps; one alone may go without the list."""
        if not isinstance(data, list):
            step = self.step(where, data)
            return (step,) if step else ()
        found = [self.step((*where, str(n)), item) for n, item in enumerate(data)]
        return tuple(step for step in found if step)

    def step(self, where: Where, data: Data) -> Step | None:
        given: Data = None
        name, options_where = data, where
        if isinstance(data, dict) and len(data) == 1:
            name, given = next(iter(data.items()))
            options_where = (*where, name)
        if not isinstance(name, str):
            self.wrong(where, f"a step is an operation's name, or `name: {{option: value}}`, not {shown(data)}")
            return None
        operation = self._operations.get(name)
        if operation is None:
            near = nearest(name, tuple(sorted(self._operations)))
            self.wrong(options_where, f"no operation {name!r}{near}", key=options_where != where)
            return None
        options: dict[str, Any] = {}
        before = len(self._file.mistakes)
        block = self.block(options_where, given) if given is not None else {}
        for option, text in self.known(options_where, block, tuple(operation.options)).items():
            at = (*options_where, option)
            if isinstance(text, dict | list):
                self.wrong(at, f"{name}: {option} takes one value, not a block")
                continue
            try:
                value = value_of(operation.options[option], text or "none")
                is_path = operation.options[option].holds is Holds.PATH and value
                options[option] = str(self._file.path.absolute().parent / value) if is_path else value
            except InvalidArgument as exc:
                self.wrong(at, f"{name}: {exc}")
            if operation.options[option].holds is Holds.RECIPE and text not in self._recipes:
                self.wrong(at, f"no recipe {text!r}{nearest(str(text), tuple(sorted(self._recipes)))}")
        try:
            if len(self._file.mistakes) == before:
                operation.check(options)
        except InvalidArgument as exc:
            self.wrong(options_where, str(exc))
        return Step(name, tuple(options.items()))

    def fits(self, where: Where, data: Data, conditions: tuple[str, ...] = _OF_THE_DRIVE) -> Fits:
        given = self.known(where, self.block(where, data), conditions)
        wanted = given.get("protocol", [])
        words = wanted if isinstance(wanted, list) else [wanted]
        places = [(*where, "protocol", str(n)) for n in range(len(words))] if isinstance(wanted, list) else None
        known = tuple(Protocol)
        protocols = [
            self.one_of(places[n] if places else (*where, "protocol"), word, known) for n, word in enumerate(words)
        ]
        model = given.get("model", "*")
        if not isinstance(model, str):
            self.wrong((*where, "model"), f"model takes a glob such as ST*, not {shown(model)}")
            model = "*"
        least = self.number((*where, "least_tb"), given.get("least_tb", "0"), 0, 1e6) or 0.0
        most = self.number((*where, "most_tb"), given["most_tb"], 0, 1e6) if "most_tb" in given else None
        if most is not None and most < least:
            self.wrong((*where, "most_tb"), f"no drive holds at least {least:g} TB and at most {most:g} TB")
        found = tuple(Protocol(word) for word in protocols if word)
        return Fits(found, model, round(least * _TB), None if most is None else round(most * _TB))

    def one_of(self, where: Where, data: Data, words: tuple[str, ...]) -> str | None:
        if isinstance(data, str) and data in words:
            return data
        name = next(step for step in reversed(where) if not step.isdecimal())
        self.wrong(where, f"{name} takes {' or '.join(words)}, not {shown(data)}")
        return None

    def age(self, where: Where, data: Data) -> float | None:
        """Seconds."""
        if isinstance(data, str) and (found := _AGE.fullmatch(data.strip())):
            return float(found[1]) * _UNITS_S[found[2]]
        self.wrong(where, f"{where[-1]} takes a time such as 30d, 12h or 90min, not {shown(data)}")
        return None

    def number(self, where: Where, data: Data, least: float, most: float) -> float | None:
        try:
            value = float(str(data))
        except ValueError:
            value = float("nan")
        if least <= value <= most:
            return value
        self.wrong(where, f"{where[-1]} takes a number from {least:g} to {most:g}, not {shown(data)}")
        return None


class _PlanReader(StepReader):
    def chosen(self, where: Where, name: str, data: Data, named: Mapping[str, Plan | None]) -> Plan | None:
        """What a `plan:` says: a name, `none`, or the plan itself."""
        if isinstance(data, dict):
            return self.plan(where, name, data)
        if data is None or data == "none":
            return None
        if not isinstance(data, str) or data not in named:
            self.wrong(where, f"no plan {shown(data)} in `plans`{nearest(str(data), ('none', *named))}")
            return None
        return named[data]

    def plan(self, where: Where, name: str, data: Data) -> Plan | None:
        given = self.known(where, self.block(where, data), _KEYS)
        before = len(self._file.mistakes)
        if "on_insert" not in given:
            self.wrong(where, f"{name} needs on_insert: a list of operations", key=True)
        steps = self.steps((*where, "on_insert"), given.get("on_insert", []))
        if "on_insert" in given and not steps and len(self._file.mistakes) == before:
            self.wrong((*where, "on_insert"), f"{name}: on_insert names no operation")
        on_fail = self.steps((*where, "on_fail"), given.get("on_fail", []))
        when, first = given.get("when", {}), False
        if isinstance(when, str):
            first = self.one_of((*where, "when"), when, (When.FIRST_SEEN,)) is not None
            when = {}
        elif isinstance(when, dict) and "first_seen" in when:
            first = self.one_of((*where, "when", "first_seen"), when["first_seen"], ("yes", "no", "true", "false")) in (
                "yes",
                "true",
            )
        fits = self.fits((*where, "when"), when, _CONDITIONS)
        within = given.get("not_tested_within")
        tested_s = self.age((*where, "not_tested_within"), within) if within is not None else None
        on_start = self.one_of((*where, "on_start"), given.get("on_start", "leave"), tuple(OnStart))
        debounce_s = self.number((*where, "debounce_s"), given.get("debounce_s", "0"), 0, _LONGEST_DEBOUNCE_S)
        seen = When.FIRST_SEEN if first else When.ALWAYS
        return Plan(name, steps, on_fail, fits, OnStart(on_start or "leave"), debounce_s or 0.0, seen, tested_s)


def shown(data: Data) -> str:
    return "nothing" if data is None else "a block" if isinstance(data, dict | list) else repr(data)


_ONE_OR_MORE = [{"type": "string"}, {"type": "object"}, {"type": "array"}]
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["on_insert"],
    "properties": {
        "on_insert": {"anyOf": _ONE_OR_MORE, "description": "Operations, one after another, with their options."},
        "on_fail": {"anyOf": _ONE_OR_MORE, "description": "Started instead of the rest when one does not end well."},
        "on_start": {"enum": list(OnStart)},
        "debounce_s": {"type": "number", "minimum": 0, "maximum": _LONGEST_DEBOUNCE_S},
        "when": {
            "anyOf": [
                {"enum": [When.FIRST_SEEN]},
                {"type": "object", "additionalProperties": False, "properties": {name: {} for name in _CONDITIONS}},
            ]
        },
        "not_tested_within": {"type": "string", "pattern": _AGE.pattern, "examples": ["30d", "12h"]},
    },
}
PlanField = Annotated[
    SkipValidation[Plan | None],
    WithJsonSchema({"anyOf": [{"type": "string", "description": "One of `plans`, or none."}, _SCHEMA]}),
]
"""A slot's plan, after `resolve`."""
PlansField = Annotated[
    SkipValidation[dict[str, Plan | None]], WithJsonSchema({"type": "object", "additionalProperties": _SCHEMA})
]
