"""Whether a program said what a page shows: line by line and in order, but for what differs from day to day.

Any number is as good as any other, and so is the width of a gap; `...` stands for anything, alone in a line for lines.
"""

import re
from itertools import pairwise


def commands_of(text: str) -> list[str]:
    """Of a sh block: what continues over a line (a backslash, an open quote, a here-document) is one command."""
    found, open_ = list[str](), ""
    for line in text.splitlines():
        open_ = f"{open_}\n{line}" if open_ else line
        if not _goes_on(open_):
            if open_.strip() and not open_.lstrip().startswith("#"):
                found.append(open_)
            open_ = ""
    assert not open_, f"never ends: {open_}"
    return found


def _goes_on(text: str) -> bool:
    if (document := re.search(r"<<-?\s*'?\"?(\w+)", text)) and not re.search(rf"\n\s*{document[1]}$", text):
        return True
    if document:
        return False
    bare = re.sub(r"(^|\s)#.*$", "", re.sub(r"'[^']*'|\"[^\"]*\"", "", text), flags=re.MULTILINE)
    return text.endswith("\\") or "'" in bare or '"' in bare


def dialogue_of(text: str) -> list[tuple[str, str]]:
    """Of a console block: each command behind its `$ `, and what is shown below it."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("$ ")]
    assert starts and starts[0] == 0, "a console block begins with `$ `"
    return [(lines[n][2:], "\n".join(lines[n + 1 : end])) for n, end in pairwise((*starts, len(lines)))]


def missing(shown: str, said: str) -> str:
    """The first line that is shown and was not said behind the one before; "" where there is none."""
    left = iter(said.splitlines())
    for line in shown.splitlines():
        if line.strip() in ("", "..."):
            continue
        pattern = _pattern(line)
        if not any(pattern.fullmatch(_plain(other)) for other in left):
            return line
    return ""


def _plain(line: str) -> str:
    return " ".join(line.split())


def _pattern(line: str) -> "re.Pattern[str]":
    parts = re.split(r"(\.\.\.|\d+(?:[.,:]\d+)*)", _plain(line))
    kinds = [
        ".*" if part == "..." else r"\d+(?:[.,:]\d+)*" if part[:1].isdecimal() else re.escape(part) for part in parts
    ]
    return re.compile("".join(kinds))
