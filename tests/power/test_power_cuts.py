"""Nothing that was acknowledged is lost by a power cut: ext4 on a loop device, shut down without a flush (root)."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CUTS = 1000 if os.environ.get("ORCHESTRATOR_FULL") else 30
SEED = 6
LONGEST_S = 0.15
"""From before the store is made until the cut."""
ROOT = Path(__file__).parents[2]
OWN_MOUNTS = ("unshare", "--mount", "--propagation", "private")


def why_not() -> str:
    if os.geteuid() != 0:
        return "file systems are mounted by root alone"
    for tool in ("unshare", "mount", "mke2fs"):
        if shutil.which(tool) is None:
            return f"no {tool}"
    if "\text4\n" not in Path("/proc/filesystems").read_text():
        return "the kernel has no ext4"
    if not Path("/dev/loop-control").exists():
        return "no loop devices"
    tried = subprocess.run((*OWN_MOUNTS, "true"), check=False, capture_output=True, text=True, timeout=10)
    return "" if tried.returncode == 0 else f"no mount namespace of our own: {tried.stderr.strip()}"


class Lane:
    """The program that makes the cuts."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self.program = program
        assert self._answer() == "up\n"

    def cut(self, synchronous: str, seconds: float) -> dict[str, Any]:
        """Writes for so long, cuts, and tells what was acknowledged and what is there."""
        self.begin(synchronous, seconds)
        return dict(json.loads(self._answer()))

    def begin(self, synchronous: str, seconds: float) -> None:
        self.program.stdin.write(f"{synchronous} {seconds}\n")
        self.program.stdin.flush()

    def _answer(self) -> str:
        line = self.program.stdout.readline()
        assert line, f"the lane ended with {self.program.wait(10)}"
        return str(line)


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    if reason := why_not():
        pytest.skip(f"no power lane: {reason}")
    command = (*OWN_MOUNTS, sys.executable, str(Path(__file__).with_name("power_cut.py")), str(tmp_path))
    env, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env) as program:
        try:
            yield Lane(program)
            program.communicate(timeout=30)  # closes its stdin, which ends it
        finally:
            program.kill()


def loops_on(folder: Path) -> list[Path]:
    """The loop devices that stand on a file in it."""
    found = []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):
            if backing.read_text().startswith(f"{folder}/"):
                found.append(backing.parents[1])
    return found


def lost(told: dict[str, Any]) -> list[tuple[int, ...]]:
    """The acknowledged changes that are not there, or whose job is not what it was."""
    numbers, ended = set(told["numbers"]), set(told["ended"])
    return [
        (number, job_id, has_ended)
        for number, job_id, has_ended in told["acknowledged"]
        if number not in numbers or (has_ended and job_id not in ended)
    ]


@pytest.mark.timeout(60 + CUTS)
def test_no_acknowledged_change_is_lost_and_no_id_is_given_away_twice(lane):
    moments, acknowledged = random.Random(SEED), 0
    for run in range(CUTS):
        told = lane.cut("FULL", seconds := moments.uniform(0, LONGEST_S))
        assert told["refused"] == "", (run, seconds)
        assert told["sound"] == "ok", (run, seconds)
        assert lost(told) == [], (run, seconds)
        newest = max((job_id for _, job_id, _ in told["acknowledged"]), default=0)
        assert told["mark"] > newest or newest == 0, (run, seconds)
        assert told["next_id"] > newest, (run, seconds)
        acknowledged += len(told["acknowledged"])
    assert acknowledged > 10 * CUTS, "hardly anything was written before the cuts: this proves nothing"


def test_the_control_that_does_not_sync_loses_acknowledged_changes(lane):
    """Else the bed cuts no power, and the test above proves nothing."""
    moments = random.Random(SEED)
    assert any(lost(lane.cut("NORMAL", moments.uniform(LONGEST_S / 2, LONGEST_S))) for _ in range(CUTS))


def test_a_lane_that_is_killed_leaves_neither_a_mount_nor_a_loop_device(lane, tmp_path):
    lane.begin("FULL", 60)
    deadline = time.monotonic() + 10
    while not loops_on(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert loops_on(tmp_path)
    lane.program.kill()
    lane.program.wait(10)
    while loops_on(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert loops_on(tmp_path) == []
