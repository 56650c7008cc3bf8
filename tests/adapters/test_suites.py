"""A suite's process by itself: where it runs, what is read of its lines, and that it is noted while it lives."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.adapters import suite_lines
from orchestrator.adapters.leftovers import ChildRecord, kill_marked
from orchestrator.adapters.suite_lines import Finished, Lines, read
from orchestrator.adapters.suites import PytestSuites, _junit, working_folder
from orchestrator.model.errors import JobCancelled, ToolFailed
from orchestrator.model.suite import CaseOutcome, CaseResult
from orchestrator.model.suite_talk import Apart, Asked, Began, Collected


def test_lines_are_taken_whole_and_in_order():
    lines = Lines(100)
    for piece in (b"one\ntw", b"o\n", b"", b"\nthr", b"ee"):
        lines.put(piece)
    assert [lines.take() for _ in range(4)] == [b"one", b"two", b"", None]
    lines.put(b"\n")
    assert lines.take() == b"three"


def test_a_line_without_end_is_an_error_and_what_comes_behind_it_is_read():
    lines = Lines(100)
    lines.put(b"x" * 101)
    with pytest.raises(ToolFailed, match="too long"):
        lines.take()
    lines.put(b"next\n")
    assert lines.take() == b"next"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"say": "collected", "count": 3}', Collected(3)),
        (b'{"say": "began", "name": "a\\u001b[31m b\\nc"}', Began("a b c")),
        (b'{"say": "apart"}', Apart()),
        (b'{"say": "ask", "id": 1, "verb": "slots", "given": {}}', Asked(1, "slots", {})),
        (b'{"say": "finished", "status": 1}', Finished(1)),
        (
            b'{"say": "case", "case": {"name": "n", "outcome": "no answer", "seconds": 1.5}}',
            CaseResult("n", CaseOutcome.NO_ANSWER, 1.5),
        ),
    ],
)
def test_each_message_is_read(line, found):
    assert read(line) == found


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b'{"say": "collected", "count": -1}',
        b'{"say": "collected", "count": "3"}',
        b'{"say": "case", "case": {"name": "n", "outcome": "splendid", "seconds": 1}}',
        b'{"say": "ask", "id": 1, "verb": "x"}',
        b'{"say": "began", "name": null}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_is_refused_in_printable_words(line):
    with pytest.raises(ToolFailed) as told:
        read(line)
    assert str(told.value).isprintable() and len(str(told.value)) < 300


def test_names_and_texts_are_bounded_and_can_be_stored():
    case = read(b'{"say": "case", "case": {"name": "' + b"n" * 9000 + b'", "outcome": "failed", "seconds": 0, '
                b'"text": "\\u0000' + b"t" * 9000 + b'"}}')  # fmt: skip
    assert isinstance(case, CaseResult)
    assert (len(case.name), len(case.text)) == (suite_lines.LONGEST_NAME, suite_lines.LONGEST_TEXT)
    assert case.text.isprintable() and case.text.encode()
    assert read(b'{"say": "began", "name": "\\ud800"}') == Began("?")


def test_the_last_lines_of_the_output_are_told_without_colours():
    output = b"first\n\n\x1b[31msecond\x1b[0m\r\n" + b"\xffthird\n"
    assert suite_lines.last_lines(output, 2) == "second / \N{REPLACEMENT CHARACTER}third"


def test_a_suite_runs_where_its_team_calls_pytest(tmp_path):
    suite = tmp_path / "project/tests/qualification"
    suite.mkdir(parents=True)
    (suite / "test_a.py").touch()
    assert working_folder(suite) == suite
    (tmp_path / "project/pyproject.toml").touch()
    assert working_folder(suite) == working_folder(suite / "test_a.py") == tmp_path / "project"
    (suite / "pytest.ini").touch()
    assert working_folder(suite) == suite


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/etc/hostname")])
def test_junit_that_is_no_file_is_not_read(tmp_path, make):
    make(tmp_path / "junit.xml")
    text, why = _junit(tmp_path / "junit.xml")
    assert text == "" and why


def test_a_marked_process_ends_in_whichever_session_and_no_other_one(monkeypatch):
    mark = f"ORCHESTRATOR_SUITE={os.urandom(16).hex()}"
    sleep = (sys.executable, "-c", "import time; time.sleep(600)")
    monkeypatch.setenv("ORCHESTRATOR_SUITE", "another")
    other = subprocess.Popen(sleep)
    monkeypatch.setenv(*mark.split("="))
    marked = [subprocess.Popen(sleep, start_new_session=new) for new in (True, False)]
    try:
        kill_marked(mark.encode())
        assert [child.wait(10) for child in marked] == [-9, -9]
        assert other.poll() is None
    finally:
        for child in (other, *marked):
            child.kill()
            child.wait()


def test_a_suite_is_noted_while_it_lives(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "test_a.py").write_text("import time\ndef test_a(): time.sleep(600)")
    file, stop = tmp_path / "children", threading.Event()
    record = ChildRecord(file)
    suite = PytestSuites(record=record).begin(str(tmp_path), (), deadline_s=100, stop=stop)
    pid = suite._child.pid
    assert f"{pid:10d}".encode() in file.read_bytes()
    assert f"{next(iter(record.environment.values()))}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    stop.set()
    with pytest.raises(JobCancelled):
        suite.next()
    suite.close()
    suite.close()
    assert f"{pid:10d}".encode() not in file.read_bytes()
    assert not suite._folder.exists()
    record.close()


def test_what_cannot_be_started_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.mkdtemp", lambda prefix: str(tmp_path))
    for fault in (OSError(24, "Too many open files"), ValueError("embedded null byte")):

        def fail(*_, fault=fault, **__):
            raise fault

        monkeypatch.setattr("subprocess.Popen", fail)
        with pytest.raises(ToolFailed, match="could not be started"):
            PytestSuites().begin(str(tmp_path), (), deadline_s=1, stop=threading.Event())
