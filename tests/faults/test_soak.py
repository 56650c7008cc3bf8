"""Thousands of jobs on real threads, with a store: memory, file descriptors and child processes stay what they are."""

import ctypes
import gc
import os
from pathlib import Path
from typing import Annotated

import pytest

from orchestrator.model.drive import Drive
from orchestrator.model.job import AsyncJobStatus, ListInfo
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Between, operation
from orchestrator.rack import Rack

SLOTS = 24
JOBS = 50_000 if os.environ.get("ORCHESTRATOR_FULL") else 5_000
BATCH = 250
GROWTH, MORE_OBJECTS = 0.05, 0.01
"""Of resident memory and of Python objects, once warm. One object more a job would be nearly four times as many."""
WARM = 0.2
"""The part of the jobs that warms up: the last events, and the last ended jobs, are as many as are kept."""
FILLED = 3_500
"""Jobs until SQLite's caches are full: 7 MiB more, measured."""
LIVE = 1_000
"""Jobs in memory at the end: none that is over for long."""


def resident_bytes() -> int:
    """Without what is garbage, and what the allocator keeps back."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def zombies() -> list[str]:
    """Our children that have ended and that nobody has reaped."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(process.name)
    return found


@operation()
def glance(drive: Drive, bench: Bench, *, notes: Annotated[int, Between(0, 9)] = 6) -> str:
    """All that a job needs but the drive's answer."""
    for step in range(notes):
        bench.progress(100 * step / notes)
        bench.note(f"looks at {drive.serial}, {step} of {notes}")
    return f"{drive.serial} was looked at"


def some_jobs(rack: Rack, count: int) -> None:
    """Each slot its share, all at once; every 100th is a self-test, every 20th reads the drive's health."""
    jobs = []
    for n in range(count):
        slot_id = 1 + n % SLOTS
        if n % 100 == 0:
            jobs.append(rack.run_smart_test(n, slot_id))
        elif n % 20 == 1:
            jobs.append(rack.read_health(n, slot_id))
        else:
            jobs.append(rack.start(glance, n, slot_id))
    for job in rack.wait(jobs, timeout=60):
        assert job.status is AsyncJobStatus.COMPLETED, job


@pytest.mark.timeout(1200)
def test_after_thousands_of_jobs_nothing_has_grown(tmp_path):
    rack_file = tmp_path / "rack.yaml"
    rack_file.write_text(f"simulated: {{slots: {SLOTS}, speed: 100000}}\nstore: {{path: {tmp_path / 'history.db'}}}\n")
    with Rack.from_config(rack_file) as rack:
        done = 0

        def work_until(count: float) -> None:
            nonlocal done
            while done <= count:
                some_jobs(rack, BATCH)
                done += BATCH

        work_until(WARM * JOBS)
        resident_bytes()
        objects, open_before = len(gc.get_objects()), descriptors()
        work_until(max(WARM * JOBS, FILLED))
        warm = resident_bytes()
        work_until(JOBS)
        growth, more = resident_bytes() / warm - 1, len(gc.get_objects()) / objects - 1
        print(f"{done} jobs, {warm / 2**20:.0f} MiB when warm; grown by {growth:.1%}, objects by {more:.1%}")
        assert growth < GROWTH
        assert more < MORE_OBJECTS
        assert descriptors() <= open_before
        assert zombies() == []
        tables = rack._tables
        assert len(tables.jobs) < LIVE
        left = [tables.orders, tables.answers, tables.cells, tables.cancelled, tables.unkept, tables.waiters]
        assert not any(left)
        kept = rack.get_jobs_list(ListInfo(limit=1, status=AsyncJobStatus.COMPLETED))
        assert kept.total == done
