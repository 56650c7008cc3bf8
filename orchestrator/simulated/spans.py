"""The spans of a selective self-test: at most five ranges of LBAs, both ends included, walked one after another.

On the wire: SMART log 09h, the Selective self-test log (ACS-3 A.15; struct ata_selective_self_test_log of smartctl's
atacmds.h). An unused span is 0 to 0.
"""

import struct
from collections.abc import Iterable
from typing import Final

Span = tuple[int, int]
SPANS: Final = 5
NONE: Final[Span] = (0, 0)


def sectors_of(spans: Iterable[Span]) -> int:
    return sum(last - first + 1 for first, last in spans if (first, last) != NONE)


def place_of(spans: Iterable[Span], fraction: float) -> tuple[int, int]:
    """Which span (1 to 5) and which LBA a test has reached after this fraction of its way; (0, 0) past the end."""
    spans = tuple(spans)
    left = int(fraction * sectors_of(spans))
    for number, (first, last) in enumerate(spans, start=1):
        wide = 0 if (first, last) == NONE else last - first + 1
        if left < wide:
            return number, first + left
        left -= wide
    return 0, 0


def first_met(spans: Iterable[Span], lbas: Iterable[int]) -> Span | None:
    """The first of these LBAs on the way, after how many sectors; None where the way meets none."""
    passed, wanted = 0, tuple(lbas)
    for first, last in spans:
        if (first, last) != NONE:
            met = [lba for lba in wanted if first <= lba <= last]
            if met:
                return passed + min(met) - first, min(met)
            passed += last - first + 1
    return None


def packed(spans: Iterable[Span], current: tuple[int, int]) -> bytearray:
    """Log 09h, without its checksum; `current` is span and LBA under test, or (0, 0)."""
    page = bytearray(512)
    page[0] = 1
    for number, span in enumerate(spans):
        struct.pack_into("<QQ", page, 2 + 16 * number, *span)
    struct.pack_into("<QH", page, 492, current[1], current[0])
    return page


def unpacked(page: bytes) -> tuple[Span, ...]:
    return tuple(struct.unpack_from("<QQ", page, 2 + 16 * number) for number in range(SPANS))


def following(span: Span, sectors: int) -> Span:
    """smartctl's `-t select,next`: the next one of the same size, from the start again after the drive's end.

    The last one on the way is moved and made smaller, so that all spans of a round are of one size.
    """
    if span[1] == 0:
        return NONE
    wide = span[1] - span[0] + 1
    first = span[1] + 1 if span[1] + 1 < sectors else 0
    if first + wide <= sectors:
        return first, first + wide - 1
    rounds = -(-sectors // wide)
    return sectors - -(-sectors // rounds), sectors - 1
