"""The lines between a suite's process and the job that runs it: JSON, one message a line, read as what they must be.

    {"say": "collected", "count": 3}   {"say": "began", "name": "..."}   {"say": "apart"}
    {"say": "case", "case": {...}}
    {"say": "ask", "id": 7, "verb": "...", "given": {...}}
        ◀── {"id": 7, "value": ...} or {"id": 7, "error": {code, text, remedy}, "over": false}
    {"say": "finished", "status": 0}

`over`: the job is to end, and every further question is answered the same.
"""

import dataclasses
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from orchestrator.model.errors import OrchestratorError, ToolFailed
from orchestrator.model.plain import loads
from orchestrator.model.suite import CaseResult
from orchestrator.model.suite_talk import Apart, Asked, Began, Collected

LONGEST_NAME, LONGEST_TEXT = 500, 1_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Finished:
    """pytest's session is over."""

    exit_status: int


class Lines:
    """Bytes as they come, taken line by line."""

    def __init__(self, longest: int) -> None:
        self._longest, self._bytes, self._from = longest, bytearray(), 0

    def put(self, data: bytes) -> None:
        self._bytes += data

    def take(self) -> bytes | None:
        """None when no whole line is there. ToolFailed for one that is too long."""
        end = self._bytes.find(b"\n", self._from)
        if end < 0:
            if len(self._bytes) > self._longest:
                self._bytes.clear()
                self._from = 0
                raise ToolFailed("the suite's process sent a line that is too long for any message of the plugin")
            self._from = len(self._bytes)
            return None
        line = bytes(self._bytes[:end])
        del self._bytes[: end + 1]
        self._from = 0
        return line


def read(line: bytes) -> Collected | Began | CaseResult | Apart | Asked | Finished:
    """Raises ToolFailed for what is none of these."""
    try:
        found = json.loads(line)
        match found:
            case {"say": "collected", "count": int(count)} if count >= 0:
                return Collected(count)
            case {"say": "began", "name": str(name)}:
                return Began(clean(name, LONGEST_NAME))
            case {"say": "case", "case": case}:
                result: CaseResult = loads(json.dumps(case), CaseResult)
                name, text = clean(result.name, LONGEST_NAME), clean(result.text, LONGEST_TEXT)
                return replace(result, name=name, text=text)
            case {"say": "apart"}:
                return Apart()
            case {"say": "ask", "id": int(number), "verb": str(verb), "given": dict(given)}:
                return Asked(number, verb, given)
            case {"say": "finished", "status": int(status)}:
                return Finished(status)
    except (ValueError, RecursionError):  # no JSON, not UTF-8, no CaseResult, a number of a million digits
        pass
    raise ToolFailed(
        f"the suite's process sent what is no message of the plugin: {clean(line[:80].decode('utf-8', 'replace'), 80)}",
        remedy="see what else in the suite writes to its line",
    )


def answer(number: int, value: Any, error: OrchestratorError | None = None, *, over: bool = False) -> bytes:
    if error is not None:
        told = {"id": number, "error": {"code": error.code, "text": error.text, "remedy": error.remedy}, "over": over}
        return json.dumps(told).encode() + b"\n"
    return json.dumps({"id": number, "value": value}, default=_plain).encode() + b"\n"


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is no plain value")


def clean(text: str, longest: int) -> str:
    """On one line, without what a terminal would obey or a store cannot take."""
    whole = " ".join(_COLOURS.sub("", text).split())
    shown = "".join(char if char.isprintable() else "?" for char in whole)
    return shown if len(shown) <= longest else f"{shown[: longest - 4]} ..."


def last_lines(output: bytes, count: int) -> str:
    lines = [clean(line, 200) for line in output.decode("utf-8", "replace").splitlines()]
    return " / ".join([line for line in lines if line][-count:])
