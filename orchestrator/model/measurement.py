"""A number that a test found, with the limits it was held against."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
