"""Bytes to lines, whatever wrote them: encodings, line ends, floods. Bounded in time and memory."""

LONGEST_DOCUMENT = 1 << 20
"""Bytes. smartctl's longest output (-x with every log) is below 300 KB; more is junk, and is not read."""
MOST_LINES = 20_000
LONGEST_LINE = 400
LONGEST_NAME = 64


def decode(document: bytes | str) -> tuple[str, bool]:
    """The text, and whether it was read whole. Bytes that are no text become U+FFFD; nothing raises."""
    whole = len(document) <= LONGEST_DOCUMENT
    document = document[:LONGEST_DOCUMENT]
    if isinstance(document, bytes):
        document = document.decode(_encoding(document), errors="replace")
    return document.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), whole


def _encoding(document: bytes) -> str:
    if document.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = document[:400]
    if head.count(0) * 5 > len(head) * 2:  # Latin letters in UTF-16: every other byte is zero
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    return "utf-8"


def lines_of(text: str) -> tuple[list[str], bool]:
    """The lines, and whether these are all. A line's end is cut where no smartctl line goes."""
    lines = text.split("\n", MOST_LINES)
    return [line[:LONGEST_LINE].rstrip() for line in lines[:MOST_LINES]], len(lines) <= MOST_LINES


def clean(text: str, longest: int = LONGEST_NAME) -> str:
    """Printable and short: a drive's name must not carry control characters into terminals and logs."""
    text = text[: longest * 4]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text.strip()[:longest]
