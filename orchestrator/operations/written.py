"""Options as people write them, on the command line and in YAML: texts, read as what the option takes."""

from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from orchestrator.operations.declare import Option


def value_of(option: Option, text: str) -> Any:
    """What was written, as the operation takes it. Raises InvalidArgument, in the words of the option's own check."""
    alone = option.type if get_origin(option.type) in (Literal, tuple) else None
    for kind in (alone,) if alone else get_args(option.type) or (option.type,):
        try:
            return option.check(_read(kind, text))
        except ValueError:
            continue
    return option.check(text)


def _read(kind: Any, text: str) -> Any:
    """Raises ValueError where the text is none of this kind."""
    if get_origin(kind) is Literal:
        return next((value for value in get_args(kind) if str(value) == text), text)
    if kind is NoneType and text.lower() != "none":
        raise ValueError
    if kind is NoneType:
        return None
    if kind is bool:
        return ("false", "no", "true", "yes").index(text.lower()) > 1
    if kind in (int, float) or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(text)
    return text
