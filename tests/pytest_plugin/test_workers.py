"""pytest-xdist: one process has the rack, workers ask it, and a slot has one test at a time."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from orchestrator import Rack, VerdictStatus
from orchestrator.interfaces.web.server import serve_http
from orchestrator.interfaces.web.tokens import Scope, Tokens

RACK = ("--rack", "simulated:slots=3,speed=1e5")
ALONE = """
import os, pathlib, pytest, time

@pytest.mark.parametrize("n", range(4))
def test_alone(drive, n):
    mark = pathlib.Path(f"in-{drive.slot.id}")
    with mark.open("x"):  # raises where another test is in this slot
        drive.read_health()
        pathlib.Path(f"{os.environ['PYTEST_XDIST_WORKER']}-slot-{drive.slot.id}").touch()
    mark.unlink()
"""


def test_the_tests_of_a_slot_are_one_workers(suite, pytester):
    ran = suite(*RACK, "-n", "2", text=ALONE)
    assert ran.counts == {"passed": 12}, ran.out
    assert len(list(pytester.path.glob("gw*-slot-*"))) == 3


def test_however_they_are_spread_a_slot_has_one_test_at_a_time(suite, pytester):
    ran = suite(*RACK, "-n", "3", "--dist", "load", text=ALONE)
    assert ran.counts == {"passed": 12}, ran.out
    assert len(list(pytester.path.glob("gw*-slot-*"))) > 3


def test_a_worker_that_crashes_costs_its_test_alone_and_frees_the_slot(suite):
    text = """
    import os, threading

    def test_dies(drive, rack):
        def kill():
            while not rack.open_jobs(drive.slot.id):
                pass
            os.kill(os.getpid(), 9)
        if drive.slot.id == 2:
            threading.Thread(target=kill).start()
            drive.run_smart_test(kind="extended")

    def test_after(drive):
        assert drive.read_health().status == "pass"
    """
    ran = suite("--rack", "simulated:slots=2,speed=100", "-n", "2", text=text)
    assert (ran.status, ran.counts) == (1, {"failed": 1, "passed": 3})
    assert ran.table["2"][2:6] == ["1", "0", "0", "1"]
    assert "crashed while running" in ran.table["2"][-1]


def test_a_service_is_asked_by_the_workers_themselves(suite, tmp_path, monkeypatch):
    tokens = Tokens(tmp_path / "tokens.json")
    monkeypatch.setenv("ORCHESTRATOR_TOKEN", tokens.add("harness", [Scope.RUN]))
    text = """
    def test_health(drive, rack):
        assert drive.read_health().status == "pass"
        drive.measure("no_number_for_json", float("inf"))
    """
    with Rack.simulated(slots=3, speed=1e5) as rack, serve_http(rack, port=0, tokens=tokens) as server:
        alone = suite("--rack", server.url, text=text)
        spread = suite("--rack", server.url, "-n", "2")
        assert alone.counts == spread.counts == {"passed": 3}
        assert alone.table == spread.table
        assert [job.name for job in rack.get_jobs_list()].count("record_tests") == 6
        refs = {job.client_ref for job in rack.get_jobs_list()}
        assert len(refs) >= 4  # of one session alone, and of a controller and its workers
        monkeypatch.setenv("ORCHESTRATOR_TOKEN", "dto_wrong")
        refused = suite("--rack", server.url)
        assert refused.status == pytest.ExitCode.USAGE_ERROR
        assert server.url in refused.err
        assert "dto_wrong" not in refused.err + refused.out


def test_a_token_file_that_others_can_read_is_refused(suite, pytester):
    path = pytester.path / "token"
    path.write_text("dto_x\n")
    path.chmod(0o644)
    ran = suite("--rack", "http://127.0.0.1:9", "--rack-token-file", "token", text=ALONE)
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert "chmod 600" in ran.err


def test_without_what_serves_a_rack_workers_are_refused_with_the_remedy(suite, pytester):
    pytester.makeconftest(
        """
        from orchestrator.interfaces import service
        service.NEEDED = ("no_such_server",)
        """
    )
    ran = suite(*RACK, "-n", "2", text=ALONE)
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert "-n needs no_such_server, not installed here; install the extra: pip install" in ran.err


def test_a_mistake_in_a_mark_is_told_by_the_workers_too(suite):
    ran = suite(*RACK, "-n", "2", text="import pytest\n@pytest.mark.drive(size=1)\ndef test_it(drive): pass")
    assert ran.status != 0
    assert "the mark drive takes no 'size'" in ran.out


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["in one process", "side by side"])
def test_ctrl_c_cancels_the_job_and_records_no_pass(suite, pytester, workers):
    """Told from the service's side: its rack outlives the tests."""
    pytester.makepyfile(test_it="def test_long(drive):\n    drive.run_smart_test(kind='extended')\n")
    with Rack.simulated(slots=1, speed=1) as rack, serve_http(rack, port=0) as server:
        begun = threading.Event()

        def watch():
            for _ in rack.events(0):
                if any(job.status == 2 for job in rack.open_jobs()):
                    begun.set()

        threading.Thread(target=watch, daemon=True).start()
        command = (sys.executable, "-m", "pytest", "-p", "orchestrator", "-p", "xdist", "--rack", server.url, *workers)
        with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True) as child:
            try:
                assert begun.wait(60)
                os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to the workers too
                out, _ = child.communicate(timeout=60)
            finally:
                child.kill()
        assert child.returncode == pytest.ExitCode.INTERRUPTED, out
        (job, *more) = rack.get_jobs_list()
        assert (job.name, job.error.code) == ("run_smart_test", "job_cancelled")
        for recorded in more:
            assert recorded.verdict is None or recorded.verdict.status is not VerdictStatus.PASS


def test_a_time_limit_cancels_the_job_and_the_next_test_finds_the_slot_free(suite):
    text = """
    import pytest

    @pytest.mark.timeout(2)
    def test_long(drive):
        drive.run_smart_test(kind="extended")

    def test_next(drive):
        drive.read_health()
    """
    ran = suite("--rack", "simulated:slots=1,speed=1", text=text)
    assert ran.counts == {"no answer": 1, "passed": 1}
    assert ran.table["1"][-1] == "test_long: Timeout (>2.0s) from pytest-timeout."
