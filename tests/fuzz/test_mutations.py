"""Outputs of real drives, spoilt by seed: nothing raises, nothing hangs, nothing grows, and nothing bad passes.

ORCHESTRATOR_MUTATIONS=N sets how many (2,200 without it); a failure names the file and the seed that brings it back.
The recordings of ../shared/drives take part where they are there.
"""

import json
import os
import random
import re
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.smart_reader import read_report
from orchestrator.model.judge import judge_report
from orchestrator.model.report import SmartReport

HERE = Path(__file__)
FOLDERS = (HERE.parents[1] / "adapters" / "smart_outputs", HERE.parents[2].parent / "shared" / "drives")
SOURCES = {
    path.name: path.read_bytes()
    for folder in FOLDERS
    if folder.is_dir()
    for path in sorted(folder.iterdir())
    if path.suffix in (".txt", ".json")
}
COUNT = int(os.environ.get("ORCHESTRATOR_MUTATIONS", "2200"))
SLICES = 10
LONGEST_S = 1.0
"""Of CPU for one document. A whole output takes 0.5 ms; the longest junk that is read, one MiB, 0.3 s."""

GOOD_LINE = re.compile(r"[ \t]*SMART (?:overall-health self-assessment test result: PASSED|Health Status: OK)\s*")
BAD_LINE = re.compile(r"SMART (?:overall-health self-assessment test result: FAILED|Health Status: .*\[asc=)")
"""A look of their own at the evidence, so that the reader is not its own witness."""


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def cut_head(data: bytes, rng: random.Random) -> bytes:
    return data[rng.randrange(len(data)) :]


def flip(data: bytes, rng: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.choice((1, 3, 30, 300))):
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
    return bytes(spoilt)


def delete_lines(data: bytes, rng: random.Random) -> bytes:
    keep = rng.choice((0.5, 0.9, 0.98))
    return b"".join(line for line in data.splitlines(keepends=True) if rng.random() < keep)


def swap_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(rng.choice((1, 5, 50))):
        one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def repeat_lines(data: bytes, rng: random.Random) -> bytes:
    return b"".join(line * rng.choice((1, 1, 1, 2, 30)) for line in data.splitlines(keepends=True))


def two_in_one(data: bytes, rng: random.Random) -> bytes:
    return data + SOURCES[rng.choice(sorted(SOURCES))]


def junk(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.choice((1, 100, 5_000))) + data[at:]


def localise(data: bytes, rng: random.Random) -> bytes:
    separator = rng.choice((b"'", "’".encode(), "\u00a0".encode(), b"\xa0", b".", b" ", b""))
    return re.sub(rb"(?<=\d),(?=\d{3})", separator, data)


def encode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", errors="replace").replace("\n", rng.choice(("\n", "\r\n", "\r")))
    return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-8-sig", "latin-1")), errors="replace")


def lie_about_numbers(data: bytes, rng: random.Random) -> bytes:
    absurd = (b"0", b"-1", b"9" * 25, b"9" * 5_000, b"", b"NaN", b"0x", b"1e400")
    return re.sub(rb"\d+", lambda found: rng.choice(absurd) if rng.random() < 0.1 else found.group(), data)


def drop_health(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    spoilt = rng.choice((b"", b"SMART overall-health self-assessment test result: ", b"smart_status"))
    return b"".join(
        spoilt if b"overall-health" in line or b"Health Status" in line else line for line in lines
    ).replace(b'"passed"', b'"past"')


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut,
    cut_head,
    flip,
    delete_lines,
    swap_lines,
    repeat_lines,
    two_in_one,
    junk,
    localise,
    encode,
    lie_about_numbers,
    drop_health,
)


def mutate(name: str, seed: int) -> bytes:
    """One to three mutations on top of each other. An empty document ends it early."""
    rng = random.Random(f"{name} {seed}")
    data = SOURCES[name]
    for mutation in rng.choices(MUTATIONS, k=rng.choice((1, 1, 2, 3))):
        data = mutation(data, rng) if data else data
    return data


def says_healthy(data: bytes) -> bool:
    """Whether the evidence for a pass is there, in any encoding that the bytes may be."""
    encodings = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
    return any(_says_healthy(data.decode(encoding, errors="replace").lstrip("\ufeff")) for encoding in encodings)


def _says_healthy(text: str) -> bool:
    """A good health line and no bad one, or a JSON document that says so."""
    if any(f'"{key}"' in text for key in ("smart_status", "json_format_version")):
        try:
            return json.loads(text)["smart_status"]["passed"] is True
        except (ValueError, RecursionError, LookupError, TypeError):
            return False
    lines = re.split(r"\r\n|\r|\n", text)
    return any(GOOD_LINE.fullmatch(line) for line in lines) and not any(BAD_LINE.match(line) for line in lines)


def test_the_sources_are_there():
    assert len(SOURCES) >= 18


def test_the_witness_knows_a_good_output_from_a_bad_one():
    good = b"SMART overall-health self-assessment test result: PASSED\n"
    assert says_healthy(good)
    assert not says_healthy(good.replace(b"PASSED", b"FAILED!"))
    assert not says_healthy(good.replace(b"PASSED", b"PASSED?"))
    assert says_healthy(b'{"smart_status": {"passed": true}}')
    assert not says_healthy(b'{"smart_status": {"passed": true}')


@pytest.mark.parametrize("part", range(SLICES))
def test_a_spoilt_output_never_raises_hangs_or_passes_without_evidence(part):
    names = sorted(SOURCES)
    for seed in range(part, COUNT, SLICES):
        name = names[seed % len(names)]
        data = mutate(name, seed)
        began = time.thread_time()
        report = read_report(data)
        verdict = judge_report(report)
        assert time.thread_time() - began < LONGEST_S, (name, seed)
        assert isinstance(report, SmartReport), (name, seed)
        assert says_healthy(data) or verdict.status != "pass", (name, seed)


JUNK = {
    "brackets": b"[" * 5_000_000,
    "braces": b'{"a":' * 1_000_000,
    "objects": b'{"ata_smart_attributes": {"table": [' + b"{}," * 1_600_000,
    "numbers": b'{"a": [' + b"1," * 2_500_000,
    "newlines": b"\n" * 5_000_000,
    "one line": b"SMART " * 800_000,
    "hashes": b"#\n" * 2_500_000,
    "rows": b"  5 Reallocated_Sector_Ct   PO--CK   100   100   010    -    0\n" * 80_000,
    "tests": b"# 1  Short offline       Completed without error       00%     14516         -\n" * 60_000,
    "colons": b"a: " * 1_600_000,
    "digits": b"User Capacity: " + b"1," * 2_500_000,
    "zeros": bytes(5_000_000),
    "noise": random.Random(1).randbytes(5_000_000),
    "health": b"SMART overall-health self-assessment test result: PASSED\n" * 90_000,
}


@pytest.mark.parametrize("name", JUNK)
def test_five_megabytes_of_junk_are_read_in_bounded_time_and_memory_and_never_pass(name):
    tracemalloc.start()
    try:
        began = time.thread_time()
        verdict = judge_report(read_report(JUNK[name]))
        assert time.thread_time() - began < 10 * LONGEST_S  # tracemalloc itself costs a factor of about five
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 50_000_000
    assert verdict.status != "pass"
