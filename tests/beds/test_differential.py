"""The proof of the simulator: real smartctl and our stand-in read the same drive, and the same is concluded.

Kind x state x version. Compared are the SmartReport, pySMART's Device, and for the pinned version 7.4 every line of the
text and every leaf of the JSON. What may differ stands in the tables below, with its reason. The reverse proof: what is
read from the real binary's output is the model's own state (`report_of`), on which seeded simulations run.
"""

import dataclasses
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator.adapters import pysmart
from orchestrator.adapters.smart_reader import read_report
from orchestrator.model.drive import Protocol
from orchestrator.model.report import SmartReport
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.preload import PreloadBed, children_env
from orchestrator.simulated.profile import Profile, load_profiles
from orchestrator.simulated.report import report_of
from orchestrator.simulated.smartctl import StandInSmartctl
from orchestrator.simulated.spans import NONE, SPANS

ATA, NVME, SCSI = Protocol.ATA, Protocol.NVME, Protocol.SCSI
NODES = {ATA: "/dev/sda", SCSI: "/dev/sdb", NVME: "/dev/nvme0"}
WHOLE = bool(os.environ.get("ORCHESTRATOR_FULL"))
"""Every profile; else one of each kind, ATA with conveyance tests."""

NOT_COMPARED = {
    "tool_version": "the stand-in is pinned to 7.4, report_of says that it is no tool",
    "second_opinion": "not asked here",
}
FROM_7_4_ON = {
    NVME: {
        "self_test_running": "7.3 reads no NVMe self-test log",
        "self_test_percent": "as above",
        "self_tests": "as above",
        "self_test_log_seen": "as above",
        "running_entry": "as above",
        "self_test_kinds": "as above",
        "messages": "as above",
        "sources": "as above",
    },
    SCSI: {
        "health_source": "7.3 writes the reason of a failed health in capitals",
        "sources": "as above",
    },
}
"""What a report from smartctl 7.3 does not have."""
UNKNOWN_TO_7_3 = {"ST4000NM0245-1Z2107", "ST6000NM0235-2AA110"}
"""Not in 7.3's drive database: it prints the raw values of two of their attributes in another form."""
STATE_KNOWS_LESS = {
    "running_entry": "how the tool shows the running test in its log; the state tells it as self_test_running",
    "health_source": "the words or key of the output",
    "sources": "as above",
    "messages": "of the tool",
    "cut": "of an output",
    "complete": "of an output",
}
"""What report_of leaves to the readers."""


