"""`orchestrator run smart-test SLOT --config FILE` end to end: our command, the unmodified smartctl, drive models.

Each story is told by five drives at once, a command each: ATA and SCSI on smartctl 7.3 and 7.4, NVMe on 7.4.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel, Ending
from orchestrator.simulated.profile import load_profiles

DRIVES = {
    1: (Protocol.ATA, "7.3", "/dev/sda", "sat"),
    2: (Protocol.SCSI, "7.3", "/dev/sdb", "scsi"),
    3: (Protocol.ATA, "7.4", "/dev/sdc", "sat"),
    4: (Protocol.SCSI, "7.4", "/dev/sdd", "scsi"),
    5: (Protocol.NVME, "7.4", "/dev/nvme0", "nvme"),
}
TEST_S = 5.0
"""Real seconds of a whole self-test, while the command looks once a second."""
PATIENCE_S = 60


@dataclass(frozen=True)
class Told:
    """One drive's story: the model, and what the command said and left with."""

    model: DriveModel
    status: int
    out: str
    err: str

    @property
    def job(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


def clock(speed: float) -> Callable[[], float]:
    return lambda: time.monotonic() * speed


class Rack:
    """Five drives behind five rack files."""

    def __init__(self, bed, real_smartctl: Callable[[str], str], folder: Path) -> None:
        self.models: dict[int, DriveModel] = {}
        self._folder = folder
        for slot_id, (protocol, version, node, kind) in DRIVES.items():
            profile = next(p for p in load_profiles() if p.protocol is protocol)
            speed = profile.short_minutes * 60 / TEST_S
            model = DriveModel(profile, f"SN{slot_id}", clock(speed))
            self.models[slot_id] = model
            bed.add(node, model)
            tool = folder / f"smartctl-{slot_id}"
            setting = " ".join(f"{name}='{value}'" for name, value in bed.env().items())
            tool.write_text(f'#!/bin/sh\nexec env {setting} {real_smartctl(version)} "$@"\n')
            tool.chmod(0o755)
            (folder / f"rack-{slot_id}.yaml").write_text(
                f"slots: {{{slot_id}: {{label: A{slot_id}, node: {node}, type: {kind}}}}}\nsmartctl: {{path: {tool}}}\n"
            )
        self._started: dict[int, subprocess.Popen[str]] = {}

    def run(self, *options: str) -> None:
        """`run smart-test` on every slot, each a process of its own."""
        command = (sys.executable, "-m", "orchestrator.interfaces.cli", "run", "smart-test", "--poll-s", "1", *options)
        for slot_id in DRIVES:
            words = (*command, str(slot_id), "--config", str(self._folder / f"rack-{slot_id}.yaml"))
            pipe = subprocess.PIPE
            self._started[slot_id] = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True)

    def interrupt_in_mid_test(self) -> None:
        for slot_id, started in self._started.items():
            until = time.monotonic() + PATIENCE_S
            while self.models[slot_id].running_kind() is None and time.monotonic() < until:
                time.sleep(0.01)
            started.send_signal(signal.SIGINT)

    def told(self) -> list[Told]:
        found = []
        for slot_id, started in self._started.items():
            out, err = started.communicate(timeout=PATIENCE_S)
            found.append(Told(self.models[slot_id], started.returncode, out, err))
        return found

    def close(self) -> None:
        for started in self._started.values():
            started.kill()
            started.communicate()


@pytest.fixture
def rack(bed, real_smartctl, tmp_path) -> Iterator[Rack]:
    rack = Rack(bed, real_smartctl, tmp_path)
    yield rack
    rack.close()


def test_a_sound_drive_passes_with_progress_on_the_way(rack):
    rack.run()
    for slot_id, told in zip(DRIVES, rack.told(), strict=True):
        assert (told.status, told.err.count("cancelling")) == (0, 0), told
        assert f"slot {slot_id} (A{slot_id}): " in told.out
        assert "run_smart_test: PASS\n  answer: True" in told.out
        assert "SIMULATED" not in told.out + told.err
        percents = [int(line.split("%")[0]) for line in told.err.splitlines()[1:] if "%" in line]
        assert any(0 < percent < 100 for percent in percents), told.err
        assert percents == sorted(percents)
        assert [test.ending for test in told.model.tests] == [Ending.PASSED]


def test_a_drive_with_a_bad_place_fails_at_its_lba(rack):
    for model in rack.models.values():
        model.inject("self_test_failure")
    rack.run("--json")
    for told in rack.told():
        assert told.status == 1
        assert (told.job["answer"], told.job["verdict"], told.job["simulated"]) == (False, "fail", False)
        assert f"LBA {told.model.tests[0].lba}" in json.dumps(told.job["reasons"])


def test_ctrl_c_cancels_the_job_and_the_drives_log_shows_the_abort(rack):
    rack.run()
    rack.interrupt_in_mid_test()
    for told in rack.told():
        assert told.status == 1
        assert "cancelling" in told.err
        assert "UNKNOWN\n  - cancelled while it ran" in told.out
        assert [test.ending for test in told.model.tests] == [Ending.ABORTED]


def test_a_drive_that_runs_a_foreign_test_is_busy_and_goes_on(rack):
    for model in rack.models.values():
        model.start("extended")
    rack.run("--json")
    for told in rack.told():
        assert told.status == 1
        assert (told.job["verdict"], told.job["error"]["code"]) == ("unknown", "drive_busy")
        assert told.model.running_kind() == "extended"
