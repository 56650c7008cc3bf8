"""Lane b: the kernel's own events, the real udevd and its database; loop devices with a rule's ID_PATH as drives."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.beds.kernel import NUMBERS, Kernel, Missing, kernel
from tests.beds.racks import RackChild

CYCLES = 400 if os.environ.get("ORCHESTRATOR_FULL") else 50
OVERFLOW = 5000 if os.environ.get("ORCHESTRATOR_FULL") else 500
NOTICED_S = 2.0


@pytest.fixture(scope="module")
def loops() -> Iterator[Kernel]:
    try:
        with kernel() as found:
            yield found
    except Missing as reason:
        pytest.skip(f"no kernel lane: {reason}")


@pytest.fixture
def rack(loops, tmp_path) -> Iterator[RackChild]:
    rack_file = tmp_path / "rack.yaml"
    rack_file.write_text(
        'ranges: [{ids: 70-79, match: {id_path: "rack0-slot-{n}"}}]\n'
        f"smartctl: {{path: {loops.smartctl}, deadline_s: 10}}\n"
    )
    with RackChild(rack_file, Path("/run"), {}) as rack:
        yield rack
    for number in NUMBERS:
        if loops.there[number] != "empty":
            loops.pull(number)


def test_a_drive_is_in_its_slot_two_seconds_after_the_kernels_event(loops, rack):
    loops.plug(70, "SN-A")
    rack.becomes(loops.there, NOTICED_S)
    loops.pull(70)
    rack.becomes(loops.there, NOTICED_S)


def test_no_cycle_of_plugging_and_pulling_is_lost(loops, rack):
    for cycle in range(0, CYCLES, len(NUMBERS)):
        for number in NUMBERS:
            loops.plug(number, f"SN-{cycle}-{number}")
        rack.becomes(loops.there, 5)
        for number in NUMBERS:
            loops.pull(number)
        rack.becomes(loops.there, 5)


def test_two_drives_that_change_places_are_each_in_the_others_slot(loops, rack):
    loops.plug(71, "SN-A")
    loops.plug(72, "SN-B")
    rack.becomes(loops.there, NOTICED_S)
    for number, serial in ((71, "SN-B"), (72, "SN-A")):
        loops.pull(number)
        loops.plug(number, serial)
    rack.becomes(loops.there, 5)
    assert {loops.there[71], loops.there[72]} == {"SN-A", "SN-B"}


def test_a_drive_that_flaps_disturbs_no_other_and_is_right_when_it_is_quiet(loops, rack):
    loops.plug(73, "SN-STEADY")
    rack.becomes(loops.there, NOTICED_S)
    for flap in range(100):
        loops.plug(74, f"SN-{flap}")
        if flap == 50:
            assert "PASS" in rack.ask("run read_health 73").upper()
        loops.pull(74)
    loops.plug(74, "SN-LAST")
    rack.becomes(loops.there, 5)


def test_after_the_sockets_buffer_overflowed_the_slots_are_what_the_kernel_has(loops, rack):
    """The reader stands still while more comes than its socket holds: the real ENOBUFS."""
    loops.plug(76, "SN-A")
    rack.becomes(loops.there, NOTICED_S)
    rack.ask("narrow")
    rack.signal(signal.SIGSTOP)
    try:
        loops.change(76, OVERFLOW)
        loops.pull(76)
        loops.plug(77, "SN-B")
        loops.settle()
    finally:
        rack.signal(signal.SIGCONT)
    rack.becomes(loops.there, 5)
    assert rack.ask("lost") >= 1
