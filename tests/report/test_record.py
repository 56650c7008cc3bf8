"""A report is made from what was kept: the same from the store, the service and the rack, and the same again."""

import importlib.metadata
import json
import re
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from orchestrator import Rack
from orchestrator.interfaces.records import open_records
from orchestrator.interfaces.report.forms import FORMATS, write
from orchestrator.interfaces.report.gather import make_report
from orchestrator.interfaces.report.record import STATEMENT, Conclusion, walk
from orchestrator.interfaces.web.reports import RackRecords
from orchestrator.model.drive import Protocol
from orchestrator.model.errors import JobNotFinished, UnknownJob
from orchestrator.model.job import AsyncJobStatus, EventKind, OpenedBy
from orchestrator.model.recipe import StepOutcome
from orchestrator.model.scan import ScanResult
from orchestrator.model.slot import SlotInfo, SlotState
from tests.adapters.store.days import MORNING, Day, drive
from tests.interfaces.kept import keep
from tests.report.conftest import SECONDS, build

TYPES = {"run_smart_test": bool}


def kept_report(folder, day, job_id, types=TYPES):
    records = open_records(Path(keep(folder, day)))
    try:
        return make_report(records, job_id, types)
    finally:
        records.close()


def test_store_service_and_rack_give_the_same_bytes_in_every_form(kept):
    for name in kept.jobs:
        reports = [kept.report(name, source) for source in (None, kept.store, kept.service)]
        assert reports[0] == reports[1] == reports[2], name
        for form in FORMATS:
            assert len({write(report, form) for report in reports}) == 1, (name, form)


def test_made_again_in_another_zone_and_language_it_is_the_same_bytes(kept, monkeypatch):
    before = {form: kept.form("intake", form) for form in FORMATS}
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    time.tzset()
    try:
        assert {form: kept.form("intake", form) for form in FORMATS} == before
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_form_names_a_release_or_this_host(kept):
    strangers = (importlib.metadata.version("drive-test-orchestrator"), socket.gethostname())
    for form in FORMATS:
        text = kept.form("self-test", form).decode()
        assert STATEMENT in text
        assert not [word for word in strangers if f" {word}" in text or f'"{word}"' in text]


def test_a_recipe_has_its_steps_and_the_jobs_that_it_opened(kept):
    report = kept.report("intake")
    assert [step.step for step in report.run.steps] == [
        "read_health", "run_smart_test (kind=short)", "read_scan (end_lba=4000000)"
    ]  # fmt: skip
    assert [child.operation for child in report.run.children] == ["read_health", "run_smart_test", "read_scan"]
    assert [child.job_id for child in report.run.children] == [step.job_id for step in report.run.steps]
    assert {child.opened_by for child in report.run.children} == {OpenedBy.RECIPE}
    scan = report.run.children[2].scan
    assert scan is not None and scan.end_lba == 4_000_000 and len(scan.mb_per_s) >= 1
    assert report.run.steps[2].not_checked == ("rpm",)


def test_it_says_who_where_and_that_nothing_is_real(kept):
    report = kept.report("self-test")
    slot = kept.rack.slots()[4]
    assert (report.slot_id, report.slot_label, report.drive) == (5, "bay 5", slot.drive)
    assert report.simulated and report.run.client_ref == 7 and report.run.opened_by is OpenedBy.API
    assert report.run.options["kind"] == "extended"
    assert report.run.accepted <= report.run.started <= report.run.ended and report.run.ended.tzinfo is UTC


def test_counters_are_told_before_and_after_with_their_change(kept):
    counters = {one.name: one for one in kept.report("self-test").run.counters}
    hours = counters["power_on_hours"]
    assert hours.change == hours.after - hours.before


@pytest.mark.parametrize(
    ("name", "conclusion"),
    [
        ("intake", Conclusion.WARN),  # a limit on what nobody tells
        ("failed intake", Conclusion.FAIL),
        ("bad scan", Conclusion.FAIL),
        ("no answer", Conclusion.NO_ANSWER),
        ("self-test", Conclusion.PASS),
        ("suite", Conclusion.FAIL),
        ("own", Conclusion.DONE),
        ("locate", Conclusion.DONE),
    ],
)
def test_each_job_comes_to_one_conclusion(kept, name, conclusion):
    assert kept.report(name).run.conclusion is conclusion


