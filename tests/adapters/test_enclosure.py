"""Locate LEDs in a sysfs of our own, and a ledctl that notes what it is asked."""

import threading

import pytest

from orchestrator.adapters.block import block_node
from orchestrator.adapters.enclosure import Enclosures
from orchestrator.adapters.process import MISSING
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.errors import DriveRemoved, Refused
from orchestrator.model.ports import Finished

DRIVE = Presence(1, Drive("SN1"), "/dev/sdx")


class Ledctl:
    """`Processes` with a ledctl that ends like this."""

    def __init__(self, exit_status=0):
        self.exit_status, self.asked = exit_status, []

    def run(self, argv, *, deadline_s, stop):
        self.asked.append(argv)
        return Finished(self.exit_status, b"")


@pytest.fixture
def sys(tmp_path):
    for slot, name in (("Slot 01", "sdw"), ("Slot 02", "sdx")):
        (tmp_path / "class/enclosure/0:0:8:0" / slot / "device/block" / name).mkdir(parents=True)
        (tmp_path / "class/enclosure/0:0:8:0" / slot / "locate").write_text("0")
    return tmp_path


def leds(sys):
    return [file.read_text() for file in sorted(sys.glob("class/enclosure/*/*/locate"))]


def light(sys, tool, presence=DRIVE):
    return Enclosures(tool, sys=sys).light(presence, stop=threading.Event())


def test_the_led_of_the_drives_own_slot_is_lit_and_put_out(sys):
    tool = Ledctl()
    lamp = light(sys, tool)
    assert (lamp.how, leds(sys)) == ("ses", ["0", "1"])
    lamp.off()
    assert leds(sys) == ["0", "0"]
    assert tool.asked == []


def test_it_is_put_out_though_the_drive_has_left_the_slot(sys):
    lamp = light(sys, Ledctl())
    (sys / "class/enclosure/0:0:8:0/Slot 02/device/block/sdx").rmdir()
    lamp.off()
    assert leds(sys) == ["0", "0"]


def test_without_an_enclosure_ledctl_is_asked(tmp_path):
    tool = Ledctl()
    lamp = light(tmp_path, tool)
    assert lamp.how == "ledctl"
    lamp.off()
    assert tool.asked == [("ledctl", "locate=/dev/sdx"), ("ledctl", "locate_off=/dev/sdx")]


@pytest.mark.parametrize("exit_status", [MISSING, 1, 19])
def test_without_either_there_is_no_lamp(tmp_path, exit_status):
    assert light(tmp_path, Ledctl(exit_status)) is None


def test_an_led_that_cannot_be_written_is_no_led(sys):
    file = sys / "class/enclosure/0:0:8:0/Slot 02/locate"
    file.unlink()
    file.mkdir()
    assert light(sys, Ledctl(1)) is None


def test_a_controllers_node_is_read_at_its_own_namespace(tmp_path):
    """nvme1n1 may belong to nvme0."""
    for entry in ("class/nvme/nvme0/nvme1c0n2", "class/nvme/nvme0/nvme1c0n1", "class/nvme/nvme1/nvme0n1"):
        (tmp_path / entry).mkdir(parents=True)
    assert block_node(Presence(1, Drive("A"), "/dev/nvme0", "nvme"), tmp_path) == "/dev/nvme1n1"
    assert block_node(Presence(1, Drive("B"), "/dev/nvme1", "nvme"), tmp_path) == "/dev/nvme0n1"
    assert block_node(Presence(1, Drive("B"), "/dev/nvme1n1"), tmp_path) == "/dev/nvme1n1"
    with pytest.raises(DriveRemoved):
        block_node(Presence(1, Drive("C"), "/dev/nvme2"), tmp_path)


@pytest.mark.parametrize(("kind", "plain"), [("sat,12", True), ("nvme,1", True), ("cciss,0", False)])
def test_a_drive_behind_a_controller_has_no_node_of_its_own(kind, plain):
    presence = Presence(1, Drive("A"), "/dev/sda", kind)
    if plain:
        assert block_node(presence) == "/dev/sda"
    else:
        with pytest.raises(Refused, match="behind a controller"):
            block_node(presence)