class Clock:
    """Rack seconds, moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def fresh(drive: DriveModel, clock: Clock) -> None: ...


def running(kind: str, fraction: float) -> Callable[[DriveModel, Clock], None]:
    def bring(drive: DriveModel, clock: Clock) -> None:
        drive.start(kind)
        clock.now += 60 * fraction * (drive.profile.minutes(kind) or 0)
        drive.progress()

    return bring


def failed(drive: DriveModel, clock: Clock) -> None:
    drive.inject("self_test_failure")
    running("short", 2)(drive, clock)
    drive.clear("self_test_failure")


def then(*steps: Callable[[DriveModel, Clock], None]) -> Callable[[DriveModel, Clock], None]:
    def bring(drive: DriveModel, clock: Clock) -> None:
        for step in steps:
            step(drive, clock)

    return bring


def aborted(drive: DriveModel, clock: Clock) -> None:
    running("extended", 0.3)(drive, clock)
    drive.abort()


def reset(drive: DriveModel, clock: Clock) -> None:
    drive.start("short")
    drive.unplug()
    drive.plug()


def injected(fault: str) -> Callable[[DriveModel, Clock], None]:
    return lambda drive, clock: drive.inject(fault)


def prefail_attribute(drive: DriveModel, clock: Clock) -> None:
    drive.failing_attribute = 5


def old_age_attribute(drive: DriveModel, clock: Clock) -> None:
    drive.failing_attribute = 9


def worn(drive: DriveModel, clock: Clock) -> None:
    drive.percentage_used, drive.available_spare_percent = 120, 3


def busy_life(drive: DriveModel, clock: Clock) -> None:
    """More self-tests than the log holds."""
    for _ in range(12):
        then(running("short", 2), running("extended", 2))(drive, clock)


def selective(*spans: tuple[int, int], fraction: float) -> Callable[[DriveModel, Clock], None]:
    """ATA only: other drives stay as they are."""

    def bring(drive: DriveModel, clock: Clock) -> None:
        if drive.protocol is ATA:
            drive.spans = (*spans, *[NONE] * (SPANS - len(spans)))
            drive.start("selective")
            clock.now += fraction * drive._duration_s("selective")
            drive.progress()

    return bring


STATES: dict[str, Callable[[DriveModel, Clock], None]] = {
    "fresh": fresh,
    "running 2": running("short", 0.02),
    "running 37": running("extended", 0.37),
    "running 99": running("short", 0.999),
    "passed": then(running("short", 2), running("extended", 2)),
    "failed": failed,
    "failed and running": then(failed, running("extended", 0.5)),
    "failed, short passed": then(failed, running("short", 2)),
    "failed, extended passed": then(failed, running("extended", 2)),
    "aborted": aborted,
    "reset": reset,
    "health failed": injected("health_failed"),
    "health and test failed": then(injected("health_failed"), failed),
    "pre-fail attribute": prefail_attribute,
    "old-age attribute": old_age_attribute,
    "worn": worn,
    "hot": injected("hot"),
    "bad sector": then(injected("bad_sector"), running("extended", 2)),
    "busy life": busy_life,
    "selective running": selective((0, 999), (2_000_000, 30_000_000), fraction=0.43),
    "selective passed": selective((0, 999), (123_456_789, 223_456_789), fraction=2),
    "selective failed": then(injected("self_test_failure"), selective((5_000_000, 20_000_000), fraction=2)),
    "selective aborted": then(
        selective((0, 999), (5000, 20_000_000), fraction=0.5), lambda drive, clock: drive.abort()
    ),
}


def profiles() -> Iterator[Profile]:
    seen = set()
    for profile in sorted(load_profiles(), key=lambda profile: profile.conveyance_minutes is None):
        kind = (profile.protocol, profile.is_ssd)
        if WHOLE or kind not in seen:
            seen.add(kind)
            yield profile


class Pair:
    """One drive, asked by the real binary and by the stand-in."""

    def __init__(self, bed: PreloadBed, profile: Profile, binary: str) -> None:
        self.clock = Clock()
        serial = profile.make_serial(random.Random(profile.model))
        self.drive = DriveModel(profile, serial, self.clock)
        self.node, self._bed, self._binary = NODES[profile.protocol], bed, binary
        self._stand_in = StandInSmartctl(lambda node: self.drive if node == self.node else None)
        bed.add(self.node, self.drive)

    def real(self, *options: str) -> tuple[int, bytes]:
        argv = [self._binary, "--json=o", *options, self.node]
        env = {**children_env(self._bed), "TZ": "UTC", "LC_ALL": "C"}
        ended = subprocess.run(argv, env=env, capture_output=True, timeout=20, check=False)
        return ended.returncode, ended.stdout

    def ours(self, *options: str) -> tuple[int, bytes]:
        return self._stand_in.run(("--json=o", *options, self.node))


@pytest.fixture(params=[("7.3"), ("7.4")])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(profiles()), ids=lambda profile: profile.model.replace(" ", "-"))
def pair(request: pytest.FixtureRequest, bed: PreloadBed, real_smartctl: Callable[[str], str], version: str) -> Pair:
    return Pair(bed, request.param, real_smartctl(version))


def fields(report: SmartReport, *left_out: dict[str, str]) -> dict[str, Any]:
    skipped = set().union(*left_out)
    return {
        field.name: getattr(report, field.name) for field in dataclasses.fields(report) if field.name not in skipped
    }


def without_words(report: SmartReport) -> SmartReport:
    """Without the output's own spelling of a raw value or of a kind of test: the state has only the figure."""
    return dataclasses.replace(
        report,
        attributes=tuple(dataclasses.replace(line, raw_text="", source="") for line in report.attributes),
        self_tests=tuple(dataclasses.replace(entry, name="") for entry in report.self_tests),
    )


@pytest.mark.parametrize("state", STATES)
def test_the_same_is_concluded_from_the_real_smartctl_and_from_ours(pair, version, state):
    STATES[state](pair.drive, pair.clock)
    (status, output), (our_status, our_output) = pair.real("-a"), pair.ours("-a")
    assert our_status == status
    older = FROM_7_4_ON.get(pair.drive.protocol, {}) if version == "7.3" else {}
    real, ours = read_report(output, exit_status=status), read_report(our_output, exit_status=our_status)
    if version == "7.3" and pair.drive.profile.model in UNKNOWN_TO_7_3:
        real, ours = without_words(real), without_words(ours)
    else:
        assert opinion_of_pysmart(our_output, pair, older) == opinion_of_pysmart(output, pair, older)
    assert fields(ours, NOT_COMPARED, older) == fields(real, NOT_COMPARED, older)
    left_out = (NOT_COMPARED, older, STATE_KNOWS_LESS)
    assert fields(without_words(report_of(pair.drive)), *left_out) == fields(without_words(real), *left_out)
    if version == "7.4":
        assert text_of(our_output) == text_of(output)
        assert leaves_of(our_output) == leaves_of(output)