def test_a_job_without_an_answer_tells_why_and_what_to_do(kept):
    run = kept.report("no answer").run
    assert run.error is not None and "smartctl was killed" in run.error.text and run.error.remedy == "look at dmesg"
    assert run.answer is None and run.steps == ()
    assert [child.conclusion for child in run.children] == [Conclusion.PASS, Conclusion.NO_ANSWER]


def test_behind_a_step_that_fails_the_rest_is_skipped(kept):
    outcomes = [step.outcome for step in kept.report("failed intake").run.steps]
    assert outcomes == [StepOutcome.FAIL, StepOutcome.SKIPPED, StepOutcome.SKIPPED]


def test_an_answer_of_a_users_own_type_is_told_with_its_numbers(kept):
    run = kept.report("own").run
    assert run.answer == {"rpm": 7200, "noise_db": 31.5, "mode": "quiet", "places": [1, 2, 3]}
    assert [(one.name, one.value) for one in run.measurements] == [("rpm", 7200), ("noise_db", 31.5)]


def test_it_is_the_same_where_the_operation_is_not_installed(kept):
    here = kept.report("own")
    assert make_report(kept.store, kept.jobs["own"], {}) == here


def test_a_suite_within_a_recipe_is_told_with_its_cases(kept):
    report = kept.report("nested")
    (suite,) = (run for run in walk(report.run) if run.cases)
    assert suite.operation == "suite_of_five" and len(suite.cases) == 5 and suite.answer is None
    assert [one.name for one in report.run.steps[0].measurements] == ["seq_read"]


def test_an_open_job_has_no_report_and_the_error_says_how_to_wait(tmp_path):
    day = Day()
    day.run(day.accept(1))
    with pytest.raises(JobNotFinished) as raised:
        kept_report(tmp_path, day, 1)
    assert "orchestrator wait 1" in raised.value.remedy


def test_a_job_that_never_was_is_unknown(kept):
    for source in (kept.store, kept.service, RackRecords(kept.rack)):
        with pytest.raises(UnknownJob):
            make_report(source, 10**9, {})


def test_a_rack_without_a_store_says_what_is_not_kept():
    with Rack.simulated(slots=2, speed=1e6, seed=7) as rack:
        job = rack.read_scan(1, 1, end_lba=100_000)
        rack.wait([job], SECONDS)
        report = make_report(RackRecords(rack), job, {name: op.answer_type for name, op in rack.operations.items()})
    assert report.run.options is None and report.run.reads == () and report.run.counters == ()
    assert "no history" in report.run.not_kept[0]
    assert report.run.scan is not None and report.run.conclusion is Conclusion.PASS
    assert any("no report of the drive is kept" in text for text in report.not_checked)


def test_attempts_and_pauses_are_told_with_their_reasons(tmp_path):
    day = Day()
    job_id = day.accept(1)
    day.run(job_id)
    day.put(job_id, status=AsyncJobStatus.PAUSED, reason="the drive is at 61 C")
    day.now += timedelta(minutes=5)
    day.put(job_id, status=AsyncJobStatus.RUNNING, reason="")
    day.put(job_id, attempt=2, message="goes on at LBA 4096 after a restart")
    day.complete(job_id)
    run = kept_report(tmp_path, day, job_id).run
    assert run.attempt == 2
    assert [(one.number, one.why) for one in run.attempts] == [(2, "goes on at LBA 4096 after a restart")]
    (pause,) = run.pauses
    assert pause.why == "the drive is at 61 C" and 300 < (pause.ended - pause.began).total_seconds() < 310


