"""The pages that people read, cut into their fenced blocks.

README.md, docs/*.md ──▶ Block: page, line, language, text, and what stands in HTML comments right above the fence

    <!-- not run: needs a USB dock -->       why no test runs it; test_blocks.py counts these
    <!-- before: code -->                    of the block's language; run first, as it is
    <!-- file: name -->                      the block is a file of that name; so it is below a line "`name`:",
                                             and where its first line is "# name"
    <!-- exit: 1 -->                         what its commands may end with, beside 0
    <!-- output -->                          what the block before prints
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
WORDS = ("not run", "before", "file", "exit", "output")
_COMMENT = re.compile(r"<!--\s*(.*?)\s*-->", re.DOTALL)
_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_TITLED = re.compile(r"# ([\w./-]+\.(?:py|yaml|toml|ini))$", re.MULTILINE)
_NAMED = re.compile(r"^`([\w./-]+)`:\s*\Z", re.MULTILINE)
_ABOVE = re.compile(r"(?:<!--(?:(?!-->).)*-->\s*)+\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    line: int
    """Of the fence."""
    language: str
    text: str
    not_run: str = ""
    before: str = ""
    file: str = ""
    exit: int = 0
    output: bool = False

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> tuple[Block, ...]:
    text = path.read_text("utf-8")
    return tuple(_block(path, text, match) for match in _FENCE.finditer(text))


def _block(path: Path, text: str, match: "re.Match[str]") -> Block:
    page = path.relative_to(ROOT).as_posix()
    line = text.count("\n", 0, match.start()) + 1
    above = text[: match.start()]
    comments = found[0] if (found := _ABOVE.search(above)) else ""
    said = dict(_said(comments, f"{page}:{line}"))
    named = _NAMED.search(above[: len(above) - len(comments)].rstrip("\n") + "\n") or _TITLED.match(match[3])
    return Block(
        page=page,
        line=line,
        language=match[2].strip(),
        text=textwrap.dedent(match[3]),
        not_run=said.get("not run", ""),
        before=said.get("before", ""),
        file=said.get("file", named[1] if named else ""),
        exit=int(said.get("exit", "0")),
        output="output" in said,
    )


def _said(comments: str, where: str) -> Iterator[tuple[str, str]]:
    for comment in _COMMENT.findall(comments):
        word, _, value = comment.partition(":")
        assert word in WORDS, f"{where}: <!-- {word} is none of {WORDS}"
        yield word, value.strip()


def prose_of(path: Path) -> str:
    """The page without its blocks and comments; their lines are left empty, so that the others keep their numbers."""

    def empty(match: "re.Match[str]") -> str:
        return "\n" * match[0].count("\n")

    return _COMMENT.sub(empty, _FENCE.sub(empty, path.read_text("utf-8")))
