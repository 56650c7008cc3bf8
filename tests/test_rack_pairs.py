"""The typed pairs in pairs.py are what the declarations say: names, options, defaults and answers."""

import inspect
import typing

import pytest

from orchestrator import Rack
from orchestrator.operations.declare import shipped
from orchestrator.pairs import Pairs

OPERATIONS = sorted(shipped().items())


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_a_shipped_operation_has_its_typed_pair(name, operation):
    start, result = getattr(Rack, name), getattr(Rack, f"{name}_result")
    parameters = inspect.signature(start).parameters
    assert list(parameters) == ["self", "client_ref", "slot_id", *operation.options, "parent"]
    hints = typing.get_type_hints(start)
    for option in operation.options.values():
        assert parameters[option.name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[option.name].default == option.default
        assert hints[option.name] == option.type
    assert hints["return"] is int
    assert typing.get_type_hints(result)["return"] == operation.answer_type


def test_no_pair_is_left_of_an_operation_that_is_gone():
    pairs = {name.removesuffix("_result") for name in vars(Pairs) if name.endswith("_result")} - {""}
    assert pairs == {name for name, _ in OPERATIONS}
