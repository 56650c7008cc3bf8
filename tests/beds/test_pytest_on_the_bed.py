"""A stranger's suite on a real rack: real pyudev sees the drives, the unmodified smartctl speaks to their models."""

import os
import subprocess
import sys
import time

import pytest

from orchestrator import ListInfo, VerdictStatus
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import load_profiles
from orchestrator.simulated.uevents import Uevents
from tests.pytest_plugin.conftest import properties

PROFILES = [next(p for p in load_profiles() if p.protocol is protocol) for protocol in Protocol]
TEST_S = 4.0
"""Real seconds of a whole self-test."""
SUITE = """
import pytest

def test_health(drive):
    assert drive.read_health().status in ("pass", "warn")

def test_self_test(drive):
    assert drive.run_smart_test(poll_s=1)

@pytest.mark.drive(protocol="nvme")
def test_nvme(drive, slot):
    drive.measure("slot", slot.id, at_most=2)
"""
CONFTEST = """
import functools, pathlib
from orchestrator.system import real
real.parts = functools.partial(real.parts, run=pathlib.Path({run!r}))
"""


def clock(speed):
    return lambda: time.monotonic() * speed


@pytest.fixture
def folder(bed, real_smartctl, tmp_path):
    """Four slots: three drives, of which the second's self-test fails, and an empty one."""
    tool = tmp_path / "smartctl"
    setting = " ".join(f"{name}='{value}'" for name, value in bed.env().items())
    tool.write_text(f'#!/bin/sh\nexec env {setting} {real_smartctl("7.4")} "$@"\n')
    tool.chmod(0o755)
    (tmp_path / "rack.yaml").write_text(
        'ranges: [{ids: 1-4, label: "A{n}", match: {id_path: "pci-0000:03:00.0-sas-phy{n}-lun-0"}}]\n'
        f"smartctl: {{path: {tool}}}\nstore: {{path: history.db}}\n"
    )
    (tmp_path / "run/udev").mkdir(parents=True)
    (tmp_path / "run/udev/control").touch()
    (tmp_path / "conftest.py").write_text(CONFTEST.format(run=str(tmp_path / "run")))
    (tmp_path / "pytest.ini").write_text("[pytest]\nrack = rack.yaml\n")
    (tmp_path / "test_it.py").write_text(SUITE)
    uevents = Uevents(bed)
    for slot_id, profile in enumerate(PROFILES, 1):
        speed = profile.short_minutes * 60 / TEST_S
        model = DriveModel(profile, f"SN{slot_id}", clock(speed))
        if slot_id == 2:
            model.inject("self_test_failure")
        uevents.plug(model, f"pci-0000:03:00.0-sas-phy{slot_id}-lun-0")
    yield tmp_path
    uevents.close()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["in one process", "side by side"])
def test_a_suite_runs_on_real_racks_as_on_simulated_ones(bed, folder, workers):
    command = (sys.executable, "-m", "pytest", "-p", "orchestrator", "-p", "xdist", "--junitxml=found.xml", *workers)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    env |= {**bed.env(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "1 failed, 6 passed" in ended.stdout, ended.stdout
    assert "SIMULATED" not in ended.stdout
    assert "not recorded" not in ended.stdout
    assert "\n2 (A2)  SN2 " in ended.stdout
    found = properties(folder / "found.xml")
    assert found["test_self_test[slot-2]"]["junit"] == "failure"
    assert {told["serial"] for told in found.values()} == {"SN1", "SN2", "SN3"}
    assert [name for name in found if name.startswith("test_nvme")] == ["test_nvme[slot-2]"]

    history = SqliteStore.reader(folder / "history.db")
    jobs = history.select(ListInfo(name_starts_with="record_tests")).items
    assert {job.drive.serial: job.verdict.status for job in jobs} == {
        "SN1": VerdictStatus.PASS,
        "SN2": VerdictStatus.FAIL,
        "SN3": VerdictStatus.PASS,
    }
    history.close()
