"""What udev and sysfs say of a block device: drives are found where they are, and nothing hostile raises."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.adapters.udev_block import Block, copied, read_block

ATA = {"DEVTYPE": "disk", "DISKSEQ": "9", "ID_PATH": "pci-0000:00:1f.2-ata-2.0", "ID_BUS": "ata",
       "ID_PATH_ATA_COMPAT": "pci-0000:00:1f.2-ata-2", "ID_MODEL": "WDC_WD40", "ID_SERIAL_SHORT": "WD-123",
       "ID_WWN": "0x50014ee2b1"}  # fmt: skip


def link(sys: Path, name: str, target: str) -> Path:
    """A block device in a sysfs of ours, with the link `device` to what it belongs to."""
    folder = sys / "class/block" / name
    folder.mkdir(parents=True)
    (sys / target).mkdir(parents=True, exist_ok=True)
    (folder / "device").symlink_to(sys / target)
    return folder


def found(name: str, properties: Mapping[str, str], sys: Path) -> Block:
    block = read_block(name, properties, sys)
    assert isinstance(block, Block), block
    return block


def test_a_sata_drive(tmp_path):
    link(tmp_path, "sdb", "devices/ata2/host1/target1:0:0/1:0:0:0")
    block = found("sdb", ATA, tmp_path)
    assert (block.node, block.diskseq, block.says) == ("/dev/sdb", 9, "WDC_WD40 WD-123")
    assert block.place.id_paths == ("pci-0000:00:1f.2-ata-2.0", "pci-0000:00:1f.2-ata-2")
    assert (block.place.hctl, block.place.serials, block.place.bays) == ("1:0:0:0", ("WD-123",), ())


def test_of_a_sas_drive_the_short_serial_is_the_wwn_and_no_serial_number(tmp_path):
    sas = {"ID_PATH": "pci-0000:03:00.0-sas-phy4-lun-0", "ID_BUS": "scsi", "ID_SERIAL_SHORT": "5000c500a1b2c3d4",
           "ID_WWN": "0x5000c500a1b2c3d4", "ID_SCSI_SERIAL": "ZC1A2B3C"}  # fmt: skip
    assert found("sdc", sas, tmp_path).place.serials == ("ZC1A2B3C",)
    del sas["ID_SCSI_SERIAL"]
    assert found("sdc", sas, tmp_path).place.serials == ()


def test_nvme_is_asked_at_its_controller(tmp_path):
    link(tmp_path, "nvme3n1", "devices/pci0000:00/0000:01:00.0/nvme/nvme1")
    assert found("nvme3n1", {"ID_PATH": "pci-0000:01:00.0-nvme-1"}, tmp_path).node == "/dev/nvme1"


def test_nvme_with_several_paths_is_asked_at_one_that_lives(tmp_path):
    link(tmp_path, "nvme0n1", "devices/virtual/nvme-subsystem/nvme-subsys0")
    for name, state in (("nvme0", "connecting"), ("nvme1", "live")):
        (tmp_path / "devices/virtual/nvme-subsystem/nvme-subsys0" / name).mkdir()
        (tmp_path / "devices/virtual/nvme-subsystem/nvme-subsys0" / name / "state").write_text(f"{state}\n")
    assert found("nvme0n1", {"ID_PATH": "pci-0000:01:00.0-nvme-1"}, tmp_path).node == "/dev/nvme1"


def test_nvme_without_a_controller_in_sysfs_is_left_alone(tmp_path):
    assert "controller" in str(read_block("nvme0n1", {"ID_PATH": "p"}, tmp_path))


def test_an_enclosure_tells_the_bay_by_number_and_name(tmp_path):
    link(tmp_path, "sdd", "devices/host0/target0:0:3/0:0:3:0")
    slot = tmp_path / "devices/host0/0:0:24:0/enclosure/0:0:24:0/Slot 07"
    slot.mkdir(parents=True)
    (slot / "slot").write_text("7\n")
    (slot.parent / "id").write_text("0x5003048000000000\n")
    (tmp_path / "devices/host0/target0:0:3/0:0:3:0/enclosure_device:Slot 07").symlink_to(slot)
    (bay,) = found("sdd", {}, tmp_path).place.bays
    assert (bay.enclosure, bay.address, bay.number, bay.name) == ("0x5003048000000000", "0:0:24:0", "7", "Slot 07")


@pytest.mark.parametrize(
    ("name", "properties", "why"),
    [
        ("loop0", {}, "a loop device"),
        ("zram0", {"ID_PATH": "p"}, "compressed memory"),
        ("ram0", {}, "memory"),
        ("dm-3", {"ID_PATH": "p"}, "device-mapper"),
        ("md127", {}, "RAID"),
        ("nbd0", {}, "network"),
        ("sr0", {"ID_PATH": "p"}, "optical"),
        ("sdz", {"ID_PATH": "p", "ID_CDROM": "1"}, "optical"),
        ("fd0", {"ID_PATH": "p"}, "floppy"),
        ("sda1", {"DEVTYPE": "partition", "ID_PATH": "p"}, "partition"),
        ("sda", {"ID_SERIAL": "only"}, "no ID_PATH"),
        ("../sda", {"ID_PATH": "p"}, "no sense"),
        ("sda\n", {"ID_PATH": "p"}, "no sense"),
    ],
)
def test_what_is_no_drive_is_left_alone_with_the_reason(tmp_path, name, properties, why):
    assert why in str(read_block(name, properties, tmp_path))


def test_an_empty_card_reader_is_no_drive_and_a_drive_without_capacity_is_one(tmp_path):
    folder = link(tmp_path, "sde", "devices/0:0:0:0")
    (folder / "size").write_text("0\n")
    (folder / "removable").write_text("1\n")
    assert "card reader" in str(read_block("sde", {"ID_PATH": "p"}, tmp_path))
    (folder / "removable").write_text("0\n")
    assert found("sde", {"ID_PATH": "p"}, tmp_path).node == "/dev/sde"


def test_a_loop_device_that_a_udev_rule_made_a_place_is_one(tmp_path):
    assert found("loop70", {"ID_PATH": "rack0-slot-70"}, tmp_path).node == "/dev/loop70"


class Hostile(dict[str, str]):
    """As pyudev: a value that is not UTF-8 raises when it is read."""

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        return value.encode("latin-1").decode() if name == "ID_MODEL" else value


class FromUdev:
    def __init__(self, **properties: str) -> None:
        self.properties = Hostile(properties)


@pytest.mark.parametrize("value", ["two\nlines", "x" * 65536, "\x1b[2J", "", "null\0"])
def test_an_id_path_that_makes_no_sense_is_none(tmp_path, value):
    properties = copied(FromUdev(ID_PATH=value))
    assert "no ID_PATH" in str(read_block("sda", properties, tmp_path))


def test_what_is_not_utf_8_is_left_out(tmp_path):
    properties = copied(FromUdev(ID_PATH="p", ID_MODEL="\xff\xfe"))
    assert properties == {"ID_PATH": "p"}


def test_random_properties_never_raise(tmp_path):
    link(tmp_path, "nvme0n1", "devices/nvme0")
    for seed in range(300):
        text = os.urandom(seed % 40 + 1).decode("latin-1")
        for name in ("sda", "nvme0n1", "loop3", text[:8]):
            properties = copied(FromUdev(**dict.fromkeys((*ATA, "ID_TYPE", "ID_SCSI_SERIAL"), text)))
            assert isinstance(read_block(name, properties, tmp_path), Block | str)
