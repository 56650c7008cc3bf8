"""Tools that hang, die and talk nonsense in a whole rack: real threads, real processes, a stand-in smartctl.

It names itself in the slots' nodes: the drive at /dev/bay-3 is slot 3's. Who it is, it always tells.
"""

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.leftovers import MARK
from orchestrator.model.drive import Drive
from orchestrator.model.errors import ToolTimeout
from orchestrator.model.job import AsyncJobStatus
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import operation
from orchestrator.rack import Rack

JOBS = 1000 if os.environ.get("ORCHESTRATOR_FULL") else 200
HUNG, HEALTHY = range(1, 25), 25
DEADLINE_S, LATE_S, STOP_S = 3.0, 2.0, 10.0
CANCELS, CANCEL_P95_S = 40, 0.25
DRIVE = Path(__file__).parents[1] / "adapters/stand_ins/ata-read.json"
SMARTCTL = """#!/bin/sh
for node; do :; done
slot=${{node##*-}}
echo "${token}" > {folder}/token
fault=
case " $* " in *" -i "*) ;; *) [ -f {folder}/$slot ] && read -r fault < {folder}/$slot ;; esac
case $fault in
    hang) exec sleep 600 ;;
    deaf) trap '' TERM; while :; do sleep 600; done ;;
    killed) kill -KILL $$ ;;
    garbage) echo '{{{{'; exit 0 ;;
    grandchild) sleep 600 & ;;
esac
exec sed "s/SN-ATA/SN-$slot/g" {drive}
"""


class Stand:
    """A rack of 25 slots over the stand-in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tool, rack_file = folder / "smartctl", folder / "rack.yaml"
        tool.write_text(SMARTCTL.format(folder=folder, drive=DRIVE, token=MARK))
        tool.chmod(0o755)
        rack_file.write_text(
            f'ranges: [{{ids: {HUNG[0]}-{HEALTHY}, node: "/dev/bay-{{n}}"}}]\n'
            f"smartctl: {{path: {tool}, deadline_s: {DEADLINE_S}}}\n"
        )
        self.rack = Rack.from_config(rack_file)

    def fault(self, slot_id: int, name: str) -> None:
        (self.folder / str(slot_id)).write_text(f"{name}\n")

    def children(self) -> list[str]:
        """What carries the rack's token and lives: our tools, and what they started."""
        token, found = f"{MARK}={(self.folder / 'token').read_text().strip()}", []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if token.encode() in (process / "environ").read_bytes().split(b"\0"):
                    found.append(f"{process.name} {(process / 'cmdline').read_bytes()!r}")
            except OSError:
                continue
        return found

    def no_child_lives(self) -> None:
        """The kernel kills at once and tidies up in its own time."""
        deadline = time.monotonic() + 1
        while (found := self.children()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert found == []


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.rack.close()


@pytest.fixture
def watch() -> Iterator[tuple[Callable[..., object], threading.Semaphore]]:
    """An operation that reads its drive once and then waits for days, and what it says when it has read."""
    reads = threading.Semaphore(0)

    @operation()
    def watch(drive: Drive, bench: Bench) -> bool:
        """Waits until it is cancelled."""
        bench.read(drive)
        reads.release()
        bench.sleep(1e6)
        return True

    yield watch, reads


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


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


@pytest.mark.parametrize("how", ["hang", "deaf"])
def test_24_hung_tools_end_at_their_deadline_and_delay_nobody_elses_cancel(stand, watch, how):
    """Deaf: it ignores SIGTERM."""
    rack, (operation, reads) = stand.rack, watch
    for slot_id in HUNG:
        stand.fault(slot_id, how)
    began = time.monotonic()
    hung = [rack.read_health(slot_id, slot_id) for slot_id in HUNG]
    took: list[float] = []
    while time.monotonic() < began + DEADLINE_S - 0.5:  # all of them hang meanwhile
        job_id = rack.start(operation, 0, HEALTHY)
        assert reads.acquire(timeout=10)
        said = time.monotonic()
        rack.cancel_job(job_id)
        (job,) = rack.wait([job_id], timeout=10)
        took.append(time.monotonic() - said)
        assert (job.status, job.error.code) == (AsyncJobStatus.FAILED, "job_cancelled")
    assert all(rack.get_job_status(job_id).status is AsyncJobStatus.RUNNING for job_id in hung)
    ended = rack.wait(hung, timeout=began + DEADLINE_S + LATE_S - time.monotonic())
    assert {(job.status, job.error.code) for job in ended} == {(AsyncJobStatus.FAILED, "tool_timeout")}
    assert all((job.ended - job.accepted).total_seconds() >= DEADLINE_S for job in ended)
    with pytest.raises(ToolTimeout, match=r"within 3 s"):
        rack.read_health_result(hung[0])
    assert len(took) >= CANCELS
    assert percentile(took, 0.95) < CANCEL_P95_S
    stand.no_child_lives()


@pytest.mark.parametrize("how", ["hang", "deaf"])
def test_a_rack_stops_within_10_s_while_24_tools_hang_and_leaves_no_child(stand, how):
    for slot_id in HUNG:
        stand.fault(slot_id, how)
    jobs = [stand.rack.read_health(slot_id, slot_id) for slot_id in HUNG]
    deadline = time.monotonic() + 10
    while len(stand.children()) < len(HUNG) and time.monotonic() < deadline:
        time.sleep(0.01)
    began = time.monotonic()
    stand.rack.close()
    assert time.monotonic() - began < STOP_S
    stand.no_child_lives()
    assert {stand.rack.get_job_status(job_id).error.code for job_id in jobs} == {"interrupted"}


def test_a_cancel_that_comes_with_the_start_leaves_no_tool_running(stand):
    """The directory may end the job before it hears that the slot has begun it."""
    stand.fault(1, "deaf")
    for _ in range(50):
        job_id = stand.rack.read_health(0, 1)
        stand.rack.cancel_job(job_id)
        stand.rack.wait([job_id], timeout=10)
        stand.no_child_lives()


def test_many_jobs_with_faulty_tools_leave_no_descriptor_and_no_zombie(stand):
    faults = ("", "garbage", "killed", "grandchild", "deaf")
    rack, slots = stand.rack, range(1, 11)
    for slot_id in slots:
        stand.fault(slot_id, faults[slot_id % len(faults)])

    def a_round() -> None:
        jobs = {slot_id: rack.read_health(0, slot_id) for slot_id in slots}
        for slot_id, job_id in jobs.items():
            if faults[slot_id % len(faults)] == "deaf":
                rack.cancel_job(job_id)
        assert len(rack.wait(jobs.values(), timeout=20)) == len(slots)

    before = open_descriptors()
    for _ in range(JOBS // len(slots)):
        a_round()
    stand.no_child_lives()
    deadline = time.monotonic() + 1  # a cancelled job has ended a moment before its worker has put all away
    while (open_descriptors() != before or own_zombies()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert open_descriptors() == before
    assert own_zombies() == []
