"""A bench that tests what is plugged in with a team's own suite: real pyudev, the real smartctl, a rack file.

The suite is the stranger's of tests/pytest_plugin. Its self-tests take seconds: the drive models' clock runs fast.
"""

import shutil
import time
from pathlib import Path

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import load_profiles
from orchestrator.simulated.uevents import Uevents
from tests.beds.conftest import bed, real_smartctl, tools
from tests.beds.racks import RackChild
from tests.suites.conftest import until

pytestmark = pytest.mark.timeout(400)
__all__ = ["bed", "real_smartctl", "tools"]
STRANGER = Path(__file__).parents[1] / "pytest_plugin" / "stranger"
BED_CHILD = Path(__file__).with_name("bed_rack_child.py")
PATIENCE_S = 150
"""The suite's own time is some 25 s; two busy cores took three times as long."""
SPEED = 100
"""So much faster runs the drives' own time."""


class Bench:
    def __init__(self, bed, smartctl, folder):
        self.uevents, self._bed, self._folder = Uevents(bed), bed, folder
        self._profile = next(p for p in load_profiles() if p.protocol is Protocol.ATA and p.capacity_bytes > 10**12)
        tool = folder / "smartctl"
        setting = " ".join(f"{name}='{value}'" for name, value in bed.env().items())
        tool.write_text(f'#!/bin/sh\nexec env {setting} {smartctl} "$@"\n')
        tool.chmod(0o755)
        (folder / "tests").mkdir()
        shutil.copytree(STRANGER, folder / "tests/qualification")
        (folder / "rack.yaml").write_text(
            'ranges: [{ids: 1-4, match: {id_path: "pci-0000:03:00.0-sas-phy{n}-lun-0"}}]\n'
            f"smartctl: {{path: {tool}}}\n"
            "plan: {on_insert: [{run_pytest: {path: tests/qualification}}]}\n"
        )
        (folder / "run/udev").mkdir(parents=True)
        (folder / "run/udev/control").touch()
        with (folder / "surface").open("wb") as surface:
            surface.truncate(64 << 20)

    def start(self):
        env = self._bed.env() | {"SURFACE": str(self._folder / "surface")}
        return RackChild(self._folder / "rack.yaml", self._folder / "run", env, BED_CHILD)

    def plug(self, slot_id, serial, *faults):
        model = DriveModel(self._profile, serial, lambda: time.monotonic() * SPEED)
        for fault in faults:
            model.inject(fault)
        return self.uevents.plug(model, f"pci-0000:03:00.0-sas-phy{slot_id}-lun-0")


@pytest.fixture
def bench(bed, real_smartctl, tmp_path):
    bench = Bench(bed, real_smartctl("7.4"), tmp_path)
    yield bench
    bench.uevents.close()


def suites(rack):
    """The jobs of run_pytest by serial, and what each of them opened."""
    jobs = rack.ask("jobs")
    return {
        job["drive"]["serial"]: (job, [child for child in jobs if child["parent_id"] == job["id"]])
        for job in jobs
        if job["name"] == "run_pytest"
    }


def test_drives_that_are_plugged_in_are_tested_by_the_teams_suite_without_anybody_else(bench):
    with bench.start() as rack:
        bench.plug(2, "SN-SOUND")
        bench.plug(3, "SN-SICK", "self_test_failure")
        until(
            lambda: (
                (found := suites(rack)).keys() == {"SN-SOUND", "SN-SICK"}
                and all(job["ended"] for job, _ in found.values())
            ),
            PATIENCE_S,
        )
        found = suites(rack)
    for serial, verdict in (("SN-SOUND", "pass"), ("SN-SICK", "fail")):
        job, children = found[serial]
        assert (job["status_name"], job["opened_by"]) == ("COMPLETED", "plug"), job["error"]
        assert job["verdict"]["status"] == verdict, job["verdict"]
        assert {child["name"] for child in children} == {"read_health", "run_smart_test", "read_scan"}
        assert {child["slot_id"] for child in children} == {job["slot_id"]}
        assert all(child["drive"]["serial"] == serial for child in children)
    (reason,) = found["SN-SICK"][0]["verdict"]["reasons"]
    assert "test_self_test" in reason["text"]


def test_a_drive_that_is_pulled_in_mid_suite_ends_it_and_its_successor_gets_its_own(bench):
    with bench.start() as rack:
        name = bench.plug(1, "SN-FIRST")
        until(lambda: any(children for _, children in suites(rack).values()), PATIENCE_S)
        bench.uevents.pull(name)
        until(lambda: suites(rack)["SN-FIRST"][0]["ended"], 15)
        bench.plug(1, "SN-SECOND")
        until(lambda: "SN-SECOND" in suites(rack) and suites(rack)["SN-SECOND"][0]["ended"], PATIENCE_S)
        found = suites(rack)
    assert found["SN-FIRST"][0]["error"]["code"] == "drive_removed"
    assert found["SN-FIRST"][0]["verdict"] is None
    assert found["SN-SECOND"][0]["verdict"]["status"] == "pass"
