"""Readers for lines of the form "Key: value", which is most of what smartctl prints. Each table names its keys."""

from collections.abc import Callable

from orchestrator.adapters.smart_reader.findings import Field, Fields
from orchestrator.adapters.smart_reader.numbers import grouped, leading
from orchestrator.adapters.smart_reader.text import clean
from orchestrator.model.drive import Protocol

KeyReader = Callable[[str, str], Fields]
"""Called with the value and the whole line."""


def name(field: str, protocol: Protocol | None = None) -> KeyReader:
    """A word or two about the drive; `protocol` where only one kind of drive is described with this key."""

    def read(value: str, _line: str) -> Fields:
        yield Field(field, clean(value) or None)
        yield Field("protocol", protocol)

    return read


def count(field: str) -> KeyReader:
    """A counter, grouped by locale or not ("19,181", "100%")."""

    def read(value: str, line: str) -> Fields:
        yield Field(field, grouped(value), line)

    return read


def celsius(value: str, line: str) -> Fields:
    """ "43 Celsius", "30 C"; "<not available>" says nothing."""
    degrees = leading(value)
    yield Field("temperature_celsius", degrees if degrees is not None and abs(degrees) < 1000 else None, line)


def hexadecimal_name(field: str) -> KeyReader:
    """ "0x5000c50093c7021b", "5 000c50 0a1b2c3d4", "002538 bb01501f70": lower-case, without blanks and 0x."""

    def read(value: str, _line: str) -> Fields:
        digits = value.replace(" ", "").lower().removeprefix("0x")
        whole = len(digits) <= 32 and digits.isalnum() and all(char in "0123456789abcdef" for char in digits)
        yield Field(field, digits if whole else None)

    return read
