"""A table for a person: drawn by rich on a terminal, plain columns otherwise. What drives say is text, never markup."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {"pass": "green", "warn": "yellow", "fail": "bold red", "unknown": "magenta"}


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(rich_table(heads, rows))
    else:
        print(plain_table(heads, rows))


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns by width, the last one as long as it is."""
    lines = [heads, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(heads) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )


def rich_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, line: int | None = None) -> "Table":
    """`line`: so many characters wide, a line a row, and what is too long for the last column is cut off."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads) - 1)]
    left = None if line is None else max(len(heads[-1]), line - sum(widths) - 2 * len(widths))
    for head in heads[:-1]:
        table.add_column(head, no_wrap=True)
    table.add_column(
        heads[-1], no_wrap=line is not None, overflow="fold" if line is None else "ellipsis", max_width=left
    )
    for row in rows:
        table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    return table
