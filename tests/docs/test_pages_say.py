"""What the pages say in words is what the program has: keys, routes, messages, methods."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator import Rack
from orchestrator.interfaces.web.app import create_app
from orchestrator.settings.rack_file import RackSettings
from tests.docs.pages import ROOT, prose_of

DOCS = ROOT / "docs"
ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
PARTS = {
    "": "",
    "A slot": "slots.*",
    "A match": "slots.*.match",
    "A range": "ranges.*",
    "A plan": "plans.*",
    "When": "plans.*.when",
    "Temperature": "temperature",
    "smartctl": "smartctl",
    "Store": "store",
    "Alerts": "alerts.*",
    "Chassis": "chassis",
    "Simulated": "simulated",
}
"""Headings of docs/rack.md, and the part of a rack file that each tells."""


# -- rack.md


def keys(schema: dict[str, Any], node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every part that a rack file can have, and each of its keys."""
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    for form in node.get("anyOf", ()):
        yield from keys(schema, form, path)
    for name, value in node.get("properties", {}).items():
        yield path, name
        yield from keys(schema, value, f"{path}.{name}".lstrip("."))
    for inner in (node.get("items"), node.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from keys(schema, inner, f"{path}.*")


def test_the_page_of_the_rack_file_tells_every_key_of_it_and_no_other():
    schema = RackSettings.model_json_schema()
    there = dict[str, set[str]]()
    for part, key in keys(schema, schema):
        there.setdefault(part, set()).add(key)
    every_key = prose_of(DOCS / "rack.md").split("## Every key")[1].split("\n## ")[0]
    told = {title.strip(): set(ROW.findall(text)) for title, text in sections(every_key)}
    for heading, part in PARTS.items():
        assert told.pop(heading) == there.pop(part), heading or "at the top"
    assert told.pop("Budget") == there.pop("budget") | there.pop("budget.rack") | there.pop("budget.controller")
    assert not told, "of what?"
    known = ("plan", "temperature", "match", "when")
    assert all(part.rpartition(".")[2] in known for part in there), "the parts that stand in several places"


def sections(text: str) -> Iterator[tuple[str, str]]:
    first, *others = text.split("\n### ")
    yield "", first
    yield from (part.partition("\n")[::2] for part in others)


# -- rest.md


def test_the_page_of_rest_names_every_route_and_no_other():
    with Rack.simulated(slots=1) as rack:
        described = create_app(rack).openapi()["paths"]
    there = {shape(path.removeprefix("/api/v1")) for path in described}
    tables = (DOCS / "rest.md").read_text().split("## Every route")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in tables.splitlines() if line.startswith("| `/")]
    told = {shape(path) for row in rows for path in re.findall(r"`(/[^`]+)`", row)}
    assert told == there


def shape(path: str) -> str:
    """Whatever the names of its parameters; each operation has a route of its own in the document."""
    bare = re.sub(r"\{\w+\}", "{}", path)
    return re.sub(r"^/operations/\w+$", "/operations/{}", re.sub(r"/report/(before|after)$", "/report/{}", bare))


# -- troubleshooting.md


def texts() -> Iterator[str]:
    """Every text of the program, with ... where something is put in."""
    for path in (ROOT / "orchestrator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)


def test_every_message_of_the_troubleshooting_is_one_of_the_programs():
    page = prose_of(DOCS / "troubleshooting.md")
    bold = re.findall(r"\*\*(.*?)\*\*", page)
    messages = [text for part in bold for text in re.findall(r"`([^`]+)`", part) if " " in text and text[:2] != "--"]
    assert len(messages) >= 40, "symptoms"
    wrong = list[str]()
    said = "\n".join(text.replace("\n", " ") for text in texts())
    for message in messages:
        parts = [re.escape(part.strip()) for part in message.split("...") if part.strip()]
        if not re.search(r"[^\n]*".join(parts), said):
            wrong.append(message)
    assert not wrong, "\n".join(wrong)


# -- remote.md


@pytest.fixture
def far():
    from orchestrator.remote.rack import RemoteRack

    return RemoteRack


def test_what_the_page_of_remote_racks_says_is_not_there_is_not_there(far):
    (sentence,) = re.findall(r"Not there: (.*?)\.", (DOCS / "remote.md").read_text())
    for name in re.findall(r"`(\w+)`", sentence):
        assert not hasattr(far, name), name
        assert hasattr(Rack, name), name


# -- safety.md


def test_the_page_of_safety_tells_what_every_operation_sends():
    from orchestrator.operations.declare import shipped

    (table,) = re.findall(r"## What is sent\n(.*?)\n\n[^|\n]", (DOCS / "safety.md").read_text(), re.DOTALL)
    assert set(re.findall(r"`(\w+)`", re.sub(r"^(\|[^|]*\|).*$", r"\1", table, flags=re.MULTILINE))) == set(shipped())
