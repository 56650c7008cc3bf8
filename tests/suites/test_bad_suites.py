"""Suites that are stopped, and suites that behave badly: the job ends in time, and nothing of them is left."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from orchestrator import Rack
from orchestrator.model import errors
from orchestrator.model.job import AsyncJobStatus, children_of
from tests.suites.conftest import SOON, marked, until

END_S = 10.0
"""Host seconds for a job that was told to end."""
LINE = "from orchestrator.interfaces.pytest_plugin.suite_rack import LINE"


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch, request):
    """Whatever a suite of this test started carries the test's own mark."""
    mark = f"TEST_OF_SUITES={os.urandom(8).hex()}"
    monkeypatch.setenv(*mark.split("="))
    yield mark
    until(lambda: not marked(mark), 10)


def running(rack, folder, tmp_path, slot_id=2, **options):
    """The job, when its suite says that it runs."""
    job_id = rack.run_pytest(1, slot_id, path=str(folder), **options)
    until(lambda: (tmp_path / "runs").exists() or rack.get_job_status(job_id).has_ended)
    assert not rack.get_job_status(job_id).has_ended, rack.get_job_status(job_id).error
    return job_id


def ends(rack, job_id, kind):
    """Within its time; its error."""
    began = time.monotonic()
    with pytest.raises(kind) as told:
        rack.run_pytest_result(job_id, timeout=SOON)
    assert time.monotonic() - began < END_S
    return told.value


def waiting(tmp_path, body="time.sleep(600)", top=""):
    return textwrap.dedent(f"""
        import os, signal, subprocess, sys, threading, time
        import pytest
        from pathlib import Path
        HERE = Path({str(tmp_path)!r})
        {LINE}
        {{top}}

        def test_waits(rack, drive):
            (HERE / "runs").touch()
        {{body}}
    """).format(top=textwrap.dedent(top), body=textwrap.indent(textwrap.dedent(body), "    "))


STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)"
FORKED = """
subprocess.Popen(["sleep", "600"])
subprocess.Popen(["sleep", "600"], start_new_session=True)
if os.fork() == 0:
    time.sleep(600)
time.sleep(600)
"""


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(600)",
        "drive.run_smart_test(kind='extended')",
        f"{STUBBORN}{FORKED}",
        FORKED,
        "threading.Thread(target=time.sleep, args=(600,)).start()\nwhile True: pass",
        "while True:\n    try: time.sleep(600)\n    except BaseException: pass",
    ],
    ids=["asleep", "waiting for a job", "deaf with children", "with children", "busy with a thread", "stubborn"],
)
def test_a_cancelled_suite_ends_with_all_that_it_started(slow_rack, suite, tmp_path, body):
    job_id = running(slow_rack, suite(waiting(tmp_path, body)), tmp_path)
    slow_rack.cancel_job(job_id)
    ends(slow_rack, job_id, errors.JobCancelled)
    job = slow_rack.get_job_status(job_id)
    assert job.status is AsyncJobStatus.FAILED and job.verdict is None
    assert all(child.has_ended for child in children_of(job, slow_rack.get_jobs_list))
    assert slow_rack.read_health_result(slow_rack.read_health(1, 2), timeout=SOON).status == "pass", "the slot is free"


def test_the_jobs_of_a_cancelled_suite_are_cancelled_in_the_drive_too(slow_rack, suite, tmp_path):
    job_id = running(slow_rack, suite(waiting(tmp_path, "drive.run_smart_test(kind='extended')")), tmp_path)
    (child,) = until(lambda: children_of(slow_rack.get_job_status(job_id), slow_rack.get_jobs_list))
    until(lambda: slow_rack.get_job_status(child.id).progress >= 0)
    slow_rack.cancel_job(job_id)
    ends(slow_rack, job_id, errors.JobCancelled)
    (child,) = slow_rack.wait([child.id], END_S)
    assert child.error.code == "job_cancelled"
    again = slow_rack.run_smart_test(1, 2)
    until(lambda: slow_rack.get_job_status(again).status is AsyncJobStatus.RUNNING, END_S)
    assert slow_rack.get_job_status(again).error is None, "no test is left in the drive that it would be refused for"


