"""The reader, the judge and the index of the 60 recorded outputs of real drives agree."""

import csv
from pathlib import Path

import pytest

from orchestrator.adapters.smart_reader import read_report
from orchestrator.model.judge import judge_report
from orchestrator.model.report import SmartReport

FOLDER = Path(__file__).parents[2].parent / "shared" / "drives"
INDEX = FOLDER / "index.csv"
ROWS = list(csv.DictReader(INDEX.read_text().splitlines())) if INDEX.exists() else []

pytestmark = pytest.mark.skipif(not ROWS, reason=f"the recordings are not there: {FOLDER}")
each_recording = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])


def read(row: dict[str, str]) -> SmartReport:
    return read_report((FOLDER / row["file"]).read_bytes())


@each_recording
def test_the_verdict_is_the_label(row):
    """`suspect` must be warn: every rule that makes it so has a warning here."""
    expected = {"ok": "pass", "suspect": "warn", "fail": "fail", "unknown": "unknown"}[row["verdict"]]
    assert judge_report(read(row)).status == expected


@each_recording
def test_every_reason_but_a_doubt_names_the_line_that_says_so(row):
    verdict = judge_report(read(row))
    assert all(reason.source for reason in verdict.reasons if verdict.status in ("warn", "fail"))


@each_recording
def test_identity_and_counters_are_those_of_the_index(row):
    report = read(row)
    for field, column in {
        "model": "model",
        "serial": "serial",
        "capacity_bytes": "capacity_bytes",
        "self_test_status": "selftest_exec_status",
        "grown_defects": "scsi_grown_defects",
        "uncorrected_errors": "scsi_uncorrected",
        "critical_warning": "nvme_critical_warning",
        "media_errors": "nvme_media_errors",
        "percentage_used": "nvme_percent_used",
        "available_spare": "nvme_spare",
        "spare_threshold": "nvme_spare_threshold",
        "power_on_hours": "power_on_hours",
        "temperature_celsius": "temperature_c",
    }.items():
        if row[column]:
            assert str(getattr(report, field)) == row[column], field


@each_recording
def test_the_self_test_log_is_that_of_the_index(row):
    report = read(row)
    assert report.self_test_running == (row["selftest_in_progress"] == "1")
    newest = report.running_entry or next(iter(report.self_tests), None)
    if newest is None:
        assert not row["last_selftest"]
        return
    assert (newest.name, newest.text) == (row["last_selftest"], row["last_selftest_status"])
    assert ("" if newest.lba is None else str(newest.lba)) == row["last_selftest_lba"]
    assert sum(entry.outcome == "failed" for entry in report.self_tests) == int(row["selftest_failures_in_log"])
