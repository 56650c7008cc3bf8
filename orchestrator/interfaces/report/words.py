"""Drives' and tests' words, made harmless for what is read by people: one line, nothing that a terminal, a spreadsheet
or an XML reader would take for more than text.
"""

import re

_ILLEGAL = re.compile("[^ -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2, without C1
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def shown(text: str) -> str:
    """On one line; what cannot be printed, such as control characters and marks that turn the direction, is U+FFFD."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() and not _ILLEGAL.match(char) else "\ufffd" for char in text)


def cell(text: str) -> str:
    """For a spreadsheet: what it would calculate stands behind an apostrophe. OWASP, CSV injection."""
    text = shown(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
