"""The preload bed: unmodified programs ask drive models as if they were devices. No root, nothing installed.

umockdev's preload library (LGPL, package umockdev) turns a child's ioctl calls into messages on a Unix socket, and its
view of /dev and /sys into a folder of ours. Here is the other end of that socket.

    smartctl ──ioctl──▶ libumockdev-preload ──24-byte messages──▶ PreloadBed ──▶ AtaWire, NvmeWire, ScsiWire

Messages (umockdev 0.17, ioctl_emulation): three little-endian fields; 1 = ioctl(request, argument); we may read (5) and
write (6) the child's memory as often as needed, then answer (3) with result and errno. For children only: inside the
process that sets it, the library would hide the machine's own /sys.
"""

import contextlib
import itertools
import os
import shutil
import socket
import struct
import tempfile
import threading
from pathlib import Path
from typing import Final

from orchestrator.model.drive import Protocol
from orchestrator.simulated.ata import AtaWire
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.nvme import NvmeWire
from orchestrator.simulated.scsi import ScsiWire

MESSAGE: Final = struct.Struct("<QqQ")
IOCTL, DONE, RUN_ORIGINAL, READ_MEMORY, WRITE_MEMORY = 1, 3, 4, 5, 6
SG_IO: Final = 0x2285
NVME_IOCTL_ID: Final = 0x4E40
NVME_IOCTL_ADMIN_CMD: Final = 0xC0484E41
EIO, ENODEV, ENOTTY = 5, 19, 25
FROM_DEVICE: Final = -3
TO_DEVICE: Final = -2
"""SG_DXFER_FROM_DEV, include/scsi/sg.h."""
SLOW_S: Final = 0.1
"""Host seconds that each command to a "slow" drive takes; smartctl -a sends about ten."""


class PreloadBed:
    """A folder that looks like /dev and /sys to children started with `env()`. Close it, or use it in a `with`."""

    def __init__(self, library: Path | str) -> None:
        """`library` is the full path of libumockdev-preload.so.0."""
        self._library = str(library)
        self.folder = Path(tempfile.mkdtemp(prefix="bed"))  # short: a socket's path ends at 108 bytes
        """What the children see: dev, sys, and beside them the sockets."""
        self._numbers = itertools.count()
        self._listeners: dict[str, socket.socket] = {}
        self._closing = threading.Event()
        for folder in ("dev/.node", "sys/block", "sys/class", "sys/dev/block", "ioctl/dev", "run/udev/data"):
            (self.folder / folder).mkdir(parents=True)

    def __enter__(self) -> "PreloadBed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def env(self) -> dict[str, str]:
        """What to add to a child's environment."""
        return {"LD_PRELOAD": self._library, "UMOCKDEV_DIR": str(self.folder)}

    def add(self, node: str, model: DriveModel) -> None:
        """Let /dev/NODE (`node` with or without /dev/) be this drive: sdX for ATA and SCSI, nvmeN for NVMe."""
        name = node.removeprefix("/dev/")
        character = model.protocol is Protocol.NVME
        device = self.folder / "dev" / name
        device.touch()
        device.chmod(0o644 if character else 0o1644)  # umockdev: the sticky bit says block device
        minor = next(self._numbers)
        number = f"240:{minor}" if character else f"8:{16 * minor}"
        (self.folder / "dev/.node" / name).symlink_to(number)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "ioctl/dev" / name))
        listener.listen(64)
        self._listeners[name] = listener
        threading.Thread(target=self._accept, args=(listener, model), name=f"bed-{name}", daemon=True).start()

    def remove(self, node: str) -> None:
        """Take the node away. Connections already open go on until their program ends."""
        name = node.removeprefix("/dev/")
        for folder in ("dev", "dev/.node", "ioctl/dev"):
            (self.folder / folder / name).unlink()
        _shut(self._listeners.pop(name))

    def close(self) -> None:
        """Take everything away and let go of whoever still waits."""
        self._closing.set()
        for name in list(self._listeners):
            self.remove(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self, listener: socket.socket, model: DriveModel) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # the node was removed
            threading.Thread(target=self._serve, args=(connection, model), name="bed-serve", daemon=True).start()

    def _serve(self, connection: socket.socket, model: DriveModel) -> None:
        client = _Client(connection)
        try:
            while not self._closing.is_set():
                kind, request, argument = client.receive()
                if kind != IOCTL:
                    client.refuse_other()
                else:
                    client.answer(*self._ioctl(client, model, request & 0xFFFFFFFF, argument))
        except (EOFError, OSError):
            pass  # the program ended
        finally:
            connection.close()  # or the program would wait for ever after a mistake of ours

    def _ioctl(self, client: "_Client", model: DriveModel, request: int, argument: int) -> tuple[int, int]:
        """Result and errno of one ioctl."""
        while "hang" in model.faults:
            if self._closing.wait(0.02) or client.left():
                raise EOFError
        if "slow" in model.faults:
            self._closing.wait(SLOW_S)
        if model.gone:
            return -1, ENODEV
        if "unreadable" in model.faults:
            return -1, EIO
        nvme = model.protocol is Protocol.NVME
        if request == SG_IO and not nvme:
            return _scsi_command(client, model, argument)
        if request == NVME_IOCTL_ID and nvme:
            return 1, 0
        if request == NVME_IOCTL_ADMIN_CMD and nvme:
            return _admin_command(client, model, argument)
        return -1, ENOTTY


