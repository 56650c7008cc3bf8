"""Whatever smartctl prints, a read ends in a report of the right drive or in one of our errors."""

import os
import random
import threading
from pathlib import Path

import pytest

from orchestrator.adapters.smartctl import Smartctl
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.errors import NoAnswer, ToolFailed
from orchestrator.model.ports import Event, Finished

MUTATIONS = int(os.environ.get("SMARTCTL_MUTATIONS", "100"))
"""Of each document and of each way; 3000 for the full figure."""
STAND_INS = Path(__file__).parent / "stand_ins"


class Printed:
    """A process that printed this."""

    def __init__(self, output: bytes, exit_status: int = 0) -> None:
        self.finished = Finished(exit_status, output)

    def run(self, argv: tuple[str, ...], *, deadline_s: float, stop: Event) -> Finished:
        return Finished(127, b"") if argv[0] == "nvme" else self.finished


def flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def drop(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(200) :]


def repeat(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[: at + rng.randrange(200)] + data[at:]


def swap_word(data: bytes, rng: random.Random) -> bytes:
    words = [b"true", b"false", b"null", b"0", b"-1", b"1e999", b"[]", b"{}", b'""', b"9" * 400, b'"\\ud800"']
    values = data.split(b":")
    at = rng.randrange(1, len(values))
    rest = values[at].partition(b",")
    values[at] = rng.choice(words) + rest[1] + rest[2]
    return b":".join(values)


@pytest.mark.parametrize("kind", ["ata", "nvme", "scsi"])
@pytest.mark.parametrize("mutate", [flip, drop, repeat, swap_word])
def test_a_mutated_answer_is_a_report_or_no_answer(kind, mutate):
    whole = (STAND_INS / f"{kind}-read.json").read_bytes()
    serial = f"SN-{kind.upper()}"
    presence = Presence(1, Drive(serial), "/dev/sda", {"ata": "sat"}.get(kind, kind))
    rng = random.Random(f"{kind}/{mutate.__name__}")
    reports = 0
    for _ in range(MUTATIONS):
        access = Smartctl(Printed(mutate(whole, rng), exit_status=rng.choice((0, 0, 4, 255))))
        try:
            report = access.read(presence, quick=False, stop=threading.Event())
        except NoAnswer:
            continue
        assert (report.serial, report.complete) == (serial, True)
        assert report.second_opinion in {"PASS", "WARN", "FAIL", ""}
        reports += 1
    assert reports or mutate is not flip


@pytest.mark.parametrize("kind", ["ata", "nvme", "scsi"])
def test_an_answer_that_breaks_off_is_never_a_report(kind):
    whole = (STAND_INS / f"{kind}-read.json").read_bytes().rstrip()
    presence = Presence(1, Drive(f"SN-{kind.upper()}"), "/dev/sda", "")
    for end in range(0, len(whole), max(1, len(whole) // MUTATIONS)):
        with pytest.raises(ToolFailed):
            Smartctl(Printed(whole[:end])).read(presence, quick=True, stop=threading.Event())
