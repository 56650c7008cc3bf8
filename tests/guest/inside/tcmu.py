"""Kernel disks in the guest that are our drive models: every SCSI command to /dev/sdX is answered here.

    sd, sg ──tcm_loop──▶ target_core_user ──ring in shared memory──▶ serve ──▶ AtaWire, ScsiWire, DriveModel.pread

    tcmu.py serve DRIVES.json    answer for ever; DRIVES: [{"serial", "protocol", "test_s", "bad_lbas"}, ...]
    tcmu.py plug SLOT SERIAL     the drive appears as LUN SLOT of the loop-back target
    tcmu.py pull SLOT            it is gone at once, as a drive that is pulled out

The ring is the kernel's (include/uapi/linux/target_core_user.h, version 2); offsets below are counted in it. Writes go
nowhere. A self-test takes test_s seconds.
"""

import json
import mmap
import os
import struct
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from orchestrator.model.drive import Protocol
from orchestrator.simulated.ata import AtaWire
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import SECTOR_BYTES, load_profiles
from orchestrator.simulated.scsi import ScsiWire

TARGET = Path("/sys/kernel/config/target")
BACKSTORES = TARGET / "core/user_0"
LOOP = TARGET / "loopback/naa.50000000000000a0/tpgt_1"
NEXUS = "naa.50000000000000a1"
CAPACITY_BYTES = 64 << 20
COMMAND_HEAD, COMMAND_TAIL = 12, 64
OPCODE_COMMAND, UNKNOWN_OPCODE = 1, 1
READS, WRITES, SYNCS = {0x08, 0x28, 0x88}, {0x0A, 0x2A, 0x8A}, {0x35, 0x91}
ATA_OWN = {0x00, 0x12, 0x85, 0xA1}
"""What a SATA drive's translation layer answers; the kernel's other questions are answered as by a SAS drive."""
APPEARS_S = 20


class Disk:
    """One drive model and how the kernel reaches it."""

    def __init__(self, serial: str, protocol: str, test_s: float, bad_lbas: list[int]) -> None:
        profile = next(p for p in load_profiles() if p.protocol is Protocol(protocol) and not p.is_ssd)
        profile = replace(profile, capacity_bytes=CAPACITY_BYTES)
        speed = profile.short_minutes * 60 / test_s
        self.model = DriveModel(profile, serial, lambda: time.monotonic() * speed)
        self.model.bad_lbas.update(bad_lbas)
        self._scsi, self._ata = ScsiWire(self.model), AtaWire(self.model)

    def answer(self, cdb: bytes) -> tuple[bytes, int, bytes]:
        """Data, status and sense of a command."""
        if cdb[0] in WRITES | SYNCS:
            return b"", 0, b""
        if cdb[0] in READS:
            return self._read(*_extent(cdb))
        if self.model.protocol is Protocol.ATA and cdb[0] in ATA_OWN and not (cdb[0] == 0x12 and cdb[1] & 1):
            return self._ata.cdb(cdb)
        return self._scsi.cdb(cdb)

    def _read(self, lba: int, sectors: int) -> tuple[bytes, int, bytes]:
        try:
            return self.model.pread(lba * SECTOR_BYTES, sectors * SECTOR_BYTES), 0, b""
        except OSError:  # medium error, unrecovered read error, at this LBA (SPC-5, fixed format)
            first = min(bad for bad in self.model.bad_lbas if lba <= bad < lba + sectors)
            return b"", 2, struct.pack(">BBBIB4xBB4x", 0xF0, 0, 3, first, 10, 0x11, 0)

    def serve(self) -> None:
        """Make the backstore, and answer from a thread of its own."""
        store = BACKSTORES / self.model.serial
        store.mkdir(parents=True)
        name = f"orchestrator/{self.model.serial}"
        # nl_reply_supported=-1: nobody answers over netlink, so the kernel shall not wait for it
        settings = f"dev_size={CAPACITY_BYTES},dev_config={name},hw_block_size={SECTOR_BYTES},nl_reply_supported=-1"
        (store / "control").write_text(settings)
        (store / "enable").write_text("1")
        uio = _appeared(name)
        fd = os.open(f"/dev/{uio.name}", os.O_RDWR)
        ring = mmap.mmap(fd, int((uio / "maps/map0/size").read_text(), 16))
        threading.Thread(target=self._answer_all, args=(fd, ring), name=self.model.serial).start()

    def _answer_all(self, fd: int, ring: mmap.mmap) -> None:
        _, _, offset, size = struct.unpack_from("<HHII", ring, 0)
        while True:
            os.read(fd, 4)  # until the kernel has put something in
            while (tail := _word(ring, COMMAND_TAIL)) != _word(ring, COMMAND_HEAD):
                entry = offset + tail
                length, opcode = _word(ring, entry) & ~7, _word(ring, entry) & 7
                if opcode == OPCODE_COMMAND:
                    self._answer_one(ring, entry)
                elif opcode:
                    ring[entry + 7] |= UNKNOWN_OPCODE
                struct.pack_into("<I", ring, COMMAND_TAIL, (tail + length) % size)
            os.write(fd, bytes(4))

    def _answer_one(self, ring: mmap.mmap, entry: int) -> None:
        pieces, cdb_at = _word(ring, entry + 8), struct.unpack_from("<Q", ring, entry + 24)[0]
        cdb = ring[cdb_at : cdb_at + 16]
        places = [struct.unpack_from("<QQ", ring, entry + 48 + 16 * i) for i in range(pieces)]
        data, status, sense = self.answer(cdb)
        for place, length in () if cdb[0] in WRITES else places:
            ring[place : place + length] = data[:length].ljust(length, b"\0")
            data = data[length:]
        ring[entry + 8 : entry + 112] = struct.pack("<BxxxI96s", status, 0, sense)


def _word(ring: mmap.mmap, at: int) -> int:
    return int(struct.unpack_from("<I", ring, at)[0])


def _extent(cdb: bytes) -> tuple[int, int]:
    """LBA and sectors of READ (6), (10) or (16), SBC-4."""
    match cdb[0]:
        case 0x08:
            return int.from_bytes(cdb[1:4], "big") & 0x1FFFFF, cdb[4] or 256
        case 0x28:
            return struct.unpack(">2xIxH7x", cdb)
    return struct.unpack(">2xQI2x", cdb)


def _appeared(name: str) -> Path:
    """The uio device of this backstore, once udev has made its node."""
    until = time.monotonic() + APPEARS_S
    while time.monotonic() < until:
        for uio in Path("/sys/class/uio").glob("uio*"):
            if (uio / "name").read_text().strip().endswith(f"/{name}") and Path("/dev", uio.name).exists():
                return uio
        time.sleep(0.05)
    raise SystemExit(f"no uio device for {name}")


def serve(drives: str) -> None:
    for drive in json.loads(Path(drives).read_text()):
        Disk(**drive).serve()
    LOOP.mkdir(parents=True)
    (LOOP / "nexus").write_text(NEXUS)
    print("ready", flush=True)


def plug(slot: str, serial: str) -> None:
    lun = LOOP / "lun" / f"lun_{slot}"
    lun.mkdir()
    (lun / "drive").symlink_to(BACKSTORES / serial)


def pull(slot: str) -> None:
    lun = LOOP / "lun" / f"lun_{slot}"
    (lun / "drive").unlink()
    lun.rmdir()


if __name__ == "__main__":
    {"serve": serve, "plug": plug, "pull": pull}[sys.argv[1]](*sys.argv[2:])
