"""A report as JSON: the record itself. Its schema is docs/report.schema.json."""

import json
from typing import Any

from orchestrator.interfaces import outcome
from orchestrator.interfaces.report.record import Report


def to_json(report: Report) -> bytes:
    """ASCII; a number that JSON does not know is null."""
    return _text(_finite(outcome.plain(report)))


def schema() -> bytes:
    """The JSON Schema (2020-12) of what `to_json` gives."""
    from pydantic import TypeAdapter

    found = TypeAdapter(Report).json_schema(mode="serialization")
    return _text({"$schema": "https://json-schema.org/draft/2020-12/schema", **found})


def _text(value: Any) -> bytes:
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def _finite(value: Any) -> Any:
    match value:
        case float() if value - value != 0:
            return None
        case dict():
            return {name: _finite(item) for name, item in value.items()}
        case list():
            return [_finite(item) for item in value]
    return value
