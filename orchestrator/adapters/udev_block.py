"""What udev and sysfs say of one block device: whether it is a drive, where it is, and the node that reaches it.

Whatever a drive or a rule wrote into a property, nothing here raises: a device that makes no sense is left alone, with
the reason. Nodes are derived from sysfs and never from a link, which any program may turn elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.model.place import Bay, Place, is_hctl

PROPERTIES = (
    "DEVTYPE", "DISKSEQ", "ID_PATH", "ID_PATH_ATA_COMPAT", "ID_BUS", "ID_TYPE", "ID_CDROM", "ID_MODEL", "ID_SERIAL",
    "ID_SERIAL_SHORT", "ID_SCSI_SERIAL", "ID_WWN", "ID_WWN_WITH_EXTENSION",
)  # fmt: skip
LONGEST = 512
"""Characters of a property; no path or serial number is longer."""

_KINDS = {"zram": "compressed memory", "ram": "memory", "dm-": "a device-mapper volume", "md": "a software RAID",
          "nbd": "a network volume", "sr": "an optical drive", "fd": "a floppy drive", "drbd": "a network volume",
          "rbd": "a network volume", "loop": "a loop device"}  # fmt: skip
_KIND = re.compile(rf"({'|'.join(map(re.escape, _KINDS))})[0-9]")
_BAY = "enclosure_device:"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._!-]{0,60}")
_NVME = re.compile(r"nvme[0-9]+")


class Device(Protocol):
    """As much of pyudev's Device as is looked at."""

    @property
    def properties(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Block:
    """A block device that may be a drive."""

    name: str
    """The kernel's, good until the drive leaves."""
    node: str
    """For smartctl: of NVMe the controller, which also takes self-tests."""
    place: Place
    diskseq: int | None
    mark: str
    """Everything that tells one stay from another; equal while the same drive stays."""
    says: str
    """Model and serial number as udev knows them, for a person."""


def copied(device: Device) -> dict[str, str]:
    """The properties that we read. One that is missing, not text, or absurd is not in it."""
    found, properties = {}, device.properties
    for name in PROPERTIES:
        try:
            value = properties[name]
        except (KeyError, ValueError):  # ValueError: not UTF-8
            continue
        if len(value) <= LONGEST and value.isprintable():
            found[name] = value
    return found


def read_block(name: str, properties: Mapping[str, str], sys: Path) -> Block | str:
    """The device, or why it is no drive for a slot. `properties` are `copied`."""
    why = _no_drive(name, properties, sys)
    if why:
        return why
    node = _node(name, sys)
    if node is None:
        return "its NVMe controller cannot be found in sysfs"
    paths = [properties[key] for key in ("ID_PATH", "ID_PATH_ATA_COMPAT") if properties.get(key)]
    place = Place(tuple(paths), tuple(_bays(name, sys)), _hctl(name, sys), _serials(properties))
    if place == Place():
        return "udev tells nothing of where it is (no ID_PATH)"
    known = [properties.get(key, "") for key in ("ID_SERIAL", "ID_SERIAL_SHORT", "ID_SCSI_SERIAL", "ID_WWN")]
    diskseq = properties.get("DISKSEQ", "")
    number = int(diskseq) if diskseq.isdecimal() else None
    says = " ".join(filter(None, (properties.get("ID_MODEL", ""), *place.serials[:1])))
    return Block(name, node, place, number, "\n".join([diskseq, *known]) if any(known) else "", says)


def diskseq_now(name: str, sys: Path) -> int | None:
    """Of whoever bears this name at this moment."""
    try:
        return int((sys / "class/block" / name / "diskseq").read_text())
    except (OSError, ValueError):
        return None


def _no_drive(name: str, properties: Mapping[str, str], sys: Path) -> str:
    if not _NAME.fullmatch(name):
        return "its name makes no sense"
    if properties.get("DEVTYPE", "disk") != "disk":
        return "a partition"
    kind = _KIND.match(name)
    if kind and not (name.startswith("loop") and properties.get("ID_PATH")):  # a udev rule made a place of it
        return _KINDS[kind[1]]
    if properties.get("ID_CDROM") or properties.get("ID_TYPE") in ("cd", "floppy", "tape"):
        return "an optical, floppy or tape drive"
    if _text(sys / "class/block" / name / "removable") == "1" and _text(sys / "class/block" / name / "size") == "0":
        return "an empty card reader"
    return ""


def _node(name: str, sys: Path) -> str | None:
    if not name.startswith("nvme"):
        return f"/dev/{name.replace('!', '/')}"
    try:
        owner = (sys / "class/block" / name / "device").resolve(strict=True)
    except OSError:
        return None
    if _NVME.fullmatch(owner.name):
        return f"/dev/{owner.name}"
    below = sorted(path for path in owner.glob("nvme*") if _NVME.fullmatch(path.name))  # multipath: a subsystem
    live = [path for path in below if _text(path / "state") in ("live", "")]
    return f"/dev/{live[0].name}" if live else None


def _hctl(name: str, sys: Path) -> str:
    try:
        owner = (sys / "class/block" / name / "device").readlink().name
    except OSError:
        return ""
    return owner if is_hctl(owner) else ""


def _bays(name: str, sys: Path) -> Iterator[Bay]:
    """The kernel links a SCSI device with each enclosure slot that shows it: `enclosure_device:NAME`."""
    try:
        links = sorted(path for path in (sys / "class/block" / name / "device").iterdir() if _BAY in path.name)
    except OSError:  # no such link, or it left meanwhile
        return
    for link in links:
        slot = link.resolve()
        yield Bay(_text(slot.parent / "id"), slot.parent.name, _text(slot / "slot"), slot.name)


def _serials(properties: Mapping[str, str]) -> tuple[str, ...]:
    """For SCSI and SAS ID_SERIAL_SHORT is the WWN: there only ID_SCSI_SERIAL is a serial number."""
    wwns = {properties.get(key, "").removeprefix("0x") for key in ("ID_WWN", "ID_WWN_WITH_EXTENSION")}
    found = [properties.get("ID_SCSI_SERIAL", ""), properties.get("ID_SERIAL_SHORT", "")]
    if found[0] and properties.get("ID_BUS") == "scsi":
        found.pop()
    return tuple(dict.fromkeys(serial for serial in found if serial and serial.removeprefix("0x") not in wwns))


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