def test_a_scan_that_a_restart_broke_off_tells_both_attempts(tmp_path):
    path = tmp_path / "history.db"
    with build(path, slots=1, speed=300.0) as rack:
        job = rack.read_scan(7, 1)
        next(event for event in rack.events(after=0) if event.job is not None and event.job.progress >= 20)
    with build(path, slots=1, speed=100_000.0) as rack:
        rack.wait([job], SECONDS)
        run = make_report(RackRecords(rack), job, {"read_scan": ScanResult}).run
    assert run.conclusion is Conclusion.PASS and run.attempt == 2
    (attempt,) = run.attempts
    assert attempt.number == 2 and re.fullmatch(r"goes on at LBA \d+ after a restart", attempt.why)
    assert run.started < attempt.time < run.ended


def test_drives_of_every_protocol_have_their_counters(kept):
    told = {"health": (Protocol.SCSI, "uncorrected_errors"), "self-test": (Protocol.SCSI, "grown_defects"),
            "bad scan": (Protocol.ATA, "attribute_5_raw"), "nvme": (Protocol.NVME, "media_errors")}  # fmt: skip
    for name, (protocol, counter) in told.items():
        report = kept.report(name)
        assert report.drive.protocol is protocol
        assert counter in {one.name for one in report.run.counters}


def test_a_job_that_ended_paused_was_paused_until_its_end(tmp_path):
    day = Day()
    job_id = day.accept(1)
    day.run(job_id)
    day.put(job_id, status=AsyncJobStatus.PAUSED, reason="paused by the user")
    day.fail(job_id, "job_cancelled")
    run = kept_report(tmp_path, day, job_id).run
    assert run.conclusion is Conclusion.CANCELLED and run.pauses[0].why == "paused by the user"


def test_a_job_that_never_ran_has_no_beginning(tmp_path):
    day = Day()
    day.fail(day.accept(1), "interrupted")
    assert kept_report(tmp_path, day, 1).run.started is None


def test_the_label_is_the_one_that_stood_there_then(tmp_path):
    """The rack file now says A1; the drive's stay was in what was called A9."""
    day = Day()
    day.change(EventKind.SLOT, "slot", slot=_slot("A9"))
    day.run(day.accept(1, drive=drive(1)))
    day.complete(1)
    assert kept_report(tmp_path, day, 1).slot_label == "A9"


def _slot(label):
    return SlotInfo(1, label, SlotState.READY, drive(1), None)


def test_an_answer_of_another_release_is_told_as_it_was_kept(tmp_path):
    day = Day()
    day.run(day.accept(1, name="read_scan", options="{}"))
    day.complete(1, answer='{"start_lba":0,"speeds":[1,2]}')
    run = kept_report(tmp_path, day, 1, {"read_scan": ScanResult}).run
    assert run.scan is None and run.answer == {"start_lba": 0, "speeds": [1, 2]}
    assert [one.name for one in run.measurements] == ["start_lba"]


def test_a_number_that_is_none_is_null_and_not_within_its_limits(tmp_path):
    day = Day()
    day.run(day.accept(1, name="spin", options="{}"))
    day.complete(1, answer='{"rpm":NaN,"noise":1e999,"huge":' + "9" * 400 + "}")
    report = kept_report(tmp_path, day, 1, {})
    assert [one.value for one in report.run.measurements] == [None, None, None]
    for form in FORMATS:
        text = write(report, form).decode()
        assert "NaN" not in text and "Infinity" not in text
    assert json.loads(write(report, "json"))["run"]["answer"]["rpm"] is None


def test_a_thousand_children_cost_one_look_at_the_list(kept):
    """And not one for each."""
    asked = []

    class Counted(RackRecords):
        __slots__ = ()

        def get_jobs_list(self, info):
            asked.append(info)
            return super().get_jobs_list(info)

    make_report(Counted(kept.rack), kept.jobs["intake"], kept.types)
    assert len(asked) == 1


def test_making_one_needs_nothing_of_the_service():
    code = (
        "import sys; from orchestrator.interfaces.report import gather, as_html, as_json, as_junit, as_csv; "
        "as_html._environment().get_template('report.html'); "
        "print([name for name in ('fastapi', 'uvicorn', 'starlette', 'prometheus_client') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "[]"


def test_times_of_another_zone_are_told_in_utc(kept):
    report = kept.report("health")
    moved = replace(report.run, ended=MORNING)
    assert b"2026-11-24T08:00:00+00:00" in write(replace(report, run=moved), "json")
