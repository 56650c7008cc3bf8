"""The reader on outputs of the real smartctl (smart_outputs/make.py says how they came about)."""

from dataclasses import fields
from pathlib import Path

import pytest

from orchestrator.adapters.smart_reader import read_report
from orchestrator.model.drive import Protocol
from orchestrator.model.judge import judge_report
from orchestrator.model.report import SmartReport

OUTPUTS = Path(__file__).parent / "smart_outputs"
NAMES = sorted(path.name for path in OUTPUTS.iterdir() if path.suffix in (".txt", ".json"))
LBA = {"ata": 1269889278, "nvme": 808792164, "scsi": 217322326}
JUDGED = [
    field.name
    for field in fields(SmartReport)
    if field.name
    not in ("health_source", "self_tests", "running_entry", "attributes", "exit_status", "messages", "sources")
]
"""All but where it was read, and what only one of the two forms tells."""


def read(name: str) -> SmartReport:
    return read_report((OUTPUTS / name).read_bytes())


@pytest.mark.parametrize("kind", ["ata", "nvme", "scsi"])
@pytest.mark.parametrize("state", ["failed", "running"])
def test_text_and_json_of_one_drive_tell_the_same(kind, state):
    text, document = read(f"{kind}-{state}.txt"), read(f"{kind}-{state}.json")
    for field in JUDGED:
        assert getattr(text, field) == getattr(document, field), field
    assert [(e.kind, e.outcome, e.lba, e.power_on_hours) for e in text.self_tests] == [
        (e.kind, e.outcome, e.lba, e.power_on_hours) for e in document.self_tests
    ]
    assert [(a.id, a.name, a.value, a.worst, a.threshold, a.prefail, a.raw) for a in text.attributes] == [
        (a.id, a.name, a.value, a.worst, a.threshold, a.prefail, a.raw) for a in document.attributes
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_output_is_whole_and_says_who_the_drive_is(name):
    report = read(name)
    assert report.complete
    assert report.cut == ()
    assert report.protocol is Protocol(name.split("-", maxsplit=1)[0])
    assert report.model
    assert report.serial
    assert report.wwn
    assert report.capacity_bytes
    assert report.temperature_celsius is not None
    assert report.power_on_hours is not None


@pytest.mark.parametrize("name", [name for name in NAMES if "running" in name and name != "nvme-running.7.3.txt"])
def test_a_running_self_test_is_seen_with_its_progress(name):
    report = read(name)
    assert report.self_test_running
    assert report.self_test_percent in (40, 41)
    assert [entry.outcome for entry in report.self_tests] == ["passed"]


@pytest.mark.parametrize("name", [name for name in NAMES if "failed" in name and name != "nvme-failed.7.3.txt"])
def test_a_failed_self_test_is_seen_at_its_lba_and_fails_the_drive(name):
    report = read(name)
    assert report.health_passed
    assert report.self_tests[0].lba == LBA[name.split("-", maxsplit=1)[0]]
    verdict = judge_report(report)
    assert verdict.status == "fail"
    assert verdict.reasons[0].source


def test_smartctl_before_7_4_shows_no_self_test_log_of_an_nvme_drive():
    assert not read("nvme-failed.7.3.txt").self_test_log_seen


def test_the_exit_status_of_json_and_of_the_caller_are_both_kept():
    document = (OUTPUTS / "ata-failed.json").read_bytes()
    assert read_report(document).exit_status == 128
    assert read_report(document, exit_status=4).exit_status == 132
    assert read_report((OUTPUTS / "ata-failed.txt").read_bytes(), exit_status=128).exit_status == 128


def test_what_a_killed_smartctl_left_is_never_complete():
    assert not read_report((OUTPUTS / "ata-running.txt").read_bytes(), exit_status=-9).complete
