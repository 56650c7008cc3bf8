"""A file with unreadable places: a FUSE mount of one regular file, served by a thread. Needs root and /dev/fuse.

The kernel's protocol itself (linux/fuse.h, 7.31) in the five messages that a file is read by, so that no package is
needed. A loop device over it has bad sectors just there.
"""

import ctypes
import errno
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

SILENT = (2, 36, 42)  # FORGET, INTERRUPT, BATCH_FORGET: no reply
HEADER = struct.Struct("=IIQQIIII")  # length, opcode, unique, node, uid, gid, pid, padding
REPLY = struct.Struct("=IiQ")
MNT_FORCE, MNT_DETACH = 1, 2
_libc = ctypes.CDLL(None, use_errno=True)


class BadFile:
    """`image` seen at `mountpoint`, but reads that touch one of `bad` (byte ranges, end excluded) fail with EIO."""

    def __init__(
        self,
        image: Path,
        mountpoint: Path,
        bad: tuple[tuple[int, int], ...],
        before_read: Callable[[int], object] = lambda offset: None,
    ) -> None:
        """`before_read` is called with the offset of each read: a slow place sleeps there."""
        self.bad, self.path = bad, mountpoint
        """`bad` may be changed at any time."""
        self._before_read = before_read
        self._image = os.open(image, os.O_RDONLY)
        self._size = os.fstat(self._image).st_size
        self._mountpoint = mountpoint
        mountpoint.touch()
        self._fuse = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self._fuse},rootmode=100000,user_id=0,group_id=0,allow_other,max_read=1048576"
        if _libc.mount(b"bad", os.fsencode(mountpoint), b"fuse", 0, options.encode()):
            raise OSError(ctypes.get_errno(), "mount")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        _libc.umount2(os.fsencode(self._mountpoint), MNT_FORCE)  # ends what is being read
        _libc.umount2(os.fsencode(self._mountpoint), MNT_DETACH)
        self._thread.join(10)
        os.close(self._image)

    def _serve(self) -> None:
        try:
            while True:
                request = os.read(self._fuse, 1 << 21)
                _, opcode, unique, *_ = HEADER.unpack_from(request)
                if opcode in SILENT:
                    continue
                try:
                    error, data = 0, self._answer(opcode, request[HEADER.size :])
                except OSError as exc:
                    error, data = -(exc.errno or errno.EIO), b""
                os.write(self._fuse, REPLY.pack(REPLY.size + len(data), error, unique) + data)
        except OSError as exc:
            if exc.errno != errno.ENODEV:  # unmounted
                raise
        finally:
            os.close(self._fuse)

    def _answer(self, opcode: int, body: bytes) -> bytes:
        match opcode:
            case 26:  # INIT: 7.31, read-ahead 128 KiB, pages in one request
                return struct.pack("=IIIIHHIIHHI28x", 7, 31, 1 << 17, 1 << 22, 16, 12, 1 << 17, 1, 256, 0, 0)
            case 3:  # GETATTR
                attributes = struct.pack(
                    "=QQQQQQIIIIIIIIII",
                    1,
                    self._size,
                    self._size // 512,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0o100666,
                    1,
                    0,
                    0,
                    0,
                    4096,
                    0,
                )
                return struct.pack("=QII", 3600, 0, 0) + attributes
            case 14:  # OPEN: with FOPEN_DIRECT_IO
                return struct.pack("=QII", 1, 1, 0)
            case 15:  # READ
                _, offset, size = struct.unpack_from("=QQI", body)
                self._before_read(offset)
                if any(first < offset + size and offset < end for first, end in self.bad):
                    raise OSError(errno.EIO, "bad place")
                return os.pread(self._image, size, offset)
            case 18 | 25:  # RELEASE, FLUSH
                return b""
        raise OSError(errno.ENOSYS, f"operation {opcode}")
