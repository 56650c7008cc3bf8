"""A child process has a deadline, bounded output and an end, whatever it does."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.adapters import process
from orchestrator.adapters.process import MISSING, NOT_STARTED, ChildProcesses
from orchestrator.model.ports import Finished

RUNS = int(os.environ.get("PROCESS_RUNS", "60"))
"""Of the leak test; 1000 for the full figure."""
DEAF_TO_TERM = "trap '' TERM; while :; do sleep 0.2; done"


def run(script: str, *, deadline_s: float = 10.0, stop: threading.Event | None = None, **options: int) -> Finished:
    children = ChildProcesses(limit_bytes=options.get("limit_bytes", 1 << 20))
    return children.run(("sh", "-c", script), deadline_s=deadline_s, stop=stop or threading.Event())


def own_zombies() -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(stat.parent.name)
    return found


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    """The kernel kills at once but tidies up in its own time."""
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pid)


def test_output_errors_and_exit_status_are_kept_apart():
    assert run("echo out; echo err >&2; exit 68") == Finished(68, b"out\n", b"err\n", "")


def test_output_as_large_as_the_limit_is_whole():
    finished = run("head -c 1048576 /dev/zero")
    assert (len(finished.output), finished.ended_by, finished.exit_status) == (1 << 20, "", 0)


def test_the_environment_is_the_c_locale_a_path_with_sbin_and_what_was_given(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("SECRET", "1")
    finished = ChildProcesses(env={"GIVEN": "x"}).run(("env",), deadline_s=5, stop=threading.Event())
    found = dict(line.split("=", 1) for line in finished.output.decode().splitlines())
    assert found.keys() == {"PATH", "LC_ALL", "LANG", "GIVEN"}
    assert (found["LC_ALL"], found["LANG"], found["GIVEN"]) == ("C", "C", "x")
    assert "/usr/sbin" in found["PATH"].split(":")


def test_the_child_leads_its_own_session_and_reads_nothing_and_dies_of_a_broken_pipe():
    finished = run("cat; read -r pid comm state ppid pgrp sid rest < /proc/$$/stat; echo $pid $pgrp $sid")
    pid, group, session = map(int, finished.output.split())
    assert pid == group == session
    assert session != os.getsid(0)
    ignored = run("grep SigIgn /proc/self/status").output.split()[1]
    assert not int(ignored, 16) >> (signal.SIGPIPE - 1) & 1


@pytest.mark.parametrize("program", ["no-such-program-here", "/no/such/program"])
def test_a_missing_program_is_exit_status_127(program):
    finished = ChildProcesses().run((program, "-a"), deadline_s=5, stop=threading.Event())
    assert finished.exit_status == MISSING == 127
    assert program.encode() in finished.errors


def test_a_program_that_cannot_be_executed_is_exit_status_126_with_the_reason(tmp_path):
    (tmp_path / "data").write_text("no program")
    finished = ChildProcesses().run((str(tmp_path / "data"),), deadline_s=5, stop=threading.Event())
    assert finished.exit_status == NOT_STARTED
    assert b"Permission denied" in finished.errors


def test_arguments_are_never_read_by_a_shell():
    finished = ChildProcesses().run(("echo", "$(id)", "; id", "`id`"), deadline_s=5, stop=threading.Event())
    assert finished.output == b"$(id) ; id `id`\n"


def test_death_by_a_signal_is_its_negative_number():
    assert run("kill -9 $$").exit_status == -signal.SIGKILL


def test_a_child_that_ignores_sigterm_is_killed_at_its_deadline():
    began = time.monotonic()
    finished = run(f"echo begun; {DEAF_TO_TERM}", deadline_s=0.2)
    assert (finished.ended_by, finished.exit_status, finished.output) == ("deadline", -signal.SIGKILL, b"begun\n")
    assert time.monotonic() - began < 1.5


def test_a_child_may_tidy_up_on_sigterm():
    finished = run("trap 'echo tidy; exit 3' TERM; echo up; while :; do sleep 0.001; done", deadline_s=0.3)
    assert (finished.ended_by, finished.exit_status, finished.output) == ("deadline", 3, b"up\ntidy\n")


def test_stop_ends_a_running_child_within_a_tenth_of_a_second():
    stop, late = threading.Event(), []
    for _ in range(5):
        stop.clear()
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(run, DEAF_TO_TERM, deadline_s=30, stop=stop)
            time.sleep(0.05)  # any moment of its life will do
            said = time.monotonic()
            stop.set()
            assert running.result(5).ended_by == "stop"
            late.append(time.monotonic() - said)
    assert min(late) < 0.1


def test_a_stop_that_came_before_starts_nothing(tmp_path):
    stop = threading.Event()
    stop.set()
    assert run(f"touch {tmp_path}/started", stop=stop).ended_by == "stop"
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("stream", ["out", "err"])
def test_a_flood_is_cut_at_the_limit_and_ended(stream):
    finished = run(f"yes 0123456789 {'>&2' if stream == 'err' else ''}", limit_bytes=100_000)
    flooded, other = (finished.output, finished.errors)[:: 1 if stream == "out" else -1]
    assert (finished.ended_by, len(flooded), other) == ("flood", 100_000, b"")


def test_a_grandchild_that_keeps_the_pipe_delays_nothing_and_dies_with_the_group():
    began = time.monotonic()
    finished = run("sleep 60 & echo $!")
    assert (finished.exit_status, finished.ended_by) == (0, "")
    assert time.monotonic() - began < 2
    wait_until_gone(int(finished.output))


def test_a_grandchild_in_a_session_of_its_own_delays_nothing_either():
    began = time.monotonic()
    finished = run("setsid sleep 3 & echo done")
    assert finished.output == b"done\n"
    assert time.monotonic() - began < 2


def test_the_whole_group_ends_at_the_deadline():
    finished = run(f"({DEAF_TO_TERM}) & echo $!; wait", deadline_s=0.2)
    assert finished.ended_by == "deadline"
    wait_until_gone(int(finished.output))


def test_a_child_that_no_signal_reaches_is_left_and_reaped_later(monkeypatch):
    """As in uninterruptible sleep, or root's behind sudo: here the signals are lost on the way."""
    monkeypatch.setattr(process, "_signal_group", lambda pid, number: None)
    children = ChildProcesses(kill_wait_s=0.1)
    began = time.monotonic()
    finished = children.run(("sh", "-c", "echo $$; sleep 0.6"), deadline_s=0.1, stop=threading.Event())
    assert finished.ended_by == "deaf"
    assert time.monotonic() - began < 0.5
    pid = int(finished.output)
    assert alive(pid)
    (reaper,) = (thread for thread in threading.enumerate() if thread.name == f"reap-{pid}")
    reaper.join(5)
    assert not reaper.is_alive()
    assert not Path(f"/proc/{pid}").exists()


def test_an_interrupted_caller_leaves_no_child(monkeypatch, tmp_path):
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(process._Child, "follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(f"echo $$ > {tmp_path}/pid; sleep 60")
    assert not own_zombies()
    if (tmp_path / "pid").exists() and (pid := (tmp_path / "pid").read_text().strip()):
        assert not alive(int(pid))


def test_many_runs_leak_no_descriptor_and_no_zombie():
    scripts = ("true", "exit 4", "kill -9 $$", "sleep 60 &", "yes", DEAF_TO_TERM)
    run("true")
    before = open_descriptors()

    def one(number: int) -> None:
        run(scripts[number % len(scripts)], deadline_s=0.05, limit_bytes=10_000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(RUNS)))
    ChildProcesses().run(("/no/such/program",), deadline_s=1, stop=threading.Event())
    assert open_descriptors() == before
    assert not own_zombies()


def test_twenty_four_hung_children_end_at_their_deadline():
    began = time.monotonic()
    with ThreadPoolExecutor(24) as pool:
        finished = list(pool.map(lambda _: run(DEAF_TO_TERM, deadline_s=0.5), range(24)))
    assert [one.ended_by for one in finished] == ["deadline"] * 24
    assert time.monotonic() - began < 0.5 + 2
