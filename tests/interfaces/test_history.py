"""`orchestrator history`: a drive's life and a job's, as a person reads them and as JSON."""

import json
import zlib
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.interfaces.history_command import Trend, trends
from orchestrator.interfaces.records import open_records
from orchestrator.interfaces.web import history as rest
from orchestrator.model.history import AFTER, BEFORE, KeptReport, Sample
from orchestrator.model.job import AsyncJobStatus, EventKind
from tests.adapters.store.days import MORNING, PASS, Day, drive
from tests.interfaces.kept import HOSTILE, hostile_day, is_tame, keep


def self_tested(day, slot_id, *, grown):
    """A self-test of SN1, over which so many more sectors were reallocated."""
    job_id = day.accept(slot_id, drive=drive(1))
    day.run(job_id)
    day.note(job_id)
    reports = tuple(
        KeptReport(moment, time, (("power_on_hours", 100.0 + job_id), *attribute(sectors)), zlib.compress(raw))
        for moment, time, sectors, raw in (
            (BEFORE, day.now, 2.0, b'{"a": 1}\n'),
            (AFTER, day.now + timedelta(hours=2), 2.0 + grown, b'{"a": 2}\n'),
        )
    )
    end = {"status": AsyncJobStatus.COMPLETED, "ended": day.now, "verdict": PASS}
    day.put(job_id, texts={"answer": "true", "reports": reports}, **end)


def attribute(sectors):
    return ("attribute_5_raw", sectors), ("attribute_5_value", 100.0)


@pytest.fixture
def config(tmp_path):
    """SN1 was in slot 1, where it was tested, and is now in slot 2, where 6 sectors were lost and a scan runs."""
    day = Day()
    day.slot(1, drive(1))
    self_tested(day, 1, grown=0)
    day.slot(1)
    day.slot(2, drive(1))
    self_tested(day, 2, grown=6)
    day.run(day.accept(2, drive=drive(1), name="read_scan"))
    return keep(tmp_path, day)


def lines_after(text, head):
    """The rows of the table under this line, without its heads."""
    lines = text.splitlines()
    begin = lines.index(head) + 2
    end = next((n for n in range(begin, len(lines)) if not lines[n]), len(lines))
    return [line.split() for line in lines[begin:end]]


def test_a_drives_life_is_told_over_all_its_slots(orchestrator, config):
    text = orchestrator("history", "SN1", "--config", config).out
    assert text.startswith("Model A SN1, 4.00 TB, ata, 5000c50000000001\n")
    newest, first = lines_after(text, "2 stays:")
    assert (newest[:2], newest[-1]) == (["2", "(A2)"], "there")
    assert first[:2] == ["1", "(A1)"]
    assert [row[:2] for row in lines_after(text, "3 jobs:")] == [
        ["3", "RUNNING"],
        ["2", "COMPLETED"],
        ["1", "COMPLETED"],
    ]


def test_its_counters_are_told_as_trends(orchestrator, config):
    text = orchestrator("history", "SN1", "--config", config).out
    rows = lines_after(text, "Counters, from the oldest kept read to the newest:")
    assert [" ".join(row) for row in rows] == [
        "Power on 101 h 102 h +1 2 h 4",
        "Reallocated sectors (5) 2 8 +6 2 h 4",
    ]


def test_a_trend_is_from_the_first_to_the_last_read_that_told_the_counter():
    later = MORNING + timedelta(days=3)
    samples = [
        Sample(MORNING, 1, BEFORE, (("attribute_197_raw", 8.0), ("power_on_hours", 5.0))),
        Sample(later, 1, AFTER, (("attribute_197_raw", 0.0),)),
    ]
    hours, pending = trends(samples)
    assert hours == Trend("power_on_hours", 5.0, 5.0, MORNING, MORNING, 1)
    assert pending == Trend("attribute_197_raw", 8.0, 0.0, MORNING, later, 2)
    assert pending.change == -8.0


def test_a_jobs_history_is_its_changes_and_what_its_drive_said(orchestrator, config):
    text = orchestrator("history", "--job", "2", "--config", config).out
    assert text.startswith('job 2: slot 2 (B2): Model A SN1: run_smart_test\n  options: {"kind":"short"}\n')
    rows = [line.split(maxsplit=3) for line in text.splitlines()[5:9]]
    assert [row[2:] for row in rows] == [
        ["api", "accepted"],
        ["slot", "RUNNING; reads"],
        ["worker", "noted what a restart would need"],
        ["slot", "COMPLETED; pass"],
    ]
    assert text.splitlines()[-1].split() == ["Reallocated", "sectors", "(5)", "2", "8", "+6"]
    unchanged = orchestrator("history", "--job", "1", "--config", config).out
    assert unchanged.endswith("None of the drive's counters changed.\n")
    assert orchestrator("history", "--job", "3", "--config", config).out.endswith("No report of its drive is kept.\n")


