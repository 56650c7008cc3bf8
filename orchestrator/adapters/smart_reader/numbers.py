"""Numbers as smartctl prints them in whatever locale it ran: 1,234 · 1.234 · 1'234 · 1’234 · 1 234.

What is no number, or longer than any counter (NVMe's have 128 bits), is None and never zero.
"""

import re

LONGEST = 40
"""Digits of a 128-bit counter, rounded up. Also keeps int() away from its 4,300-digit limit."""
_GROUPED = re.compile(r"\d{1,40}(?!\d)(?:[\s.,'’`´\u066c\ufffd\x92?-]{1,3}\d{2,3}(?!\d))*")
_LEADING = re.compile(r"[+-]?\d{1,40}(?!\d)")
_HEX = re.compile(r"0x([0-9a-fA-F]{1,16})(?![0-9a-zA-Z])")


def grouped(text: str) -> int | None:
    """The whole number that `text` begins with, its thousands grouped in any manner ("1'200'243 bytes")."""
    found = _GROUPED.match(text.lstrip()[:120])
    if found is None:
        return None
    digits = "".join(filter(str.isdecimal, found.group()))
    return int(digits) if len(digits) <= LONGEST else None


def leading(text: str) -> int | None:
    """The plain whole number that `text` begins with ("43 (Min/Max 29/46)", "1069h+24m")."""
    found = _LEADING.match(text.lstrip()[:120])
    return int(found.group()) if found else None


def hexadecimal(text: str) -> int | None:
    """The 0x number that `text` begins with."""
    found = _HEX.match(text.lstrip()[:40])
    return int(found.group(1), 16) if found else None
