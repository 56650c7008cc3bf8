"""A form for each declared operation, made from its options: what may be chosen, in what range, and what is left out.

The page's script sends each field as the JSON type that `as_type` names; an optional field left empty is not sent,
so the operation's own default holds. The rack checks all of it again.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from orchestrator.interfaces.web.wording import unit, without_unit, words
from orchestrator.model.recipe import Recipe
from orchestrator.operations.declare import Holds, Operation, Option


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    control: Literal["choice", "switch", "number", "text"]
    as_type: Literal["string", "integer", "number", "boolean", "json"]
    default: str
    """As the control shows it; "" for none."""
    required: bool
    unit: str = ""
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """What is sent, as `as_type` says, and what is read."""
    least: str = ""
    most: str = ""

    @property
    def step(self) -> str:
        return "1" if self.as_type == "integer" else "any"


@dataclass(frozen=True, slots=True)
class Form:
    operation: str
    title: str
    summary: str
    runs_code: bool
    """It takes a token of the scope admin."""
    fields: tuple[Field, ...]


def form_of(operation: Operation[..., Any], recipes: Mapping[str, Recipe] | None = None) -> Form:
    """`recipes`: what a recipe's option chooses from; None = its name is typed."""
    fields = tuple(_field(option, recipes or {}) for option in operation.options.values())
    return Form(operation.name, words(operation.name), operation.summary, operation.runs_code, fields)


def _field(option: Option, recipes: Mapping[str, Recipe]) -> Field:
    kinds = _parts(option.type)
    optional = type(None) in kinds
    kinds = [kind for kind in kinds if kind is not type(None)]
    control, as_type, choices = _control(kinds)
    if option.holds is Holds.RECIPE and recipes:
        control = "choice"
        choices = tuple((name, f"{name}: {recipe.summary}") for name, recipe in sorted(recipes.items()))
        choices = choices if optional else (("", "choose one"), *choices)  # none by default: some take days
    if choices and optional:
        choices = (("", "leave to the operation"), *choices)
    low = option.between
    return Field(
        name=option.name,
        label=without_unit(option.name),
        control=control,
        as_type=as_type,
        default="" if option.required or option.default is None else _text(option.default),
        required=option.required or not (optional or control in ("switch", "choice")),
        unit=unit(option.name),
        help=option.help,
        choices=choices,
        least=f"{low.least:.17g}" if low else "",
        most=f"{low.most:.17g}" if low else "",
    )


Control = Literal["choice", "switch", "number", "text"]
AsType = Literal["string", "integer", "number", "boolean", "json"]


def _control(kinds: list[Any]) -> tuple[Control, AsType, tuple[tuple[str, str], ...]]:
    values = [value for kind in kinds for value in _values(kind)]
    if values:
        whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
        as_type: AsType = "integer" if whole else "string"
        if not whole and not all(isinstance(value, str) for value in values):
            return "text", "json", ()
        return "choice", as_type, tuple((str(value), str(value)) for value in values)
    if kinds == [bool]:
        return "switch", "boolean", ()
    if kinds == [int]:
        return "number", "integer", ()
    if kinds and set(kinds) <= {int, float}:
        return "number", "number", ()
    if kinds == [str]:
        return "text", "string", ()
    return "text", "json", ()


def _values(kind: Any) -> tuple[Any, ...]:
    if typing.get_origin(kind) is Literal:
        return typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(member.value for member in kind)
    return ()


def _parts(kind: Any) -> list[Any]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [part for piece in typing.get_args(kind) for part in _parts(piece)]
    return [type(None) if kind is None else kind]


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