def test_a_failed_jobs_history_tells_why(orchestrator, tmp_path):
    day = Day()
    day.fail(day.accept(1))
    text = orchestrator("history", "--job", "1", "--config", keep(tmp_path, day)).out
    assert "FAILED; slot 1: it is gone; plug it in again" in text


def test_what_a_job_noted_again_and_again_is_one_line(orchestrator, tmp_path):
    day = Day()
    day.run(day.accept(1, name="read_scan"))
    for lba in range(30):
        day.note(1, f'{{"lba":{lba}}}')
    day.put(1, EventKind.MESSAGE, message="slow")
    day.note(1)
    text = orchestrator("history", "--job", "1", "--config", keep(tmp_path, day)).out
    assert [line.split(maxsplit=3)[3] for line in text.splitlines()[5:9]] == [
        "RUNNING; reads",
        "noted what a restart would need, 30 times",
        "slow",
        "noted what a restart would need",
    ]


def test_as_json_both_have_the_names_that_rest_gives_them(orchestrator, config):
    records = open_records(Path(config))
    (found,) = records.history("SN1")
    said = orchestrator("history", "SN1", "--config", config, "--json")
    assert json.loads(said.out) == rest._drive(found) | {"simulated": False}
    said = orchestrator("history", "--job", "2", "--config", config, "--json")
    assert json.loads(said.out) == rest._job(records.job_history(2)) | {"simulated": False}
    records.close()


def test_the_tools_own_document_is_given_byte_by_byte(orchestrator, config):
    assert orchestrator("history", "--job", "2", "--raw", "before", "--config", config).out == '{"a": 1}\n'
    assert orchestrator("history", "--job", "2", "--raw", "after", "--config", config).out == '{"a": 2}\n'


def test_a_document_is_not_obeyed_by_the_terminal_it_is_shown_on(terminal, tmp_path):
    day = Day()
    day.run(day.accept(1))
    raw = zlib.compress(b"one\n\ttwo \x1b[31mred\x07\xff\n")
    day.change("status", job=day.jobs[1], reports=(KeptReport(AFTER, day.now, (), raw),))
    text = terminal("history", "--job", "1", "--raw", "after", "--config", keep(tmp_path, day), columns=80)
    assert text == "one\n        two ?[31mred?\ufffd\n"


def test_two_drives_of_one_serial_number_are_told_apart(orchestrator, tmp_path):
    day = Day()
    day.accept(1, drive=drive(1))
    day.accept(2, drive=drive(1, model="Model B"))
    config = keep(tmp_path, day)
    text = orchestrator("history", "SN1", "--config", config).out
    assert text.startswith("2 drives have this serial number.\n\nModel A SN1")
    assert "\n\nModel B SN1" in text
    both = [json.loads(line) for line in orchestrator("history", "SN1", "--config", config, "--json").out.splitlines()]
    assert [one["drive"]["model"] for one in both] == ["Model A", "Model B"]


def test_a_long_life_is_cut_and_says_so(orchestrator, tmp_path):
    day = Day()
    for _ in range(23):
        day.complete(day.accept(1), reports=False)
    text = orchestrator("history", "SN1", "--config", keep(tmp_path, day)).out
    rows = lines_after(text, "23 jobs, the newest 20:")
    assert [row[0] for row in rows] == [str(job_id) for job_id in range(23, 3, -1)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "a history is one drive's or one job's; give a serial number, or --job ID"),
        (("SN1", "--job", "2"), "give a serial number, or --job ID"),
        (("SN9",), "no drive 'SN9' was ever here; `orchestrator jobs` shows the serials there are"),
        (("\x1b[2J",), r"no drive '\x1b[2J' was ever here"),
        (("--job", "99"), "no job 99 was ever here"),
        (("--job", "99", "--raw", "after"), "no job 99 was ever here"),
        (("--job", "3", "--raw", "after"), "no report of the moment 'after' is kept of job 3"),
        (("--job", "2", "--raw", "now"), "raw is 'now'; it takes before or after"),
        (("SN1", "--raw", "after"), "name the job with --job ID"),
    ],
)
def test_what_is_not_there_is_one_sentence_and_status_2(orchestrator, config, arguments, says):
    said = orchestrator("history", *arguments, "--config", config)
    assert (said.status, said.out) == (2, "")
    assert says in said.err
    assert said.err.count("\n") == 1


def test_what_drives_and_tools_say_is_never_obeyed(orchestrator, tmp_path):
    config = keep(tmp_path, hostile_day())
    for arguments in (("--job", "1"), ("--job", "2"), (HOSTILE.replace("\ud800", "?"),)):
        for more in ((), ("--json",)):
            said = orchestrator("history", *arguments, *more, "--config", config)
            assert said.status == 0
            assert "owned" in said.out
            assert is_tame(said.out + said.err)
