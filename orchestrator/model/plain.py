"""Values as JSON text and back, by their type: an operation's options, answer and memo, as they are stored and sent.

Writing needs the standard library alone. Reading a dataclass back is pydantic's work, imported where it is done.
"""

import dataclasses
import functools
import json
from typing import Any

_SIMPLE = (bool, int, float, str, type(None))


def dumps(value: object) -> str:
    """Of a bool, int, float, str, None, or a dataclass, tuple or dictionary of these."""
    if type(value) in _SIMPLE:
        return json.dumps(value)
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)


def loads(text: str, kind: Any) -> Any:
    """What was written, as this type. ValueError when it is none."""
    value = json.loads(text)
    if type(value) in _SIMPLE and type(value) is kind:
        return value
    return _adapter(kind).validate_json(text)


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{value!r} is no plain value")


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
