"""The bed itself: what a real program meets at its nodes, and that nobody is left waiting."""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.preload import PreloadBed, children_env
from orchestrator.simulated.profile import load_profiles

DEADLINE_S = 20


@pytest.fixture
def drive():
    profile = next(profile for profile in load_profiles() if profile.protocol is Protocol.ATA)
    return DriveModel(profile, "SIM1", lambda: 0.0)


@pytest.fixture
def ask(bed, real_smartctl):
    """Run the real smartctl 7.4 on /dev/sda: exit status and text."""

    def run(*options: str) -> tuple[int, str]:
        argv = [real_smartctl("7.4"), *options, "/dev/sda"]
        ended = subprocess.run(argv, env=children_env(bed), capture_output=True, timeout=DEADLINE_S, check=False)
        return ended.returncode, ended.stdout.decode(errors="replace")

    return run


def test_a_node_is_there_from_add_to_remove(bed, drive, ask):
    assert "No such device" in ask("-i")[1]
    bed.add("/dev/sda", drive)
    assert drive.serial in ask("-i")[1]
    bed.remove("/dev/sda")
    assert ask("-i")[0] == 2
    bed.add("sda", drive)
    assert drive.serial in ask("-i")[1]


def test_a_hanging_drive_holds_its_program_until_it_answers_again(bed, drive, ask):
    bed.add("/dev/sda", drive)
    drive.inject("hang")
    threading.Timer(0.2, drive.clear, ("hang",)).start()
    assert drive.serial in ask("-i")[1]


@pytest.mark.parametrize("ending", ["close", "remove"])
def test_a_program_on_a_hanging_drive_is_let_go_when_the_bed_ends(tools, real_smartctl, drive, ending):
    bed = PreloadBed(tools.library)
    bed.add("/dev/sda", drive)
    drive.inject("hang")
    argv = [real_smartctl("7.4"), "-a", "/dev/sda"]
    with subprocess.Popen(argv, env=children_env(bed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        until = time.monotonic() + DEADLINE_S
        while not any(thread.name == "bed-serve" for thread in threading.enumerate()):
            assert time.monotonic() < until, "the program never came"
        if ending == "remove":
            bed.remove("/dev/sda")
        bed.close()
        child.wait(DEADLINE_S)


def test_a_mistake_in_a_wire_breaks_the_connection_and_leaves_nobody_waiting(bed, drive, ask, monkeypatch):
    monkeypatch.setattr("orchestrator.simulated.preload._scsi_command", lambda *_: 1 / 0)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    bed.add("/dev/sda", drive)
    status, _ = ask("-a")
    assert status != 0
    for thread in [thread for thread in threading.enumerate() if thread.name == "bed-serve"]:
        thread.join(DEADLINE_S)  # it hangs up before it falls


@pytest.mark.parametrize("fault", ["unreadable", "garbage", "slow", "wrong_serial"])
def test_the_faults_show_through_the_real_program(bed, drive, ask, fault):
    bed.add("/dev/sda", drive)
    drive.inject(fault)
    began = time.monotonic()
    status, text = ask("-i")
    if fault == "slow":
        assert (status, time.monotonic() - began > 0.3) == (0, True)
    elif fault == "wrong_serial":
        assert drive.answering_serial in text
    else:
        assert f"Serial Number:    {drive.serial}" not in text


def test_a_look_at_a_drive_that_aborts_on_command_ends_its_test(bed, drive, ask):
    bed.add("/dev/sda", drive)
    drive.aborts_on_command = True
    assert "Testing has begun" in ask("-t", "short")[1]
    assert drive.running_kind() == "short"
    text = ask("-c", "-l", "selftest")[1]
    assert "Abort Offline collection upon new" in text
    assert "# 1  Short offline       Aborted by host" in text


def test_many_programs_ask_at_once(bed, drive, ask):
    bed.add("/dev/sda", drive)
    answers: list[tuple[int, str]] = []
    askers = [threading.Thread(target=lambda: answers.append(ask("-B", "/dev/null", "-H"))) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(DEADLINE_S)
    assert [status for status, _ in answers] == [0] * 8


def test_a_closed_bed_leaves_nothing_behind(tools, drive):
    before = set(threading.enumerate())
    with PreloadBed(tools.library) as bed:
        bed.add("/dev/sda", drive)
        folder = Path(bed.env()["UMOCKDEV_DIR"])
        (listener,) = set(threading.enumerate()) - before
    listener.join(DEADLINE_S)
    assert not listener.is_alive()
    assert not folder.exists()
