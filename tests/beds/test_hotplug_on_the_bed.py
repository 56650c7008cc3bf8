"""Lane a: real pyudev and the real smartctl in the whole program, drives plugged and pulled on the preload bed."""

import random
import time
from collections.abc import Iterator

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import load_profiles
from orchestrator.simulated.uevents import Uevents
from tests.beds.racks import RackChild

SLOTS = 12
EVENTS = 1000
PROFILES = [next(p for p in load_profiles() if p.protocol is protocol) for protocol in Protocol]


class Shelf:
    """Twelve places, and what is plugged into them."""

    def __init__(self, bed, tool, folder, seed=0):
        self.uevents, self.rng = Uevents(bed), random.Random(seed)
        self.names: dict[int, str] = {}
        self.serials: dict[int, str] = dict.fromkeys(range(1, SLOTS + 1), "empty")
        self.count = 0
        rack_file = folder / "rack.yaml"
        rack_file.write_text(
            f'ranges: [{{ids: 1-{SLOTS}, match: {{id_path: "pci-0000:03:00.0-sas-phy{{n}}-lun-0"}}}}]\n'
            f"smartctl: {{path: {tool}}}\n"
        )
        run = folder / "run/udev"
        run.mkdir(parents=True)
        (run / "control").touch()
        self.env, self.rack_file, self.run = bed.env(), rack_file, folder / "run"

    def start(self) -> RackChild:
        return RackChild(self.rack_file, self.run, self.env)

    def plug(self, slot_id, serial=None):
        self.count += 1
        profile = PROFILES[self.count % len(PROFILES)]
        model = DriveModel(profile, serial or f"SN{self.count}", time.monotonic)
        self.names[slot_id] = self.uevents.plug(model, f"pci-0000:03:00.0-sas-phy{slot_id}-lun-0")
        self.serials[slot_id] = model.serial

    def pull(self, slot_id):
        self.uevents.pull(self.names.pop(slot_id))
        self.serials[slot_id] = "empty"

    def storm(self, events):
        """Pulls, insertions and the changes that follow them, wherever it happens."""
        while events > 0:
            slot_id = self.rng.randint(1, SLOTS)
            if slot_id not in self.names:
                self.plug(slot_id)
            elif self.rng.random() < 0.3:
                self.uevents.change(self.names[slot_id])
            else:
                self.pull(slot_id)
            events -= 1


@pytest.fixture
def shelf(bed, real_smartctl, tmp_path) -> Iterator[Shelf]:
    tool = tmp_path / "smartctl"
    setting = " ".join(f"{name}='{value}'" for name, value in bed.env().items())
    tool.write_text(f'#!/bin/sh\nexec env {setting} {real_smartctl("7.4")} "$@"\n')
    tool.chmod(0o755)
    shelf = Shelf(bed, tool, tmp_path)
    yield shelf
    shelf.uevents.close()


def test_what_is_there_at_the_start_is_in_its_slot_when_the_rack_is_entered(shelf):
    for slot_id in (1, 2, 12):
        shelf.plug(slot_id)
    with shelf.start() as rack:
        assert {int(slot_id): said for slot_id, said in rack.first.items()} == shelf.serials


def test_a_drive_that_is_plugged_pulled_or_swapped_is_noticed_within_two_seconds(shelf):
    with shelf.start() as rack:
        shelf.plug(3)
        shelf.plug(4)
        rack.becomes(shelf.serials, 2.5)
        assert "PASS" in rack.ask("run read_health 3").upper()
        shelf.pull(3)
        rack.becomes(shelf.serials, 2.5)
        shelf.pull(4)
        shelf.plug(4)
        shelf.plug(3)
        rack.becomes(shelf.serials, 2.5)


def test_two_drives_that_change_places_are_each_in_the_others_slot(shelf):
    shelf.plug(1, "SN-ONE")
    shelf.plug(2, "SN-TWO")
    with shelf.start() as rack:
        for slot_id in (1, 2):
            shelf.pull(slot_id)
        shelf.plug(2, "SN-ONE")
        shelf.plug(1, "SN-TWO")
        rack.becomes({**shelf.serials, 1: "SN-TWO", 2: "SN-ONE"}, 2.5)


def test_after_a_storm_of_a_thousand_events_the_slots_are_what_is_plugged_in(shelf):
    with shelf.start() as rack:
        shelf.storm(EVENTS)
        rack.becomes(shelf.serials, within_s=20.0)  # 5 s on a machine of its own; two busy cores took longer


def test_after_an_overflow_in_mid_storm_the_slots_are_what_is_plugged_in(shelf):
    with shelf.start() as rack:
        shelf.storm(100)
        shelf.uevents.deaf = True
        shelf.storm(60)
        shelf.uevents.deaf = False
        rack.ask("overflow")
        shelf.storm(40)
        rack.becomes(shelf.serials)


def test_what_is_no_drive_and_what_is_hostile_changes_nothing(shelf):
    shelf.plug(5)
    with shelf.start() as rack:
        for name, properties in {
            "loop3": {},
            "zram0": {"ID_PATH": "pci-0000:03:00.0-sas-phy6-lun-0"},
            "sdx": {"ID_PATH": "two\nlines"},
            "sdy": {"ID_PATH": "x" * 3000},
            "sdz": {"ID_SERIAL_SHORT": "no place"},
        }.items():
            shelf.uevents.appear(name, {"MAJOR": "7", "MINOR": str(len(name) * 31 + ord(name[2])), **properties})
        shelf.plug(6)
        rack.becomes(shelf.serials)


def test_without_udevd_the_slots_are_unknown_and_say_why(shelf):
    (shelf.run / "udev/control").unlink()
    shelf.plug(1)
    with shelf.start() as rack:
        assert set(rack.slots().values()) == {"unknown"}
        assert "udevd does not run here" in rack.ask("reasons")["1"]
