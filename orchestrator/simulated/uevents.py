"""udev on the preload bed: block devices in its sysfs, and the events that libudev hears of them.

    Uevents.plug ──▶ sysfs of the bed ──▶ one datagram to each monitor's socket ──▶ pyudev in the child

umockdev's preload library gives a child's netlink socket a name `eventN` in the bed's folder. A datagram is what udevd
sends (systemd, src/libsystemd/sd-device/device-monitor.c): a header with the hashes that a filtered monitor looks
for, then KEY=value strings. The sockets' queue is ten datagrams: sending waits while the child is slow.
"""

import itertools
import os
import shutil
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.preload import PreloadBed

MAGIC: Final = 0xFEEDCAFE
HEADER: Final = struct.Struct("<8sIIIIIIII")
"""prefix, magic, header size, the properties' place and length, hashes of subsystem and type, two of tags."""
PATIENCE_S: Final = 20.0
"""Host seconds for a child to take a datagram."""


class Uevents:
    """Plugs drives into a bed and pulls them. Names are given as the kernel gives them: the lowest that is free.

    `deaf` is for lost events: while it is set, sysfs changes and nobody is told.
    """

    def __init__(self, bed: PreloadBed, *, diskseq: bool = True) -> None:
        self._bed, self._sys = bed, bed.folder / "sys"
        self._diskseqs = itertools.count(1) if diskseq else None
        self._sequence = itertools.count(1)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(PATIENCE_S)
        self._properties: dict[str, dict[str, str]] = {}
        self.deaf = False

    def close(self) -> None:
        self._socket.close()

    def plug(self, model: DriveModel, id_path: str, **more: str) -> str:
        """A drive appears at `id_path`; the name of its block device. `more`: further properties."""
        name = self._free_name(model)
        node = name.removesuffix("n1") if model.protocol is Protocol.NVME else name
        self._bed.add(node, model)
        drive = model.identity()
        properties = {
            "DEVNAME": f"/dev/{name}",
            "MAJOR": "8",
            "MINOR": str(next(self._sequence) * 16),
            "ID_PATH": id_path,
            "ID_MODEL": drive.model.replace(" ", "_"),
            "ID_SERIAL_SHORT": drive.wwn if model.protocol is Protocol.SCSI else drive.serial,
            "ID_BUS": {Protocol.ATA: "ata", Protocol.NVME: "nvme"}.get(model.protocol, "scsi"),
        }
        if drive.wwn:
            properties["ID_WWN"] = f"0x{drive.wwn}"
        if model.protocol is Protocol.SCSI:
            properties["ID_SCSI_SERIAL"] = drive.serial
        if self._diskseqs is not None:
            properties["DISKSEQ"] = str(next(self._diskseqs))
        self.appear(name, {**properties, **more}, owner=node if model.protocol is Protocol.NVME else "")
        return name

    def appear(self, name: str, properties: Mapping[str, str], *, owner: str = "") -> None:
        """A block device with these properties, and no drive behind it unless the bed has one. `owner`: of NVMe."""
        folder, controller = self._folder(name), self._sys / "devices/sim" / (owner or f"scsi-{name}")
        folder.mkdir(parents=True)
        controller.mkdir(parents=True, exist_ok=True)
        _link(folder / "device", controller)
        (folder / "size").write_text("1000000\n")
        (folder / "removable").write_text("0\n")
        if "DISKSEQ" in properties:
            (folder / "diskseq").write_text(f"{properties['DISKSEQ']}\n")
        lines = {"DEVNAME": name, "DEVTYPE": "disk", **{k: v for k, v in properties.items() if k != "DEVNAME"}}
        (folder / "uevent").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        for link in self._links(name, properties):
            _link(link, folder)
        _link(folder / "subsystem", self._sys / "class/block")
        self._properties[name] = dict(properties)
        self.send("add", name)

    def change(self, name: str) -> None:
        """As after each close of a node that was open for writing."""
        self.send("change", name)

    def pull(self, name: str) -> None:
        """The drive leaves: its node, its sysfs, and then the event."""
        properties = self._properties.pop(name)
        with suppress(FileNotFoundError):  # a device without a drive has no node
            self._bed.remove(name if not name.startswith("nvme") else name.removesuffix("n1"))
        for link in self._links(name, properties):
            link.unlink()
        shutil.rmtree(self._folder(name))
        self.send("remove", name, properties)

    def send(self, action: str, name: str, properties: Mapping[str, str] | None = None) -> None:
        """Tell every monitor. `properties`: as they were, for a device that is gone."""
        if self.deaf:
            return
        told = {
            "ACTION": action,
            "DEVPATH": f"/devices/sim/block/{name}",
            "SUBSYSTEM": "block",
            "DEVTYPE": "disk",
            "SEQNUM": str(next(self._sequence)),
            **(self._properties[name] if properties is None else properties),
        }
        body = b"".join(f"{key}={value}".encode() + b"\0" for key, value in told.items())
        hashes = (socket.htonl(murmur2(b"block")), socket.htonl(murmur2(b"disk")))
        header = HEADER.pack(b"libudev\0", socket.htonl(MAGIC), HEADER.size, HEADER.size, len(body), *hashes, 0, 0)
        for listener in self._bed.folder.glob("event*"):
            try:
                self._socket.sendto(header + body, str(listener))
            except (ConnectionRefusedError, FileNotFoundError):  # that monitor is closed
                listener.unlink(missing_ok=True)

    def _free_name(self, model: DriveModel) -> str:
        if model.protocol is Protocol.NVME:
            return next(name for n in itertools.count() if (name := f"nvme{n}n1") not in self._properties)
        letters = ("".join(pair) for pair in itertools.product(("", *"abcdefghij"), "abcdefghijklmnopqrstuvwxyz"))
        return next(name for tail in letters if (name := f"sd{tail}") not in self._properties)

    def _folder(self, name: str) -> Path:
        return self._sys / "devices/sim/block" / name

    def _links(self, name: str, properties: Mapping[str, str]) -> tuple[Path, ...]:
        number = f"{properties.get('MAJOR', '8')}:{properties.get('MINOR', '0')}"
        return self._sys / "class/block" / name, self._sys / "block" / name, self._sys / "dev/block" / number


def _link(link: Path, target: Path) -> None:
    """Relative, as in sysfs: inside the bed the folder is called /sys."""
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(target, link.parent))


def murmur2(data: bytes) -> int:
    """MurmurHash2 with seed 0 (Austin Appleby, public domain), as libudev hashes a filter's words."""
    mix, mask = 0x5BD1E995, 0xFFFFFFFF
    found = len(data)
    whole = len(data) - len(data) % 4
    for at in range(0, whole, 4):
        part = int.from_bytes(data[at : at + 4], "little") * mix & mask
        part = (part ^ part >> 24) * mix & mask
        found = (found * mix & mask) ^ part
    if rest := data[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * mix & mask
    found = (found ^ found >> 13) * mix & mask
    return found ^ found >> 15
