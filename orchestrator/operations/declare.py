"""An operation is declared once, and is thereby a pair on the facade, a command, a REST pair, a step and a form.

    @operation()
    def spin(drive: Drive, bench: Bench, *, seconds: Annotated[float, Between(1, 60)] = 5.0) -> bool: ...

The keyword-only parameters are the options. What it returns is stored and sent, so it is a bool, int, float, str,
None, or a frozen dataclass of these and of tuples of them; anything else is refused here, at declaration.
"""

import dataclasses
import importlib
import inspect
import json
import pkgutil
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from importlib.metadata import entry_points
from typing import Any, Concatenate, Generic, Literal, ParamSpec, TypeVar

from orchestrator import operations
from orchestrator.model.budget import Load
from orchestrator.model.drive import Drive
from orchestrator.model.errors import ConfigError, InvalidArgument
from orchestrator.model.plain import loads
from orchestrator.model.report import SmartReport
from orchestrator.operations.bench import Bench

P = ParamSpec("P")
R = TypeVar("R")
Answer = Any
"""bool, int, float, str, None, or a frozen dataclass of these and of tuples of them."""
ENTRY_POINTS = "orchestrator.operations"
Check = Callable[..., None]
Sends = tuple[str, ...] | Callable[..., tuple[str, ...]]
Estimate = Callable[..., float | None]


@dataclass(frozen=True, slots=True)
class Between:
    """The range of a number option, both ends included: `Annotated[float, Between(1, 60)]`."""

    least: float
    most: float