def test_fixtures_are_torn_down_when_a_suite_is_cancelled_and_are_told_why(slow_rack, suite, tmp_path):
    top = """
        @pytest.fixture
        def relay(drive):
            yield
            try:
                drive.read_health()
            except Exception as exc:
                (HERE / "why").write_text(type(exc).__name__)
            (HERE / "off").touch()
    """
    text = waiting(tmp_path, top=top).replace("(rack, drive)", "(relay)")
    job_id = running(slow_rack, suite(text), tmp_path)
    slow_rack.cancel_job(job_id)
    ends(slow_rack, job_id, errors.JobCancelled)
    assert (tmp_path / "off").exists() and (tmp_path / "why").read_text() == "JobCancelled"


def test_a_drive_that_is_pulled_ends_the_suite_and_its_requests_say_so(slow_rack, suite, tmp_path):
    body = """
    try:
        drive.run_smart_test(kind="extended")
    except Exception as exc:
        (HERE / "why").write_text(type(exc).__name__)
        raise
    """
    job_id = running(slow_rack, suite(waiting(tmp_path, body)), tmp_path)
    until(lambda: children_of(slow_rack.get_job_status(job_id), slow_rack.get_jobs_list))
    serial = slow_rack.simulation.pull(2)
    assert serial in str(ends(slow_rack, job_id, errors.DriveRemoved))
    until(lambda: (tmp_path / "why").exists() and (tmp_path / "why").read_text(), END_S)
    assert (tmp_path / "why").read_text() == "DriveRemoved"
    assert all(
        child.error.code == "drive_removed"
        for child in children_of(slow_rack.get_job_status(job_id), slow_rack.get_jobs_list)
    )


def test_another_drive_in_the_slot_is_not_the_suites(slow_rack, suite, tmp_path):
    body = "while not (HERE / 'go').exists(): time.sleep(0.02)\n(HERE / 'seen').write_text(str(drive.read_health()))"
    job_id = running(slow_rack, suite(waiting(tmp_path, body)), tmp_path)
    slow_rack.simulation.pull(2)
    slow_rack.simulation.insert(2)
    (tmp_path / "go").touch()
    ends(slow_rack, job_id, (errors.DriveChanged, errors.DriveRemoved))
    assert not (tmp_path / "seen").exists()


def test_a_suite_that_takes_too_long_is_ended(slow_rack, suite, tmp_path):
    job_id = slow_rack.run_pytest(1, 2, path=str(suite(waiting(tmp_path))), timeout_s=4)
    with pytest.raises(errors.ToolTimeout, match="within 4 s") as told:
        slow_rack.run_pytest_result(job_id, timeout=SOON)
    assert "timeout_s" in told.value.remedy


def test_a_rack_that_closes_ends_its_suites(slow_rack, suite, tmp_path):
    job_id = running(slow_rack, suite(waiting(tmp_path, f"{STUBBORN}\ntime.sleep(600)")), tmp_path)
    began = time.monotonic()
    slow_rack.close()
    assert time.monotonic() - began < END_S
    assert slow_rack.get_job_status(job_id).error.code == "interrupted"


BAD = {
    "garbage": 'os.write(LINE._fd, b"\\xff\\x00 no JSON\\n")',
    "no end of line": 'while True: os.write(LINE._fd, b"x" * 65536)',
    "endless results": 'while True: LINE.say(say="case", case={"name": "x" * 9000, "outcome": "passed", "seconds": 1})',
    "never reads": """
class Deaf:
    def put(self, answer):
        time.sleep(600)
LINE._answers = Deaf()
while True: LINE.say(say="ask", id=7, verb="slots", given={})
""",
    "closes its end": "import socket\nsocket.socket(fileno=os.dup(LINE._fd)).shutdown(socket.SHUT_WR)",
    "says the end and stays": 'LINE.say(say="finished", status=3)',
}


