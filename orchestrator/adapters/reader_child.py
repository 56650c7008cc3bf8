"""The child that reads a drive's surface: run by path, imports nothing of ours, opens read-only and never writes.

    stdin   "START END"                          bytes: read on from START, to END at most
    stdout  {"size": N, "sector": 512}           once, after opening
            {"at": N, "ns": N, "bad": [[START, END], ...], "slow": [[START, NS], ...]}    after STRETCH_S each time
            {"errno": N, "text": "..."}          it cannot go on, and ends

Its end of stdin is its end. A hanging read hangs this process alone: whoever started it kills it.
"""

import errno
import fcntl
import json
import mmap
import os
import stat
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

BLOCK = 1 << 20
PLACE = 4096
"""How exactly an unreadable place is found, bytes."""
STRETCH_S = 1.0
SLOWEST = 10
BLKSSZGET = 0x1268  # linux/fs.h: the logical sector's size
UNREADABLE = frozenset({errno.EIO, errno.ENODATA, errno.EILSEQ, errno.EREMOTEIO})
"""What the medium answers: an I/O error, a medium error, a protection error, a target error (block/blk-core.c)."""
_HUGE = 2 << 20


class Reader:
    """Reads on from where it is told. `pread(offset, length)` gives how many bytes it read, or raises OSError."""

    def __init__(self, pread: Callable[[int, int], int], clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._pread, self._clock = pread, clock
        self._size = BLOCK

    def stretch(self, start: int, end: int) -> dict[str, Any]:
        """About STRETCH_S of reading, in address order; an unreadable block is halved until it is a PLACE.

        Blocks lie on the grid of their own size. A whole block's read that was among the SLOWEST is told with its time.
        """
        clock, pread = self._clock, self._pread
        began = now = clock()
        until = began + int(STRETCH_S * 1e9)
        bad: list[tuple[int, int]] = []
        slow: list[tuple[int, int]] = []
        least, at = 0, start
        while at < end and now < until:
            size = self._size
            length = min(size - at % size, end - at)
            try:
                done = pread(at, length)
            except OSError as error:
                if error.errno not in UNREADABLE:
                    raise
                done = 0
            before, now = now, clock()
            if now - before > least:
                slow.append((now - before, at))
                if len(slow) >= 2 * SLOWEST:
                    slow = sorted(slow)[-SLOWEST:]
                    least = slow[0][0]
            if done:
                at += done
                if size < BLOCK:
                    self._size = 2 * size
            elif size > PLACE:
                self._size = size // 2
            else:
                bad.append((at, at + length))
                at += length
        return {"at": at, "ns": now - began, "bad": bad, "slow": [(at, ns) for ns, at in sorted(slow)[-SLOWEST:]]}


def opened(path: str) -> tuple[Callable[[int, int], int], int, int]:
    """How to read it, its size, and its logical sector's size. O_DIRECT, but for files whose system has none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECT)
    except OSError as error:
        if error.errno != errno.EINVAL or not Path(path).is_file():
            raise
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    sector = 512
    if stat.S_ISBLK(os.fstat(fd).st_mode):
        sector = struct.unpack("i", fcntl.ioctl(fd, BLKSSZGET, bytes(4)))[0]
    # private and huge: the kernel pins one page a read instead of 256, which is what keeps up with fio
    memory = mmap.mmap(-1, 2 * _HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    view = memoryview(memory)
    first = -_address(view) % _HUGE
    view[first : first + BLOCK] = bytes(BLOCK)
    buffers = [view[first : first + BLOCK]]

    def pread(offset: int, length: int) -> int:
        if length == BLOCK:
            return os.preadv(fd, buffers, offset)
        return os.preadv(fd, [buffers[0][:length]], offset)

    return pread, os.lseek(fd, 0, os.SEEK_END) // sector * sector, sector


def _address(view: memoryview) -> int:
    import ctypes

    return ctypes.addressof(ctypes.c_char.from_buffer(view))


def main(path: str, requests: TextIO, answers: TextIO) -> None:
    def say(**what: object) -> None:
        print(json.dumps(what), file=answers, flush=True)

    try:
        pread, size, sector = opened(path)
        say(size=size, sector=sector)
        reader = Reader(pread)
        for line in requests:
            start, end = map(int, line.split())
            say(**reader.stretch(start, end))
    except OSError as error:
        say(errno=error.errno, text=error.strerror)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin, sys.stdout)
