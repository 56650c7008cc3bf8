"""By the switch ORCHESTRATOR_FULL: drive models as disks of the kernel, asked by the real smartctl and reader."""

import json

import pytest

pytestmark = pytest.mark.timeout(900)
DRIVES = [
    {"serial": "SAS-A", "protocol": "scsi", "test_s": 20, "bad_lbas": []},
    {"serial": "SATA-A", "protocol": "ata", "test_s": 20, "bad_lbas": []},
    {"serial": "SAS-BAD", "protocol": "scsi", "test_s": 20, "bad_lbas": [5000, 100_007]},
]
RUN = "orchestrator run {} --config /run/rack.yaml"


@pytest.fixture
def guest(machine):
    """With the drive models waiting to be plugged in; slots are nodes, in the order of plugging."""
    machine.check("modprobe -a configfs target_core_user tcm_loop && mount -t configfs config /sys/kernel/config")
    machine.check(f"echo '{json.dumps(DRIVES)}' >/run/drives.json")
    machine.check("setsid python3 /lane/tcmu.py serve /run/drives.json >/run/tcmu.log 2>&1 &")
    machine.wait("grep ready /run/tcmu.log")
    machine.check("echo 'slots: {1: {node: /dev/sda}, 2: {node: /dev/sdb}}' >/run/rack.yaml")
    return machine


def plug(guest, slot: int, serial: str) -> None:
    guest.check(f"python3 /lane/tcmu.py plug {slot} {serial} && udevadm settle")


def percents(progress: str) -> list[int]:
    return [int(line.split("%")[0]) for line in progress.splitlines() if "%" in line]


def test_a_self_test_shows_its_progress_and_passes_over_sas_and_sata(guest):
    plug(guest, 1, "SAS-A")
    plug(guest, 2, "SATA-A")
    for slot, serial in ((1, "SAS-A"), (2, "SATA-A")):
        told = guest.check(RUN.format(f"smart-test {slot} --poll-s 1"), 180)
        assert f"{serial}: run_smart_test: PASS" in told
        seen = percents(told)
        assert seen == sorted(seen)
        assert sum(0 < percent < 100 for percent in seen) > 3, told


def test_a_drive_pulled_in_mid_test_fails_the_job_and_judges_nothing(guest):
    plug(guest, 1, "SAS-A")
    command = RUN.format("smart-test 1 --poll-s 1")
    guest.check(f"{{ {command}; echo left with $?; }} >/run/job 2>&1 &")
    guest.wait("grep -E '[1-9] % RUNNING|left with' /run/job", 120)
    guest.check("python3 /lane/tcmu.py pull 1")
    told = guest.wait("grep 'left with' /run/job && cat /run/job", 120)
    assert "left with 1" in told
    assert "SAS-A left its slot" in told
    assert "PASS" not in told, told


def test_bad_places_are_found_where_they_are(guest):
    plug(guest, 1, "SAS-BAD")
    ran = guest.run(RUN.format("read-scan 1 --json"), 180)
    job = ran.json()
    assert (ran.status, job["status_name"], job["verdict"]) == (1, "COMPLETED", "fail")
    assert job["answer"]["bad_lbas"] == [5000, 100_000]  # the first LBA of each unreadable 4 KiB
    assert job["answer"]["sectors_read"] == 131_072 - 16
