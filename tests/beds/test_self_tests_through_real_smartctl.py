"""A whole self-test by the adapter that tests real drives, on the unmodified smartctl, which asks our drive models.

The same on our stand-in for smartctl 7.4, which needs no binaries. Rack time is a number here: nothing waits. NVMe
needs smartctl 7.4; what 7.3 does there has its own tests.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.smartctl import Smartctl
from orchestrator.model.drive import Drive, Presence, Protocol
from orchestrator.model.errors import (
    DriveBusy,
    DriveChanged,
    DriveRemoved,
    JobCancelled,
    Refused,
    ToolFailed,
    ToolMissing,
    ToolTimeout,
)
from orchestrator.model.ports import Processes
from orchestrator.model.report import SelfTestOutcome, SmartReport
from orchestrator.model.verdict import Verdict, VerdictStatus
from orchestrator.operations.health import read_health
from orchestrator.operations.self_test import run_smart_test
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.preload import PreloadBed
from orchestrator.simulated.processes import SimulatedProcesses
from orchestrator.simulated.profile import load_profiles

ATA, SCSI, NVME = Protocol.ATA, Protocol.SCSI, Protocol.NVME
STAND_IN = "stand-in"
EVERY = [
    *((ATA, version) for version in ("7.3", "7.4", STAND_IN)),
    *((SCSI, version) for version in ("7.3", "7.4", STAND_IN)),
    *((NVME, version) for version in ("7.4", STAND_IN)),
]
"""Kind and smartctl: all that can run a self-test."""
_NODES = {ATA: ("/dev/sda", "sat"), SCSI: ("/dev/sda", "scsi"), NVME: ("/dev/nvme0", "nvme")}


class Drawer:
    """One drive on the bed and the adapter that reaches it. Also the operation's Bench: its sleep moves the clock."""

    def __init__(self, protocol: Protocol, bed: PreloadBed | None, smartctl: str, *, takes: str = "extended") -> None:
        """On the real smartctl at this path where there is a bed, else on the stand-in."""
        self.now, self.stop = 0.0, threading.Event()
        profile = next(p for p in load_profiles() if p.protocol is protocol and p.minutes(takes))
        self.model = DriveModel(profile, "SN1234", lambda: self.now)
        self.bed, (self.node, device_type) = bed, _NODES[protocol]
        self.there = True
        self.processes: Processes = SimulatedProcesses(lambda _: self.model if self.there else None)
        if bed is not None:
            bed.add(self.node, self.model)
            self.processes = ChildProcesses(env=bed.env())
        self.access = Smartctl(self.processes, smartctl, deadline_s=20, nvme_path="/usr/sbin/no-nvme")
        drive, found = self.access.identify(self.node, device_type, stop=self.stop)
        self.drive = drive
        self.presence = Presence(1, drive, self.node, found)
        self.percents: list[float] = []
        self.verdict: Verdict | None = None
        self.on_sleep: Callable[[], object] = lambda: None

    def pull(self) -> None:
        """On the bed the node stays for now: the drive is gone before the kernel has noticed."""
        self.model.gone = True
        self.there = False

    def remove_node(self) -> None:
        if self.bed is not None:
            self.bed.remove(self.node)

    def forward(self, kind: str, fraction: float) -> None:
        """Let a fraction of the drive's own estimate pass."""
        self.now += fraction * 60 * (self.model.profile.minutes(kind) or 0)

    # -- as a Bench

    def read(self, drive: Drive | None = None, *, quick: bool = False) -> SmartReport:
        return self.access.read(self.presence, quick=quick, stop=self.stop)

    def start_self_test(self, drive: Drive, kind: str, *, spans: str | None = None) -> None:
        self.access.start_self_test(self.presence, kind, stop=self.stop, spans=spans)

    def abort_self_test(self, drive: Drive) -> None:
        self.access.abort_self_test(self.presence, stop=threading.Event())

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.on_sleep()

    def clock(self) -> float:
        return self.now

    def checkpoint(self) -> None: ...

    def surface(self, drive: Drive) -> Any:
        raise NotImplementedError

    lamp = peers = surface

    def progress(self, percent: float, *, remaining_s: float | None = None) -> None:
        self.percents.append(percent)

    def note(self, text: str) -> None: ...

    def kept(self, kind: type[Any]) -> None: ...

    def keep(self, memo: object, *, wait: bool = False) -> None: ...

    def new_attempt(self, why: str) -> None: ...

    def conclude(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def run(self, operation: Any, **options: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def drawer(request: pytest.FixtureRequest) -> Drawer:
    protocol, version = request.param
    if version == STAND_IN:
        return Drawer(protocol, None, "smartctl")
    return Drawer(protocol, request.getfixturevalue("bed"), request.getfixturevalue("real_smartctl")(version))


every_kind = pytest.mark.parametrize("drawer", EVERY, indirect=True, ids=lambda p: f"{p[0]}-{p[1]}")


@every_kind
def test_the_drive_is_who_it_is(drawer):
    meant = drawer.model.identity()
    assert (drawer.drive.serial, drawer.drive.wwn, drawer.drive.model) == (meant.serial, meant.wwn, meant.model)
    assert (drawer.drive.capacity_bytes, drawer.drive.protocol) == (meant.capacity_bytes, meant.protocol)
    assert drawer.access.version() in {(7, 3), (7, 4)}


@every_kind
def test_a_self_test_passes_with_progress_and_a_log_entry(drawer):
    before = drawer.read()
    assert (before.health_passed, before.second_opinion) == (True, "PASS")
    drawer.start_self_test(drawer.drive, "extended")
    drawer.forward("extended", 0.5)
    halfway = drawer.read(quick=True)
    assert halfway.self_test_running
    assert halfway.self_test_percent in (49, 50)  # SCSI tells 65536ths that are left, rounded up
    drawer.forward("extended", 0.6)
    after = drawer.read()
    assert (after.self_test_running, after.health_passed, after.second_opinion) == (False, True, "PASS")
    assert len(after.self_tests) == len(before.self_tests) + 1
    assert (after.self_tests[0].kind, after.self_tests[0].outcome) == ("extended", SelfTestOutcome.PASSED)


@every_kind
@pytest.mark.parametrize("kind", ["short", "extended"])
def test_the_operation_passes_a_sound_drive(drawer, kind):
    assert run_smart_test(drawer.drive, drawer, kind=kind) is True
    assert drawer.verdict is not None
    assert drawer.verdict.status is VerdictStatus.PASS
    assert drawer.percents == sorted(drawer.percents)
    assert max(drawer.percents) >= 80


@every_kind
def test_the_operation_fails_a_drive_at_its_bad_lba(drawer):
    drawer.model.inject("self_test_failure")
    assert run_smart_test(drawer.drive, drawer, kind="short") is False
    assert drawer.verdict is not None
    assert drawer.verdict.status is VerdictStatus.FAIL
    entry = drawer.read().self_tests[0]
    assert (entry.outcome, entry.lba) == (SelfTestOutcome.FAILED, drawer.model.fail_lba)


@every_kind
def test_a_cancelled_operation_leaves_the_abort_in_the_drives_log(drawer):
    drawer.on_sleep = drawer.stop.set
    with pytest.raises(JobCancelled):
        run_smart_test(drawer.drive, drawer, kind="extended")
    drawer.stop.clear()
    report = drawer.read()
    assert not report.self_test_running
    assert (report.self_tests[0].kind, report.self_tests[0].outcome) == ("extended", SelfTestOutcome.ABORTED)


@every_kind
def test_a_foreign_test_makes_the_drive_busy_and_goes_on(drawer):
    drawer.model.start("extended")
    with pytest.raises(DriveBusy):
        run_smart_test(drawer.drive, drawer)
    with pytest.raises(DriveBusy):
        drawer.start_self_test(drawer.drive, "short")
    assert drawer.model.running_kind() == "extended"


@every_kind
def test_a_foreign_test_that_begins_after_the_look_is_smartctls_own_refusal(drawer, monkeypatch):
    look = drawer.access._same_drive

    def then_someone_else_starts(*args: Any) -> SmartReport:
        report: SmartReport = look(*args)
        drawer.model.start("extended")
        return report

    monkeypatch.setattr(type(drawer.access), "_same_drive", lambda self, *args: then_someone_else_starts(*args))
    with pytest.raises(DriveBusy, match="already runs a self-test"):
        drawer.start_self_test(drawer.drive, "short")


@every_kind
def test_a_drive_pulled_in_mid_test_is_removed(drawer):
    drawer.start_self_test(drawer.drive, "short")
    drawer.pull()
    with pytest.raises(DriveRemoved):
        drawer.read(quick=True)
    drawer.remove_node()
    for call in (drawer.read, lambda: drawer.start_self_test(drawer.drive, "short")):
        with pytest.raises(DriveRemoved):
            call()


@every_kind
def test_another_drive_in_its_place_gets_no_command(drawer):
    drawer.model.inject("wrong_serial")
    with pytest.raises(DriveChanged, match="SN1234"):
        drawer.start_self_test(drawer.drive, "short")
    assert drawer.model.running_kind() is None


@every_kind
def test_failing_health_is_a_fail_by_both_readers(drawer):
    drawer.model.inject("health_failed")
    assert read_health(drawer.drive, drawer).status is VerdictStatus.FAIL
    assert drawer.read().second_opinion == "FAIL"


@every_kind
@pytest.mark.parametrize("fault", ["unreadable", "garbage"])
def test_a_drive_that_cannot_be_read_is_no_answer(drawer, fault):
    drawer.model.inject(fault)
    with pytest.raises((ToolFailed, DriveChanged)):
        drawer.read()


@pytest.mark.parametrize("drawer", [(SCSI, "7.3"), (NVME, "7.4")], indirect=True)
def test_conveyance_is_for_ata_only(drawer):
    with pytest.raises(Refused):
        drawer.start_self_test(drawer.drive, "conveyance")
    assert drawer.model.running_kind() is None


def test_conveyance_runs_on_an_ata_drive_that_has_it(bed, real_smartctl):
    drawer = Drawer(ATA, bed, real_smartctl("7.3"), takes="conveyance")
    assert run_smart_test(drawer.drive, drawer, kind="conveyance") is True
    assert drawer.read().self_tests[0].kind == "conveyance"


def on_each_smartctl(test):
    return pytest.mark.parametrize("drawer", [(ATA, "7.3"), (ATA, "7.4"), (ATA, STAND_IN)], indirect=True)(test)


@on_each_smartctl
def test_selective_spans_walk_a_big_drive_over_several_nights(drawer):
    third = drawer.model.profile.sectors // 3
    walked = []
    for spans in (f"0-{third}", "next", "next", "next"):
        assert run_smart_test(drawer.drive, drawer, kind="selective", spans=spans) is True
        walked.append(drawer.model.spans[0])
    assert walked[1][0] == third + 1
    assert walked[2][1] == drawer.model.profile.sectors - 1, "the last one ends with the drive"
    assert walked[3][0] == 0, "and the next round begins"
    assert [entry.kind for entry in drawer.read().self_tests] == ["selective"] * 4


@on_each_smartctl
def test_a_selective_test_finds_the_bad_sector_that_its_spans_meet_and_no_other(drawer):
    drawer.model.bad_lbas = {5_000_000}
    assert run_smart_test(drawer.drive, drawer, kind="selective", spans="0-4999999,5000001-6000000") is True
    assert run_smart_test(drawer.drive, drawer, kind="selective", spans="100-200,4999000-5001000") is False
    newest = drawer.read().self_tests[0]
    assert (newest.kind, newest.outcome, newest.lba) == ("selective", SelfTestOutcome.FAILED, 5_000_000)


@on_each_smartctl
def test_spans_beyond_the_drive_are_refused(drawer):
    with pytest.raises(Refused, match="span"):
        drawer.start_self_test(drawer.drive, "selective", spans=f"{10**12}-{10**12 + 5}")
    assert drawer.model.running_kind() is None


@pytest.mark.parametrize("drawer", [(SCSI, "7.3"), (NVME, "7.4")], indirect=True)
def test_selective_is_for_ata_only(drawer):
    with pytest.raises(Refused):
        drawer.start_self_test(drawer.drive, "selective", spans="0-5")


def test_a_hanging_drive_ends_at_the_deadline_and_a_cancel_ends_at_once(bed, real_smartctl):
    drawer = Drawer(ATA, bed, real_smartctl("7.3"))
    drawer.model.inject("hang")
    hurried = Smartctl(drawer.processes, real_smartctl("7.3"), deadline_s=0.3)
    with pytest.raises(ToolTimeout):
        hurried.read(drawer.presence, quick=True, stop=drawer.stop)
    threading.Timer(0.1, drawer.stop.set).start()
    with pytest.raises(JobCancelled):
        drawer.read(quick=True)


def test_a_sleeping_drive_is_left_asleep_by_a_background_look(bed, real_smartctl):
    drawer = Drawer(ATA, bed, real_smartctl("7.3"))
    drawer.model.sleeping = True
    report = drawer.access.read(drawer.presence, quick=True, stop=drawer.stop, wake=False)
    assert (report.standby, report.health_passed, drawer.model.sleeping) == (True, None, True)
    assert drawer.read().health_passed


def test_smartctl_7_3_starts_nothing_on_nvme_and_we_say_so(bed, real_smartctl):
    drawer = Drawer(NVME, bed, real_smartctl("7.3"))
    with pytest.raises(ToolMissing, match=r"smartctl 7\.3 starts no self-tests on NVMe") as caught:
        run_smart_test(drawer.drive, drawer)
    assert "nvme-cli" in caught.value.remedy
    assert drawer.model.running_kind() is None
    with pytest.raises(ToolMissing):
        drawer.abort_self_test(drawer.drive)
