"""The report straight from the state is what is read from the stand-in's output. (From the real one: tests/beds.)"""

import dataclasses

import pytest

from orchestrator.adapters.smart_reader import read_report
from orchestrator.model.drive import Protocol
from orchestrator.model.report import SmartReport
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import Profile, load_profiles
from orchestrator.simulated.report import report_of
from orchestrator.simulated.smartctl import StandInSmartctl

OF_AN_OUTPUT = {"tool_version", "health_source", "sources", "running_entry", "messages", "complete", "cut"}


def same(report: SmartReport) -> dict[str, object]:
    """What a state and an output both have."""
    bare = dataclasses.replace(
        report,
        attributes=tuple(dataclasses.replace(line, raw_text="", source="") for line in report.attributes),
        self_tests=tuple(dataclasses.replace(entry, name="", source="") for entry in report.self_tests),
    )
    names = [field.name for field in dataclasses.fields(bare) if field.name not in OF_AN_OUTPUT]
    return {name: getattr(bare, name) for name in names}


def read(drive: DriveModel) -> SmartReport:
    status, output = StandInSmartctl(lambda node: drive).run(("--json=o", "-a", "/dev/sda"))
    return read_report(output, exit_status=status)


@pytest.mark.parametrize("profile", load_profiles(), ids=lambda profile: profile.model)
def test_a_life_told_by_the_state_and_by_the_output_is_the_same(profile: Profile, clock):
    drive = DriveModel(profile, "SIM1", clock)
    assert same(read(drive)) == same(report_of(drive))
    drive.start("short")
    clock.advance(profile.short_minutes * 20)
    assert same(read(drive)) == same(report_of(drive))
    drive.abort()
    drive.inject("self_test_failure")
    drive.start("extended")
    clock.advance(30 * 24 * 3600)
    assert same(read(drive)) == same(report_of(drive))
    for fault in ("health_failed", "bad_sector", "hot"):
        drive.inject(fault)
        assert same(read(drive)) == same(report_of(drive))


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_very_old_drive_tells_its_hours_as_its_standard_lets_it(make_drive, clock, protocol):
    drive = make_drive(protocol)
    clock.advance(80_000 * 3600)
    drive.start("short")
    drive.abort()
    assert drive.tests[0].power_on_hours > 0xFFFF
    assert same(read(drive)) == same(report_of(drive))


def test_a_drive_that_aborts_on_command_says_so(make_drive):
    drive = make_drive()
    drive.aborts_on_command = True
    assert report_of(drive).aborts_on_command
    assert read(drive).aborts_on_command


def test_scsi_tells_its_extended_time_only_once_a_test_was_run(make_drive):
    drive = make_drive(Protocol.SCSI)
    assert report_of(drive).self_test_minutes == ()
    drive.start("short")
    assert report_of(drive).self_test_minutes == (("extended", drive.profile.extended_minutes),)
