"""A program that cuts the power of a file system while the store is written to, and says what is there afterwards.

    fresh ext4 in a file ─▶ a child appends, and acknowledges each change through a pipe ─▶ the cut ─▶ what is kept?
                            shutdown ioctl without a journal flush: what was not synced is lost, and later writes fail

It reads a line for each run, "SYNCHRONOUS SECONDS", and answers with a line of JSON. Start it by unshare(1) in a mount
namespace of its own: when it ends, however it ends, the kernel unmounts what is left and frees the loop device, which
`mount -o loop` makes and which stands on our own file. What a disk's volatile cache loses is not simulated.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.errors import StoreUnavailable, StoreUnusable
from orchestrator.model.history import Change
from orchestrator.model.job import AsyncJob, AsyncJobStatus, EventKind

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN (fs/ext4/ext4.h)."""
NO_LOG_FLUSH = 2
IMAGE_BYTES = 64 << 20
EACH_S = 20
"""Host seconds that any command may take."""
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def main(folder: Path) -> None:
    (folder / "disk").mkdir()
    print("up", flush=True)
    for line in sys.stdin:
        synchronous, seconds = line.split()
        print(json.dumps(run(folder, synchronous, float(seconds))), flush=True)


def run(folder: Path, synchronous: str, seconds: float) -> dict[str, Any]:
    database = folder / "disk/rack.db"
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    command("mke2fs", "-q", "-F", "-t", "ext4", str(image))
    with mounted(image, database.parent):
        pipe, writer = start(database, synchronous)
        time.sleep(seconds)  # the moment of the cut
        said = heard(pipe)
        cut(database.parent)
        late = heard(pipe)
        os.close(pipe)
        os.waitpid(writer, 0)
    with mounted(image, database.parent):
        return {"acknowledged": said, "late": late, **found(database)}


def start(database: Path, synchronous: str) -> tuple[int, int]:
    """A child that writes until it cannot any more: the pipe of its acknowledgements, and its pid."""
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    if (pid := os.fork()) == 0:
        status = 1
        try:
            os.close(ours)
            write(database, synchronous, theirs)
        except (StoreUnavailable, StoreUnusable, BrokenPipeError):
            status = 0  # the power is off
        finally:
            os._exit(status)
    os.close(theirs)
    os.set_blocking(ours, False)
    return ours, pid


def heard(pipe: int) -> list[tuple[int, ...]]:
    """What was acknowledged before this moment. What comes after the cut does not count: an fsync that the shutdown
    overtakes may say 0 on Linux 6.18 (measured), and without power nobody would have heard of it."""
    data = b""
    with contextlib.suppress(BlockingIOError):
        while chunk := os.read(pipe, 1 << 20):
            data += chunk
    return [tuple(map(int, line.split())) for line in data.splitlines()]


def write(database: Path, synchronous: str, pipe: int) -> None:
    """One to four new jobs at a time; every other one of them then ends. "NUMBER ID ENDED" for each change."""
    store = SqliteStore(database, synchronous=synchronous)
    number = job_id = 0
    while True:
        changes = []
        for _ in range(1 + job_id % 4):
            number, job_id = number + 1, job_id + 1
            job = AsyncJob(job_id, "read_health", 1, slot_id=1, accepted=NOON)
            changes.append(Change(number, NOON, EventKind.ACCEPTED, "api", sequence=number, job=job, options="{}"))
        keep(store, changes, pipe)
        number += 1
        ended = replace(job, status=AsyncJobStatus.COMPLETED, progress=100, ended=NOON)
        keep(store, [Change(number, NOON, EventKind.STATUS, "slot", sequence=number, job=ended, answer="1")], pipe)


def keep(store: SqliteStore, changes: list[Change], pipe: int) -> None:
    store.append(tuple(changes))
    text = "".join(f"{change.number} {change.job.id} {change.job.has_ended:d}\n" for change in changes if change.job)
    os.write(pipe, text.encode())


def cut(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(fd)


def found(database: Path) -> dict[str, Any]:
    """What the next start finds: the changes, the jobs that have ended, the mark, and what the store makes of it."""
    mark = database.with_name(f"{database.name}.ids")
    told: dict[str, Any] = {"mark": int(mark.read_text()) if mark.exists() else 0, "refused": ""}
    try:
        store = SqliteStore(database)
    except StoreUnusable as error:
        return told | {"refused": str(error), "numbers": [], "ended": [], "next_id": 0}
    told["next_id"] = store.unfinished().next_job_id
    store.close()
    connection = sqlite3.connect(database)
    try:
        told["sound"] = connection.execute("PRAGMA integrity_check").fetchone()[0]
        told["numbers"] = [number for (number,) in connection.execute("SELECT number FROM changes ORDER BY number")]
        told["ended"] = [job_id for (job_id,) in connection.execute("SELECT id FROM jobs WHERE has_ended = 1")]
    finally:
        connection.close()
    return told


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[None]:
    command("mount", "-t", "ext4", "-o", "loop", str(image), str(folder))
    try:
        yield
    finally:
        command("umount", str(folder))


def command(*words: str) -> None:
    subprocess.run(words, check=True, timeout=EACH_S, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
