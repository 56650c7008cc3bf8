"""pydantic's errors in the words of a person at the rack file: where, whose part, what it takes, the nearest word."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from orchestrator.adapters.yaml_file import Mistake, YamlFile
from orchestrator.settings.plans import nearest

Parts = Mapping[tuple[str, ...], type[BaseModel]]
"""The model of each part, by its keys from the top; "*" for a slot's id or a range's number."""


def explain(file: YamlFile, error: ErrorDetails, parts: Parts) -> Mistake:
    """Where it is and what was meant. `parts`: what each part of the file may hold."""
    where = tuple(str(step) for step in error["loc"] if step != "[key]")
    kind, name, given = error["type"], where[-1] if where else "", error["input"]
    owner = _owner(where[:-1])
    if kind == "missing":
        place = file.keys.get(where[:-1]) or file.values.get(where[:-1], (1, 1))
        return Mistake(*place, f"{owner} needs {name}")
    if kind == "extra_forbidden":
        words = tuple(parts[_pattern(where[:-1])].model_fields)
        return Mistake(*file.keys[where], f"{owner} takes no {name!r}{nearest(name, words)}")
    if kind == "needs":
        place = file.keys.get(where) or file.values.get(where, (1, 1))
        return Mistake(*place, f"{_owner(where)} {error['msg']}")
    place = file.keys[where] if error["loc"][-1:] == ("[key]",) else _place(file, where)
    if kind == "refused":
        return Mistake(*place, error["msg"])
    if error["loc"][-1:] == ("[key]",):
        return Mistake(*place, f"{given!r} is no slot id; it takes a whole number from 0 to 999999")
    if name.isdecimal() and where[-2:-1] == ("id_path",):  # one of a list, or the only one
        owner, name = _owner(where[:-2]), "id_path"
    return Mistake(*place, f"{owner}: {name or 'it'} {_wanted(kind, error)}, not {_shown(given)}")


def _place(file: YamlFile, where: tuple[str, ...]) -> tuple[int, int]:
    """Of the value, or of the smallest part around it that stands in the file."""
    while where and where not in file.values:
        where = where[:-1]
    return file.values.get(where, (1, 1))


def _wanted(kind: str, error: ErrorDetails) -> str:
    words = {
        "int": "takes a whole number",
        "float": "takes a number",
        "bool": "takes true or false",
        "string_type": "takes a text",
        "string_pattern": "takes a text on one line",
        "tuple_type": "takes a list",
        "too_short": "takes at least one",
        "dict_type": "takes a block of `key: value`",
        "model": "takes a block of `key: value`",
    }
    for start, text in words.items():
        if kind.startswith(start):
            return text
    return error["msg"].replace("Input should", "should").replace("String should", "should")


def _shown(given: Any) -> str:
    return "nothing" if given is None or given == [] else "a block" if isinstance(given, dict | list) else repr(given)


def _pattern(where: tuple[str, ...]) -> tuple[str, ...]:
    return (where[0], "*", *where[2:]) if len(where) > 1 and where[0] in ("slots", "ranges", "alerts") else where


def _owner(where: tuple[str, ...]) -> str:
    """Whose part it is, in words."""
    match _pattern(where):
        case ():
            return "the rack file"
        case ("slots", "*", *rest):
            return " ".join([f"slot {where[1]}" + "'s" * bool(rest), *rest])
        case ("ranges", "*", *rest):
            return " ".join([f"range {int(where[1]) + 1}" + "'s" * bool(rest), *rest])
        case ("alerts", "*", *rest):
            return " ".join([f"alert {int(where[1]) + 1}" + "'s" * bool(rest), *rest])
    return where[-1]