@pytest.mark.parametrize("state", ["sleeping", "gone", "unreadable"])
@pytest.mark.parametrize("typed", [False, True], ids=["", "-d"])
def test_a_drive_that_says_nothing_says_it_in_the_same_words(pair, version, state, typed):
    if state == "sleeping":
        pair.drive.sleeping = True
    elif state == "gone":
        pair.drive.gone = True
    else:
        pair.drive.inject(state)
    options = ("-n", "standby", "-a") if state == "sleeping" else ("-a",)
    if typed:
        options += ("-d", "sat" if pair.drive.protocol is ATA else pair.drive.protocol.value)
    (status, output), (our_status, our_output) = pair.real(*options), pair.ours(*options)
    assert our_status == status
    older = FROM_7_4_ON.get(pair.drive.protocol, {}) if version == "7.3" else {}
    real, ours = read_report(output, exit_status=status), read_report(our_output, exit_status=our_status)
    assert fields(ours, NOT_COMPARED, older) == fields(real, NOT_COMPARED, older)
    answers = state == "sleeping" and pair.drive.protocol is NVME  # smartctl never leaves an NVMe drive asleep
    assert (ours.health_passed, status) == ((True, 0) if answers else (None, 2))
    if version == "7.4":
        assert text_of(our_output) == text_of(output)
        assert leaves_of(our_output) == leaves_of(output)


@pytest.mark.parametrize("options", [("-t", "short"), ("-t", "long"), ("-t", "conveyance"), ("-X",)], ids=" ".join)
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("version", ["7.4"])  # to which the stand-in's words are pinned
def test_commands_are_answered_and_refused_in_the_same_words(pair, options, busy):
    def begin() -> None:
        pair.drive.abort()
        if busy:
            pair.drive.start("extended")

    begin()
    (status, output), did = pair.real(*options), pair.drive.running_kind()
    begin()
    our_status, our_output = pair.ours(*options)
    assert (our_status, pair.drive.running_kind()) == (status, did)
    assert text_of(our_output) == text_of(output)


LAST = 10**12


@pytest.mark.parametrize(
    "options",
    [
        ("-t", "select,0-1000000"),
        ("-t", "select,0-10", "-t", "select,200-3000000"),
        ("-t", "select,7-max"),
        ("-t", f"select,7-{LAST}"),
        ("-t", f"select,{LAST}-{LAST}"),
        ("-t", "select,next"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("before", [(0, 99), (50, 100_000_000), (1, -1), (-70_000_001, -1), (-10, -5)], ids=str)
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("version", ["7.4"])
@pytest.mark.parametrize("pair", [next(p for p in profiles() if p.protocol is ATA)], indirect=True, ids=["ata"])
def test_spans_are_chosen_in_the_same_words_and_written_alike(pair, options, before, busy):
    """`before`: the span of the selective test before, counted from the end where negative."""
    drive = pair.drive

    def begin() -> None:
        drive.abort()
        first, last = (lba + drive.profile.sectors if lba < 0 else lba for lba in before)
        drive.spans = ((first, last), *[NONE] * (SPANS - 1))
        if busy:
            drive.start("selective")

    begin()
    (status, output), did = pair.real(*options), (drive.running_kind(), drive.spans)
    begin()
    our_status, our_output = pair.ours(*options)
    assert (our_status, (drive.running_kind(), drive.spans)) == (status, did)
    assert text_of(our_output) == text_of(output)


def text_of(output: bytes) -> list[str]:
    """The lines below the banner, without those that tell the time."""
    timed = ("Local Time is", "Test will complete after", "Estimated completion time")
    return [line for line in json.loads(output)["smartctl"]["output"][2:] if not line.startswith(timed)]


def leaves_of(output: bytes) -> dict[str, Any]:
    """The JSON, flat, without what names the tool, the time, or the simulation."""

    def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict | list):
            for key, part in value.items() if isinstance(value, dict) else enumerate(value):
                yield from walk(part, f"{path}.{key}")
        else:
            yield path, value

    named = (".smartctl.argv", ".smartctl.platform", ".smartctl.build", ".smartctl.output", ".local_time", ".simulated")
    return {path: value for path, value in walk(json.loads(output), "") if not path.startswith(named)}


def opinion_of_pysmart(output: bytes, pair: Pair, older: dict[str, str]) -> dict[str, Any]:
    """What pySMART makes of the text."""
    lines = json.loads(output)["smartctl"]["output"]
    device = pysmart._device(pair.node, pair.drive.protocol, pysmart._one_run(lines, None))
    names = ("model", "serial", "firmware", "capacity", "assessment", "is_ssd", "rotation_rate", "temperature")
    opinion = {name: getattr(device, name) for name in names}
    opinion["attributes"] = [str(line) for line in device.attributes if line is not None]
    if not older:
        opinion["tests"] = [str(entry) for entry in device.tests or ()]
        opinion["capabilities"] = device.test_capabilities
    return opinion
