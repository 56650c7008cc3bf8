"""How the child reads on and finds unreadable places: with a `pread` of our own, so EIO, ENODATA and the rest alike."""

import errno
import io
import json
import random

import pytest

from orchestrator.adapters.reader_child import BLOCK, PLACE, SLOWEST, Reader, main

SIZE = 24 * BLOCK


class Medium:
    """A medium in which some bytes cannot be read."""

    def __init__(self, bad, number=errno.EIO, *, partial=False):
        self.bad, self.number, self.partial = bad, number, partial
        self.read, self.failed = set(), 0

    def __call__(self, offset, length):
        hit = [first for first, end in self.bad if first < offset + length and offset < end]
        if hit and self.partial and min(hit) // 512 * 512 > offset:
            length = min(hit) // 512 * 512 - offset  # as the kernel does: what it has, then the error
        elif hit:
            self.failed += 1
            raise OSError(self.number, "unreadable")
        self.read.update(range(offset // 512, (offset + length) // 512))
        return length


def scan(medium, start=0, end=SIZE, clock=None):
    reader, bad = Reader(medium, clock) if clock else Reader(medium), []
    while start < end:
        found = reader.stretch(start, end)
        bad += found["bad"]
        start = found["at"]
    return bad


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODATA, errno.EILSEQ, errno.EREMOTEIO])
def test_what_the_medium_cannot_read_is_found_to_4_kib(number):
    medium = Medium([(5 * BLOCK + 700_000, 5 * BLOCK + 700_001)], number)
    first = (5 * BLOCK + 700_000) // PLACE * PLACE
    assert scan(medium) == [(first, first + PLACE)]
    assert len(medium.read) == (SIZE - PLACE) // 512, "all else was read"


@pytest.mark.parametrize("number", [errno.ENXIO, errno.ENODEV, errno.ETIMEDOUT])
def test_a_drive_that_is_gone_has_no_bad_places(number):
    with pytest.raises(OSError, match="unreadable"):
        scan(Medium([(0, SIZE)], number))


@pytest.mark.parametrize("seed", range(30))
def test_any_places_in_any_range_are_found_and_nothing_else_is_read_or_told(seed):
    rng = random.Random(seed)
    start = rng.choice((0, 512 * rng.randrange(SIZE // 1024)))
    end = rng.choice((SIZE, start + 512 * rng.randrange(1, (SIZE - start) // 512)))
    bad = []
    for _ in range(rng.randrange(6)):
        first = 512 * rng.randrange(SIZE // 512)
        bad.append((first, first + 512 * rng.choice((1, 1, 8, 100, 3000))))
    medium = Medium(bad, partial=rng.random() < 0.5)
    found = scan(medium, start, end)
    expected = {
        place
        for first, stop in bad
        for place in range(first // PLACE * PLACE, stop, PLACE)
        if place < min(stop, end) and max(start, first) < min(place + PLACE, stop, end)
    }
    assert [first // PLACE * PLACE for first, _ in found] == sorted(expected)
    if not medium.partial:
        assert {first for first, _ in found} == {max(start, place) for place in expected}
    assert all(start <= first < stop <= end for first, stop in found)
    assert all(start <= lba * 512 < end for lba in medium.read)
    told = {lba for first, stop in found for lba in range(first // 512, stop // 512)}
    assert medium.read | told == set(range(start // 512, end // 512)), "read, or told"


def test_one_bad_place_costs_few_failing_reads():
    """Each may take a real drive seconds."""
    medium = Medium([(5 * BLOCK + 700_000, 5 * BLOCK + 700_001)])
    scan(medium)
    assert medium.failed <= 16


def test_a_long_bad_area_costs_one_failing_read_a_place():
    medium = Medium([(4 * BLOCK, 5 * BLOCK)])
    assert len(scan(medium)) == 256
    assert medium.failed <= 256 + 8


def test_a_stretch_ends_after_about_a_second_and_goes_on_where_it_ended():
    now = iter(range(0, 10**12, 250_000_000))
    reader = Reader(Medium([]), lambda: next(now))
    found = reader.stretch(0, SIZE)
    assert found["at"] == 4 * BLOCK
    assert reader.stretch(found["at"], SIZE)["at"] == 8 * BLOCK


def test_the_slowest_reads_are_told_with_their_times():
    costs = [1] * 200
    costs[77], costs[150] = 90, 400
    ticks, at = [0], iter(costs)

    def clock():
        return ticks[0]

    def pread(offset, length):
        ticks[0] += next(at) * 1_000_000
        return length

    slow = Reader(pread, clock).stretch(0, 200 * BLOCK)["slow"]
    assert len(slow) == SLOWEST
    assert slow[-2:] == [(77 * BLOCK, 90_000_000), (150 * BLOCK, 400_000_000)]


def test_a_path_that_cannot_be_opened_is_told_with_its_errno(tmp_path):
    said = io.StringIO()
    main(str(tmp_path / "nothing"), io.StringIO(), said)
    assert json.loads(said.getvalue())["errno"] == errno.ENOENT


def test_it_speaks_a_line_a_request(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(bytes(3 * BLOCK + 700))
    said = io.StringIO()
    main(str(path), io.StringIO(f"0 {BLOCK}\n{BLOCK} {3 * BLOCK + 512}\n"), said)
    hello, *found = map(json.loads, said.getvalue().splitlines())
    assert hello == {"size": 3 * BLOCK + 512, "sector": 512}
    assert [part["at"] for part in found] == [BLOCK, 3 * BLOCK + 512]
