"""`orchestrator serve` as a process: what it prints without a terminal, and how it obeys signals."""

import signal
import subprocess
import sys

import pytest

from tests.interfaces.serving import Served

PLAN = """\
plans: {incoming: {on_insert: [read_health, run_smart_test], on_start: test}}
plan: incoming
simulated: {slots: 2, speed: 100000}
"""


@pytest.fixture
def rack_file(tmp_path):
    def write(text):
        path = tmp_path / "rack.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def serve():
    started = []

    def start(*words):
        started.append(Served(*words, "--http", "none"))
        return started[-1]

    yield start
    for served in started:
        served.process.kill()
        served.process.communicate(timeout=30)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_rack_runs_its_plans_and_stops_when_told(serve, rack_file, number):
    served = serve("--config", rack_file(PLAN))
    for _ in range(2):
        served.until("incoming: done")
    assert "SIMULATED" in served.lines[0]
    status, took_s = served.stop(number)
    assert status == 0 and took_s < 10
    assert served.lines[-1].endswith("stopping\n")


@pytest.mark.timeout(60)
def test_a_hangup_takes_the_file_over_and_a_wrong_file_changes_nothing(serve, rack_file):
    path = rack_file("slots: {1: {node: /dev/no-such/none, label: A1}}")
    served = serve("--config", path)
    served.until("serving")
    path.write_text("slots: {1: {nod: /dev/no-such/none}}")
    served.process.send_signal(signal.SIGHUP)
    served.until("the rack stays as it was")
    path.write_text("slots: {1: {node: /dev/no-such/none, label: B1}, 2: {node: /dev/no-such/other}}")
    served.process.send_signal(signal.SIGHUP)
    served.until("is taken over")
    served.until("slot 2")
    assert served.stop(signal.SIGTERM)[0] == 0


@pytest.mark.timeout(60)
def test_a_dry_run_says_what_would_start_and_starts_nothing(rack_file):
    command = [sys.executable, "-m", "orchestrator.interfaces.cli", "serve", "--dry-run", "--config"]
    path = rack_file(PLAN.replace("test}", "leave}"))
    said = subprocess.run([*command, path], capture_output=True, text=True, timeout=50, check=True).stdout
    assert said.count("nothing: it was here before us (on_start: leave)") == 2
    assert said.count("read_health, then run_smart_test") == 2


@pytest.mark.timeout(60)
def test_a_rack_must_be_named():
    command = [sys.executable, "-m", "orchestrator.interfaces.cli", "serve"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert ran.returncode == 2 and "--simulated" in ran.stderr
