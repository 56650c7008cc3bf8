"""What the section readers have seen so far. The first to say a thing is believed; a bad health line always is."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, NamedTuple

from orchestrator.model.report import SelfTestEntry, SelfTestOutcome, SmartReport


class Field(NamedTuple):
    """One field of the report and the line or key that says so. A value of None says nothing."""

    name: str
    value: object
    source: str = ""


Fields = Iterator[Field]
_REPORTED = frozenset(field.name for field in fields(SmartReport)) - {"health_source", "sources"}


class Findings:
    """Collects fields into a SmartReport."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._sources: dict[str, str] = {}

    def put(self, field: Field) -> None:
        name, value, source = field
        if value is None or (name in self._values and not self._worse(name, value)):
            return
        self._values[name] = value
        if source:
            self._sources[name] = source

    def _worse(self, name: str, value: object) -> bool:
        return (name == "health_passed" and value is False) or (name == "critical_warning" and not self._values[name])

    def put_log(self, entries: list[SelfTestEntry]) -> None:
        """A self-test log as it was printed, newest first: its running head is kept apart."""
        if entries and entries[0].outcome is SelfTestOutcome.RUNNING:
            self.put(Field("running_entry", entries[0]))
        finished = tuple(entry for entry in entries if entry.outcome is not SelfTestOutcome.RUNNING)
        if entries:
            self.put(Field("self_test_log_seen", True))
        self.put(Field("self_tests", finished or None))

    def get(self, name: str) -> Any:
        return self._values.get(name)

    def report(self) -> SmartReport:
        """The fields a SmartReport has; readers also leave notes for each other (such as SCSI's vendor)."""
        values = {name: value for name, value in self._values.items() if name in _REPORTED}
        source = self._sources.get("health_passed", "")
        return SmartReport(**values, health_source=source, sources=tuple(self._sources.items()))