class Holds(StrEnum):
    """What a text option means, where that is more than a text: `Annotated[str, Holds.RECIPE]`."""

    TEXT = "text"
    RECIPE = "recipe"
    """The name of one of the rack's recipes; another one is refused at the start."""
    PATH = "path"
    """A file or folder of the host that runs the rack. In a rack file a relative one is beside that file."""


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword-only parameter of an operation."""

    name: str
    type: Any
    """The annotation without its range."""
    default: Any
    """`inspect.Parameter.empty` when the caller must give it."""
    between: Between | None
    help: str
    holds: Holds = Holds.TEXT

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    def check(self, value: Any) -> Any:
        """The value as the operation gets it. Raises InvalidArgument."""
        if not _fits(value, self.type):
            raise InvalidArgument(f"{self.name} is {value!r}; it takes {describe(self.type)}")
        low = self.between
        if low is not None and value is not None and not low.least <= value <= low.most:  # NaN fails both
            raise InvalidArgument(f"{self.name} is {value!r}; it takes {low.least:g} to {low.most:g}")
        return value


class Operation(Generic[P, R]):
    """A declared operation. Callable as the plain function it is."""

    def __init__(
        self,
        function: Callable[Concatenate[Drive, Bench, P], R],
        *,
        pausable: bool,
        resumable: bool = False,
        check: Check | None = None,
        load: Load = Load.LIGHT,
        sends: Sends = (),
        estimate: Estimate | None = None,
        runs_code: bool = False,
    ) -> None:
        self.function = function
        self.name = function.__name__
        self.pausable = pausable
        self.resumable = resumable
        self.load = load
        self.runs_code = runs_code
        self._sends, self._estimate = sends, estimate
        self._check_together = check
        self.__doc__ = function.__doc__
        self.__name__ = self.name
        self.__module__ = function.__module__
        self.__wrapped__ = function
        self.summary = (inspect.getdoc(function) or self.name).splitlines()[0]
        hints = typing.get_type_hints(function, include_extras=True)
        self.answer_type = hints.get("return", inspect.Parameter.empty)
        if self.answer_type is inspect.Parameter.empty or not _storable(self.answer_type):
            raise TypeError(
                f"{self.name} returns {describe(self.answer_type)}; an operation's answer is a bool, int, float, str, "
                "None, or a frozen dataclass of these and of tuples of them"
            )
        self.options = {option.name: option for option in _options(function, hints)}

    def __call__(self, drive: Drive, bench: Bench, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(drive, bench, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def check(self, given: dict[str, Any]) -> dict[str, Any]:
        """The options with their defaults. Raises InvalidArgument for an unknown, missing or wrong one."""
        for name in given:
            if name not in self.options:
                known = ", ".join(self.options) or "none"
                raise InvalidArgument(f"{self.name} takes no option {name!r}; its options: {known}")
        for option in self.options.values():
            if option.required and option.name not in given:
                raise InvalidArgument(f"{self.name} needs the option {option.name}")
        options = {
            name: option.check(given[name]) if name in given else option.default
            for name, option in self.options.items()
        }
        if self._check_together is not None:
            self._check_together(**options)
        return options

    def sends(self, **options: Any) -> tuple[str, ...]:
        """What goes to the drive, with these options, for people: commands, or in words."""
        return self._sends(**options) if callable(self._sends) else self._sends

    def estimate_s(self, drive: Drive, report: SmartReport | None, **options: Any) -> float | None:
        """Rack seconds that it takes, by what the drive says of itself; None = nobody knows."""
        return None if self._estimate is None else self._estimate(drive, report, **options)

    def read_options(self, text: str) -> dict[str, Any]:
        """The options as they were stored, as JSON. ValueError or InvalidArgument where they no longer fit."""
        given = json.loads(text)
        if not isinstance(given, dict):
            raise ValueError(f"{text!r} is no mapping")
        types = {name: option.type for name, option in self.options.items()}
        return self.check({
            name: loads(json.dumps(value), types[name]) if name in types else value for name, value in given.items()
        })  # fmt: skip

    def answer_fits(self, answer: Any) -> bool:
        """Whether the function kept to its annotation."""
        return _fits(answer, self.answer_type)


def operation(
    *,
    pausable: bool = False,
    resumable: bool = False,
    check: Check | None = None,
    load: Load = Load.LIGHT,
    sends: Sends = (),
    estimate: Estimate | None = None,
    runs_code: bool = False,
) -> Callable[[Callable[Concatenate[Drive, Bench, P], R]], Operation[P, R]]:
    """Declare the function below as an operation, under its own name.

    Args:
        pausable: it calls `bench.checkpoint()` often enough to be held there.
        resumable: it can be called again for the same job after a restart, and goes on from what it kept
            (`bench.kept`). Another one that ran then ends as Interrupted.
        load: what it burdens the rack with, for the budget of the rack file.
        check: called at each start with all options by name, each in its range; raises InvalidArgument where they
            do not go together.
        sends: what goes to the drive, for people and dry runs; or a function of the options that says it.
        estimate: called with the drive, its newest report (or None) and all options by name: rack seconds, or None.
        runs_code: an option names code of the caller's that runs on this host. Over the network it then takes a token
            of the scope admin.
    Raises:
        TypeError: the answer's type cannot be stored, or a parameter is not keyword-only or not annotated.
    """
    return lambda function: Operation(
        function, pausable=pausable, resumable=resumable, check=check, load=load,
        sends=sends, estimate=estimate, runs_code=runs_code,
    )  # fmt: skip


Operations = dict[str, Operation[..., Any]]


def shipped() -> Operations:
    """What the modules beside this one declare."""
    found: Operations = {}
    for module in pkgutil.iter_modules(operations.__path__, operations.__name__ + "."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Operation):
                found[value.name] = value
    return found


def collect() -> Operations:
    """The shipped operations and those that installed packages declare by the entry point group. Loads them.

    Raises ConfigError when two have one name or an entry point does not load.
    """
    found = shipped()
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            op = entry.load()
        except Exception as exc:
            raise ConfigError(f"operation {entry.name} ({entry.value}) does not load: {exc!r}") from exc
        if not isinstance(op, Operation):
            raise ConfigError(f"operation {entry.name}: {entry.value} is not declared with @operation()")
        if op.name in found:
            raise ConfigError(f"operation {op.name} is declared twice; {entry.value} is the second")
        found[op.name] = op
    return found


def describe(kind: Any) -> str:
    """The type in words, for an error or a help text."""
    if kind is type(None):
        return "None"
    if typing.get_origin(kind) is Literal:
        return " or ".join(repr(value) for value in typing.get_args(kind))
    if _is_union(kind):
        return " or ".join(describe(part) for part in typing.get_args(kind))
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return words.get(kind, getattr(kind, "__name__", str(kind)))


def _options(function: Callable[..., Any], hints: dict[str, Any]) -> Iterable[Option]:
    parameters = list(inspect.signature(function).parameters.values())
    helps = _argument_help(inspect.getdoc(function) or "")
    for parameter in parameters[2:]:
        if parameter.kind is not parameter.KEYWORD_ONLY or parameter.name not in hints:
            raise TypeError(f"{function.__name__}: {parameter.name} must be keyword-only and annotated")
        kind, between, holds = hints[parameter.name], None, Holds.TEXT
        if typing.get_origin(kind) is typing.Annotated:
            kind, *extras = typing.get_args(kind)
            between = next((extra for extra in extras if isinstance(extra, Between)), None)
            holds = next((extra for extra in extras if isinstance(extra, Holds)), Holds.TEXT)
        yield Option(parameter.name, kind, parameter.default, between, helps.get(parameter.name, ""), holds)


def _argument_help(doc: str) -> dict[str, str]:
    """The lines below "Args:", by argument."""
    found, name, inside = dict[str, str](), "", False
    for line in doc.splitlines():
        if line.strip() == "Args:":
            inside = True
        elif inside and line.startswith("        ") and name:
            found[name] += " " + line.strip()
        elif inside and line.startswith("    "):
            name, _, text = line.strip().partition(": ")
            found[name] = text
        else:
            inside = False
    return found


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)


def _storable(kind: Any) -> bool:
    if kind in (bool, int, float, str, type(None), None):
        return True
    if _is_union(kind):
        return all(_storable(part) for part in typing.get_args(kind))
    origin = typing.get_origin(kind)
    if origin is Literal:
        return all(isinstance(value, bool | int | str) for value in typing.get_args(kind))
    if origin is tuple:
        return all(part is Ellipsis or _storable(part) for part in typing.get_args(kind))
    if not isinstance(kind, type):
        return False
    if issubclass(kind, Enum):
        return issubclass(kind, int | str)
    if not dataclasses.is_dataclass(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return False
    hints = typing.get_type_hints(kind)
    return all(_storable(hints[field.name]) for field in dataclasses.fields(kind))


def _fits(value: Any, kind: Any) -> bool:
    if _is_union(kind):
        return any(_fits(value, part) for part in typing.get_args(kind))
    origin = typing.get_origin(kind)
    if origin is Literal:
        return any(value == choice and type(value) is type(choice) for choice in typing.get_args(kind))
    if origin is tuple:
        parts = typing.get_args(kind)
        if not isinstance(value, tuple):
            return False
        if len(parts) == 2 and parts[1] is Ellipsis:
            return all(_fits(item, parts[0]) for item in value)
        return len(parts) == len(value) and all(map(_fits, value, parts))
    if kind is None or kind is type(None):
        return value is None
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