class _Client:
    """One program's connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def receive(self) -> tuple[int, int, int]:
        kind, first, second = MESSAGE.unpack(self._exactly(MESSAGE.size))
        return kind, first, second

    def read(self, address: int, length: int) -> bytes:
        """The child's memory."""
        self._connection.sendall(MESSAGE.pack(READ_MEMORY, address, length))
        return self._exactly(length)

    def write(self, address: int, data: bytes) -> None:
        if data:
            self._connection.sendall(MESSAGE.pack(WRITE_MEMORY, address, len(data)) + data)

    def answer(self, result: int, error: int) -> None:
        self._connection.sendall(MESSAGE.pack(DONE, result, error))

    def refuse_other(self) -> None:
        """A read or write of the node itself: let the library run it on its empty file, then fail it."""
        self._connection.sendall(MESSAGE.pack(RUN_ORIGINAL, 0, 0))
        self.receive()
        self.answer(-1, EIO)

    def left(self) -> bool:
        """The program is gone."""
        with contextlib.suppress(BlockingIOError):
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return False

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = self._connection.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return data


def _scsi_command(client: _Client, model: DriveModel, argument: int) -> tuple[int, int]:
    """SG_IO: struct sg_io_hdr of include/scsi/sg.h, 88 bytes on 64-bit machines."""
    header = bytearray(client.read(argument, 88))
    (direction,) = struct.unpack_from("<i", header, 4)
    (length,) = struct.unpack_from("<I", header, 12)
    data_at, cdb_at, sense_at = struct.unpack_from("<QQQ", header, 16)
    cdb = client.read(cdb_at, header[8])
    sent = client.read(data_at, length) if direction == TO_DEVICE else b""
    ata = model.protocol is Protocol.ATA
    data, status, sense = AtaWire(model).cdb(cdb, sent) if ata else ScsiWire(model).cdb(cdb)
    data, sense = _spoilt(model, data)[:length], sense[: header[9]]
    if direction == FROM_DEVICE:
        client.write(data_at, data)
    client.write(sense_at, sense)
    header[64:68] = bytes([status, status >> 1, 0, len(sense)])
    struct.pack_into("<HHi", header, 68, 0, 8 if sense else 0, max(0, length - len(data)))
    client.write(argument, bytes(header))
    return 0, 0


def _admin_command(client: _Client, model: DriveModel, argument: int) -> tuple[int, int]:
    """struct nvme_admin_cmd of linux/nvme_ioctl.h, 72 bytes."""
    command = bytearray(client.read(argument, 72))
    (data_at,) = struct.unpack_from("<Q", command, 24)
    length, cdw10 = struct.unpack_from("<II", command, 36)
    status, data = NvmeWire(model).admin(command[0], length, cdw10)
    client.write(data_at, _spoilt(model, data))
    return status, 0


def _spoilt(model: DriveModel, data: bytes) -> bytes:
    """With the fault "garbage", what a broken bridge would hand on."""
    return bytes(byte ^ 0xA5 for byte in data) if "garbage" in model.faults else data


def _shut(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
    listener.close()


def children_env(bed: PreloadBed) -> dict[str, str]:
    """This process's environment with the bed's on top."""
    return {**os.environ, **bed.env()}
