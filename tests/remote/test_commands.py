"""The command line against a service: as a process of its own, and what each command asks of it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from orchestrator import AsyncJobStatus, Rack
from orchestrator.interfaces.web.tokens import Tokens
from tests.interfaces.conftest import COMMAND, orchestrator
from tests.interfaces.serving import Served as Serving
from tests.remote.wire import stranger
from tests.web.conftest import SOON, until

S = AsyncJobStatus
__all__ = ["orchestrator"]


@pytest.fixture
def url(slow_near, served, monkeypatch):
    """Of a rack in which an extended self-test outlasts any test; also what the environment says."""
    with served.over(slow_near) as url:
        monkeypatch.setenv("ORCHESTRATOR_URL", url)
        yield url


def run(*words, **environment):
    ran = subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                         env={**os.environ, **environment})  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


def test_a_run_is_followed_to_its_end_by_a_process_elsewhere(url, slow_near):
    status, out, err = run("run", "smart-test", 2, "--url", url)
    assert status == 0 and "run_smart_test: PASS" in out and "SIMULATED" in out
    assert "slot 2 (2): run_smart_test" in err
    [job] = slow_near.get_jobs_list()
    assert (job.status, job.slot_id) == (S.COMPLETED, 2)


def test_a_sick_drive_is_status_1_and_its_job_tells_why(url, slow_near):
    slow_near.simulation.inject(1, "health_failed")
    status, out, _ = run("run", "read-health", 1, "--json", ORCHESTRATOR_URL=url)
    said = json.loads(out)
    assert (status, said["verdict"], said["simulated"]) == (1, "fail", True)
    status, out, _ = run("result", said["id"], "--json", ORCHESTRATOR_URL=url)
    assert (status, json.loads(out)["reasons"]) == (1, said["reasons"])


def test_ctrl_c_cancels_the_job_there(url, slow_near):
    command = [*COMMAND, "run", "smart-test", "1", "--kind", "extended", "--url", url]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: any(job.status is S.RUNNING for job in slow_near.get_jobs_list()))
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=SOON)
    assert started.returncode == 1 and "cancelled" in out and "cancelling" in err
    assert slow_near.simulation.drive(1).running_kind() is None


def test_watch_says_each_thing_that_happens_as_json(url, slow_near):
    command = [*COMMAND, "watch", "--json", "--url", url]
    watching = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    until_someone_listens(url)
    job_id = slow_near.read_health(1, 1)
    for line in watching.stdout:
        said = json.loads(line)
        if said["job"] and said["job"]["status_name"] == "COMPLETED":
            break
    assert said["job"]["id"] == job_id and said["simulated"] is True
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=SOON)
    assert watching.returncode == 0


def until_someone_listens(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def listens():
        with opener.open(f"{url}/metrics", timeout=SOON) as answer:
            return b"orchestrator_event_listeners 1.0" in answer.read()

    until(listens)


def test_the_lists_are_those_of_the_service(orchestrator, url, slow_near):
    done, running = slow_near.read_health(7, 1), slow_near.run_smart_test(8, 2, kind="extended")
    slow_near.wait([done], SOON)
    until(lambda: slow_near.get_job_status(running).progress >= 0)
    slots = [json.loads(line) for line in orchestrator("slots", "--json").out.splitlines()]
    assert [(slot["slot_id"], slot["state"]) for slot in slots] == [(1, "ready"), (2, "busy"), (3, "ready")]
    jobs = [json.loads(line) for line in orchestrator("jobs", "--json").out.splitlines()]
    assert [(job["id"], job["status_name"]) for job in jobs] == [(done, "COMPLETED"), (running, "RUNNING")]
    told = orchestrator("jobs", "--status", "running", "--url", url).out
    assert "SIMULATED" in told and "1 job matches" in told and "last kept" not in told
    told = orchestrator("status", str(running)).out
    assert re.search(r"status    RUNNING\n(.|\n)*progress  \d+ %(.|\n)*expected", told)
    said = orchestrator("jobs", "--limit", "1", "--url", url).out
    assert f"orchestrator jobs --url {url} --limit 1 --after-id {done}" in said


def test_a_job_is_held_let_go_ended_and_waited_for(orchestrator, url, slow_near):
    job_id = str(slow_near.start("walk", 1, 1, steps=1000))
    until(lambda: slow_near.get_job_status(int(job_id)).status is S.RUNNING)
    assert orchestrator("pause", job_id).status == 0
    until(lambda: slow_near.get_job_status(int(job_id)).status is S.PAUSED)
    said = orchestrator("resume", job_id, "--json")
    assert json.loads(said.out)["status_name"] == "PAUSED"
    until(lambda: slow_near.get_job_status(int(job_id)).status is S.RUNNING)
    said = orchestrator("wait", job_id, "--timeout", "0.1")
    assert said.status == 1 and "is RUNNING; ask again" in said.err
    assert orchestrator("result", job_id).status == 1
    assert orchestrator("cancel", job_id).status == 0
    said = orchestrator("wait", job_id, "--json")
    assert (said.status, json.loads(said.out)["error"]["code"]) == (1, "job_cancelled")
    assert orchestrator("wait", "99").status == 2


def test_a_job_that_is_good_is_status_0_to_who_waits(orchestrator, url, slow_near):
    said = orchestrator("wait", str(slow_near.read_health(1, 1)), str(slow_near.read_health(1, 2)))
    assert said.status == 0 and said.out.count("read_health: PASS") == 2


def test_a_slot_is_released_and_a_drive_shown(orchestrator, url):
    assert "ready" in orchestrator("release", "2").out
    assert orchestrator("release", "9").status == 2
    assert "locate: done" in orchestrator("locate", "2", "--seconds", "1").out
    assert orchestrator("locate", "2", "--seconds", "0").status == 2


def test_the_history_is_asked_of_the_service(orchestrator, served, tmp_path):
    file = tmp_path / "rack.yaml"
    file.write_text("simulated: {slots: 1, speed: 100000}\nstore: history.db\n")
    with Rack.from_config(file) as near, served.over(near) as url:
        near.wait([near.run_smart_test(1, 1)], SOON)
        serial = near.slots()[0].drive.serial
        [drive] = (
            json.loads(line) for line in orchestrator("history", serial, "--json", "--url", url).out.splitlines()
        )
        assert drive["drive"]["serial"] == serial and drive["total_jobs"] == 1 and drive["simulated"]
        assert "COMPLETED" in orchestrator("history", "--job", "1", "--url", url).out
        assert orchestrator("history", "nobodys", "--url", url).status == 2


def test_a_token_comes_from_the_environment_or_a_file_that_is_ones_own(
    orchestrator, slow_near, served, tmp_path, monkeypatch
):
    tokens = Tokens(tmp_path / "tokens.json")
    file = tmp_path / "token"
    file.write_text(tokens.add("bench", ["read"]) + "\n")
    file.chmod(0o600)
    with served.over(slow_near, tokens=tokens) as url:
        said = orchestrator("slots", "--url", url)
        assert said.status == 1 and "ORCHESTRATOR_TOKEN or --token-file" in said.err
        assert orchestrator("slots", "--url", url, "--token-file", str(file)).status == 0
        said = orchestrator("run", "read-health", "1", "--url", url, "--token-file", str(file))
        assert said.status == 1 and "scope run" in said.err
        file.chmod(0o640)
        said = orchestrator("slots", "--url", url, "--token-file", str(file))
        assert said.status == 2 and f"chmod 600 {file}" in said.err
        monkeypatch.setenv("ORCHESTRATOR_TOKEN", file.read_text().strip())
        assert orchestrator("slots", "--url", url).status == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("slots", "--url", "bench-7"), "no address of a service"),
        (("slots", "--url", "http://a", "--simulated"), "more than one rack was named"),
        (("jobs", "--url", "http://a", "--config", "x"), "more than one rack was named"),
        (("slots", "--simulated", "--token-file", "x"), "give its address (--url URL)"),
        (("cancel", "1", "--config", "rack.yaml"), "no service that can be asked runs rack.yaml"),
        (("slots", "--url", "http://a", "--token-file", "/no/such"), "cannot be read"),
    ],
)
def test_wrong_usage_is_one_sentence(orchestrator, words, says):
    said = orchestrator(*words)
    assert said.status in (1, 2) and said.out == ""
    assert says in said.err and said.err.count("\n") == 1


def test_a_service_that_is_gone_is_one_sentence_and_status_1(orchestrator, monkeypatch):
    monkeypatch.setattr("orchestrator.interfaces.reach.FIRST_S", 0.1)
    said = orchestrator("jobs", "--url", "http://127.0.0.1:1")
    assert said.status == 1 and "http://127.0.0.1:1 gives no answer" in said.err and said.err.count("\n") == 1


def test_a_token_is_not_sent_to_whoever_listens_at_the_usual_address(orchestrator, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_TOKEN", "hunter2")
    monkeypatch.delenv("ORCHESTRATOR_URL", raising=False)
    with stranger((200, "text/html", b"<h1>It works!</h1>")) as (url, asked):
        monkeypatch.setattr("orchestrator.interfaces.reach.USUAL", url.removeprefix("http://"))
        said = orchestrator("slots")
    assert said.status == 2 and "no rack was named" in said.err
    assert asked and not any("hunter2" in str(headers) for _, headers in asked)


@pytest.mark.timeout(60)
def test_a_rack_file_leads_to_the_service_that_owns_it(orchestrator, tmp_path, monkeypatch):
    file = tmp_path / "rack.yaml"
    file.write_text("slots: {4: {label: A4, node: /dev/no-such-node}}\nsmartctl: {path: /no/such/smartctl}\n")
    environment = {"STATE_DIRECTORY": str(tmp_path), "PATH": "/usr/bin:/bin"}
    serving = Serving("--config", file, "--http", "127.0.0.1:0", environment=environment)
    try:
        serving.url()
        said = orchestrator("slots", "--config", str(file), "--json")
        assert (said.status, json.loads(said.out)["slot_id"]) == (0, 4)
        assert "no job 9 here" in orchestrator("cancel", "9", "--config", str(file)).err
    finally:
        assert serving.stop(signal.SIGTERM)[0] == 0
    assert "no service that can be asked" in orchestrator("cancel", "9", "--config", str(file)).err


@pytest.mark.skipif(sys.platform != "linux", reason="pty and winsize as Linux has them")
def test_watch_on_a_terminal_is_a_live_table(url, slow_near):
    import pty

    ours, theirs = pty.openpty()
    slow_near.run_smart_test(1, 2, kind="extended")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    watching = subprocess.Popen(
        [*COMMAND, "watch", "--url", url], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while not (b"run_smart_test RUNNING" in shown and url.encode() in shown):
            shown += os.read(ours, 65536)
        watching.send_signal(signal.SIGINT)
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    assert watching.wait(SOON) == 0, shown.decode()
    assert b"SIMULATED rack: 3 slots" in shown
