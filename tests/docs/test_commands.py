"""Every command that is written somewhere is one, with options that it has: in prose, help texts, comments, remedies.

The blocks of the pages are run by test_blocks.py.
"""

import re
from collections.abc import Iterator
from typing import Any

import typer.main

from orchestrator.interfaces.cli import app
from tests.docs.pages import PAGES, ROOT, prose_of

COMMAND = re.compile(r"orchestrator ((?:[a-z][\w-]*|-)(?: [^`\n|>#)]+)?)")
SOURCES = (*(ROOT / "config").glob("**/*.yaml"), ROOT / "docs" / "orchestrator.service")
PLACEHOLDER = re.compile(r"[A-Z]|\w+\|")


def written() -> Iterator[tuple[str, str]]:
    """Where, and the words behind `orchestrator`."""
    for path in PAGES:
        for span in re.findall(r"`([^`]+)`", prose_of(path)):
            if span.startswith("orchestrator "):
                yield path.name, span.removeprefix("orchestrator ")
    for name, command in commands(ROOT_COMMAND, ()):
        for line in (command.help or "").split("Examples:")[1:]:
            yield from ((f"{name} --help", found) for found in COMMAND.findall(line))
    for path in SOURCES:
        yield from ((path.name, found) for found in COMMAND.findall(path.read_text("utf-8")))
    for path in (ROOT / "orchestrator").rglob("*.py"):
        for found in re.findall(r"`orchestrator ([a-z][^`\n]*)`", path.read_text("utf-8")):
            yield path.name, found


def commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    context = group.make_context("orchestrator", ["--help"], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield " ".join((*path, name)), command
        if hasattr(command, "list_commands"):
            yield from commands(command, (*path, name))


ROOT_COMMAND: Any = typer.main.get_command(app)


def mistake(words: list[str]) -> str:
    command = ROOT_COMMAND
    while hasattr(command, "list_commands") and words and not PLACEHOLDER.match(words[0]) and words[0] != "--help":
        name, *words = words
        context = command.make_context("orchestrator", ["--help"], resilient_parsing=True)
        found = command.get_command(context, name)
        if found is None:
            return f"no command {name!r}"
        command = found
    options = {"--help", *(option for given in command.params for option in given.opts)}
    unknown = [word for word in words if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in options]
    return f"{command.name} has no {', '.join(unknown)}" if unknown else ""


def test_every_command_that_is_written_somewhere_is_one():
    wrong, count = list[str](), 0
    for where, text in written():
        words = [word.strip("`,.;:)\"'") for word in re.sub(r"\{[^}]*\}", "X", text).split()]
        count += 1
        if said := mistake(words):
            wrong.append(f"{where}: orchestrator {text}: {said}")
    assert not wrong, "\n".join(wrong)
    assert count > 100
