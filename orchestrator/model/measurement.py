"""A number that a test found, with the limits it was held against."""

import dataclasses
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value. A limit that is None was not asked for."""

    name: str
    """Such as "mean_mb_per_s", or a counter's, such as "attribute_5_raw"."""
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def has_limits(self) -> bool:
        return self.at_least is not None or self.at_most is not None

    @property
    def is_within(self) -> bool:
        """Both limits belong to the range; NaN is outside of every one."""
        low, high = self.at_least, self.at_most
        if low is None and high is None:
            return True
        return (low is None or self.value >= low) and (high is None or self.value <= high)

    @property
    def limits(self) -> str:
        """ "at least 450, at most 600"; "" without limits."""
        parts = (("at least", self.at_least), ("at most", self.at_most))
        return ", ".join(f"{words} {limit:g}" for words, limit in parts if limit is not None)

    def __str__(self) -> str:
        value = f"{self.name} {self.value:.10g}{f' {self.unit}' if self.unit else ''}"
        return f"{value} ({self.limits})" if self.has_limits else value


def measurements_of(answer: Any) -> Iterator[Measurement]:
    """What an operation's answer measured: what it says itself (`measurements`), else its own numbers."""
    told = getattr(answer, "measurements", None)
    if told is not None:
        yield from told
    elif _is_number(answer):
        yield Measurement("answer", answer)
    elif dataclasses.is_dataclass(answer):
        for field in dataclasses.fields(answer):
            if _is_number(value := getattr(answer, field.name)):
                yield Measurement(field.name, value)


def names_of(kind: Any) -> tuple[str, ...] | None:
    """What an answer of this type can measure; None where it may be anything: a type with `measurements` says what in
    MEASURES, or does not."""
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    found: list[str] = []
    for part in parts:
        if hasattr(part, "MEASURES"):
            found += part.MEASURES
        elif hasattr(part, "measurements"):
            return None
        elif part in (int, float):
            found.append("answer")
        elif dataclasses.is_dataclass(part):
            hints = get_type_hints(part)
            found += [
                field.name
                for field in dataclasses.fields(part)
                if {int, float}.intersection(get_args(hints[field.name]) or (hints[field.name],))
            ]
    return tuple(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
