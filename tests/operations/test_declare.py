"""What a declaration accepts, and what it refuses at once."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from orchestrator.model.errors import ConfigError, InvalidArgument
from orchestrator.operations import declare
from orchestrator.operations.declare import Between, collect, operation, shipped


@dataclass(frozen=True)
class Point:
    lba: int
    ms: tuple[float, ...]


@dataclass
class Loose:
    lba: int


def test_a_declared_function_stays_callable():
    @operation()
    def double(drive, bench, *, n: int = 2) -> int:
        """Doubles."""
        return 2 * n

    assert double(None, None, n=4) == 8 and double.name == "double" and double.summary == "Doubles."


def test_options_come_from_the_signature_with_their_help():
    @operation()
    def look(drive, bench, *, zone: Literal["outer", "inner"], n: Annotated[int, Between(1, 9)] = 3) -> str:
        """Looks.

        Args:
            zone: where,
                and how far.
            n: how often.
        """
        return zone * n

    zone, n = look.options.values()
    assert (zone.required, n.required, n.default, n.between) == (True, False, 3, Between(1, 9))
    assert (zone.help, n.help) == ("where, and how far.", "how often.")
    assert look.check({"zone": "inner"}) == {"zone": "inner", "n": 3}
    for wrong in ({}, {"zone": "middle"}, {"zone": "outer", "n": 0}, {"zone": "outer", "n": True}, {"zone": 1}):
        with pytest.raises(InvalidArgument):
            look.check(wrong)


@pytest.mark.parametrize(
    "answer", [bool, int, float, str, None, int | None, Point, tuple[Point, ...], tuple[int, str], Literal["a", 1]]
)
def test_an_answer_that_can_be_stored_is_accepted(answer):
    def ask(drive, bench):
        return None

    ask.__annotations__["return"] = answer
    assert operation()(ask).name == "ask"


@pytest.mark.parametrize("answer", [dict, list[int], Loose, object, bytes, set[int], tuple[Loose, ...]])
def test_an_answer_that_cannot_be_stored_is_refused_at_declaration(answer):
    def ask(drive, bench):
        return None

    ask.__annotations__["return"] = answer
    with pytest.raises(TypeError, match="ask returns"):
        operation()(ask)


def test_a_parameter_that_is_not_keyword_only_is_refused_at_declaration():
    def ask(drive, bench, n: int = 1) -> int:
        return n

    with pytest.raises(TypeError, match="keyword-only"):
        operation()(ask)


def test_nan_is_in_no_range():
    @operation()
    def wait(drive, bench, *, s: Annotated[float, Between(0, 9)] = 1.0) -> None:
        """Waits."""

    with pytest.raises(InvalidArgument):
        wait.check({"s": float("nan")})


def test_what_ships_is_found_by_itself():
    assert {"run_smart_test", "read_health"} <= set(shipped())


@pytest.mark.parametrize(
    ("loaded", "words"),
    [(lambda: 1, "not declared"), (shipped()["read_health"], "declared twice"), (ImportError("nope"), "does not load")],
)
def test_a_package_that_declares_wrongly_is_named(monkeypatch, loaded, words):
    class Entry:
        name, value = "mine", "their_package.ops:mine"

        def load(self):
            if isinstance(loaded, Exception):
                raise loaded
            return loaded

    monkeypatch.setattr(declare, "entry_points", lambda group: [Entry()])
    with pytest.raises(ConfigError, match=words):
        collect()
