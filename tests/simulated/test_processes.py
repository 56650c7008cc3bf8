"""The port for child processes, answered by the stand-in: no process, no thread, no waiting."""

import json

import pytest

from orchestrator.simulated.processes import SimulatedProcesses

READ = ("/usr/sbin/smartctl", "--json=o", "-a", "/dev/sda")


@pytest.fixture
def drive(make_drive):
    return make_drive()


@pytest.fixture
def processes(drive):
    return SimulatedProcesses(lambda node: drive if node == "/dev/sda" else None)


def test_a_read_is_answered_at_once_with_and_without_sudo(processes, drive, stop):
    for argv in (READ, ("sudo", "-n", *READ)):
        finished = processes.run(argv, deadline_s=60, stop=stop)
        assert json.loads(finished.output)["serial_number"] == drive.serial
        assert (finished.exit_status, finished.ended_by) == (0, "")
    assert stop.waits == []


def test_another_program_is_missing(processes, stop):
    assert processes.run(("nvme", "list"), deadline_s=60, stop=stop).exit_status == 127


def test_a_hanging_drive_ends_at_the_deadline(processes, drive, stop):
    drive.inject("hang")
    finished = processes.run(READ, deadline_s=7, stop=stop)
    assert (finished.ended_by, finished.output, stop.waits) == ("deadline", b"", [7])


@pytest.mark.parametrize("fault", ["hang", "slow"])
def test_a_stop_ends_the_wait(processes, drive, stop_in_the_wait, fault):
    drive.inject(fault)
    assert processes.run(READ, deadline_s=60, stop=stop_in_the_wait).ended_by == "stop"


def test_a_stop_that_is_set_already_asks_nothing(processes, drive, stop):
    stop.set()
    assert processes.run(("smartctl", "-t", "short", "/dev/sda"), deadline_s=60, stop=stop).ended_by == "stop"
    assert drive.running_kind() is None


def test_a_slow_drive_takes_a_second_and_not_more_than_the_deadline(processes, drive, stop):
    drive.inject("slow")
    assert processes.run(READ, deadline_s=60, stop=stop).exit_status == 0
    assert processes.run(READ, deadline_s=0.5, stop=stop).ended_by == "deadline"
    assert stop.waits == [1.0, 0.5]


def test_garbage_is_cut_and_no_text(processes, drive, stop):
    drive.inject("garbage")
    output = processes.run(READ, deadline_s=60, stop=stop).output
    with pytest.raises(UnicodeDecodeError):
        output.decode()


def test_an_unreadable_drive_is_exit_status_2_in_smartctls_words(processes, drive, stop):
    drive.inject("unreadable")
    finished = processes.run(READ, deadline_s=60, stop=stop)
    assert finished.exit_status == 2
    assert "INQUIRY failed" in json.loads(finished.output)["smartctl"]["messages"][0]["string"]