@pytest.mark.parametrize("kind", BAD)
def test_a_suite_that_breaks_the_rules_has_no_answer(slow_rack, suite, tmp_path, kind):
    """What it may do in its own process is its own business."""
    body = f"{STUBBORN}\n{BAD[kind].strip()}\ntime.sleep(600)"
    job_id = running(slow_rack, suite(waiting(tmp_path, body)), tmp_path, timeout_s=300)
    error = ends(slow_rack, job_id, errors.ToolFailed)
    assert str(error).isprintable() and len(str(error)) < 2000
    assert slow_rack.read_health_result(slow_rack.read_health(1, 2), timeout=SOON).status == "pass", "the rack goes on"


def test_strange_questions_are_refused_in_words(slow_rack, suite):
    text = f"""
        import pytest
        {LINE}
        from orchestrator.model.errors import OrchestratorError

        ASKED = [("explode", {{}}), ("job", {{}}), ("job", {{"job_id": "x"}}), ("wait", {{"job_id": 1, "wait_s": "x"}}),
                 ("answer", {{"job_id": [1]}}), ("start", {{}}), ("cancel", {{"job_id": None}}),
                 ("start", {{"slot_id": 2, "operation": "read_health", "options": {{"x": 1}}, "client_ref": 1}}),
                 ("start", {{"slot_id": 2, "operation": "nothing", "options": {{}}, "client_ref": 1}}),
                 ("start", {{"slot_id": 2, "operation": "read_health", "options": {{}}, "client_ref": "me"}})]

        @pytest.mark.parametrize(("verb", "given"), ASKED)
        def test_a(drive, verb, given):
            with pytest.raises(OrchestratorError):
                LINE.ask(verb, **given)
    """
    job_id = slow_rack.run_pytest(1, 2, path=str(suite(text)))
    result = slow_rack.run_pytest_result(job_id, timeout=SOON)
    assert [case.text for case in result.cases] == [""] * 10


def test_a_flood_of_output_costs_nothing(slow_rack, suite):
    text = """
        import os

        def test_a(drive):
            for _ in range(2000):
                os.write(1, b"\\x1b[31mnoise\\xff" * 2000)
    """
    job_id = slow_rack.run_pytest(1, 2, path=str(suite(text)), args="-s")
    assert slow_rack.run_pytest_result(job_id, timeout=SOON).exit_status == 0


def test_when_the_orchestrator_is_killed_nothing_of_the_suite_lives_on(suite, tmp_path, nothing_is_left):
    stays = f"{STUBBORN}\nsubprocess.Popen(['sleep', '600'])\ntime.sleep(600)"
    folder = suite(waiting(tmp_path, stays))
    program = f"""
import time
from orchestrator import Rack
with Rack.simulated(slots=1) as rack:
    rack.run_pytest(1, 1, path={str(folder)!r})
    time.sleep(600)
"""
    (tmp_path / "tmp").mkdir()
    env = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    parent = subprocess.Popen([sys.executable, "-c", program], start_new_session=True, env=env)
    try:
        until((tmp_path / "runs").exists)
        assert len(until(lambda: marked(nothing_is_left))) >= 3
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    until(lambda: not marked(nothing_is_left), 10)
    assert not list((tmp_path / "tmp").glob("orchestrator-suite-*"))


def test_after_a_restart_the_job_is_interrupted_and_says_so(tmp_path, suite):
    file = tmp_path / "rack.yaml"
    file.write_text("simulated: {slots: 1, speed: 1}\nstore: {path: history.sqlite}\n")
    folder = suite(waiting(tmp_path))
    with Rack.from_config(file) as rack:
        job_id = running(rack, folder, tmp_path, slot_id=1)
    with Rack.from_config(file) as rack, pytest.raises(errors.Interrupted):
        rack.run_pytest_result(job_id, timeout=SOON)
