"""The disk is full, locked, read-only or broken, at any write: all or nothing is kept, and later all goes on."""

import errno
import functools
import itertools
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.adapters.store import pruning
from orchestrator.adapters.store.finding import all_jobs
from orchestrator.adapters.store.memory import Memory
from orchestrator.adapters.store.replay import replay
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.errors import StoreUnavailable, StoreUnusable
from orchestrator.model.job import EventKind
from orchestrator.model.plan import Course
from tests.adapters.store.days import Day, drive

LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def day():
    return Day()


def content(path):
    """Everything but what only tries whether it can be written, and where the numbers go on."""
    connection = sqlite3.connect(path)
    found = [line for line in connection.iterdump() if '"meta"' not in line]
    connection.close()
    return found


def whole(path):
    """The changes make the table."""
    with sqlite3.connect(path) as connection:
        assert replay(path) == tuple(all_jobs(connection))
    connection.close()


def settled(store):
    """What the writer remembers is what is in the file."""
    names = ("number", "sequence", "last_id", "open", "tallies", "occupants", "next_drive_id")
    with sqlite3.connect(store.path) as connection:
        memory, read = store._writer.memory, Memory(connection, 0)
        assert [getattr(memory, name) for name in names] == [getattr(read, name) for name in names]
    connection.close()
    whole(store.path)


# Every write fails once


class Failing(sqlite3.Connection):
    """Fails once, at the statement of this number or text: instead of it, or behind it as if it had failed."""

    fails_at = 0
    fails_on = ""
    behind = False
    count = 0

    def _step(self, run, sql):
        Failing.count += 1
        if Failing.count != Failing.fails_at and sql != Failing.fails_on:
            return run()
        Failing.fails_on = ""
        if Failing.behind:
            run()
        raise sqlite3.OperationalError("disk I/O error")

    def execute(self, *given):
        return self._step(lambda: super(Failing, self).execute(*given), given[0])

    def executemany(self, *given):
        return self._step(lambda: super(Failing, self).executemany(*given), given[0])


def first_days():
    """A day that is kept, and what comes then: one change of each kind, in two appends."""
    day = Day()
    for slot_id in (1, 2):
        day.slot(slot_id, drive(slot_id))
        day.complete(day.accept(slot_id))
    running = day.accept(1)
    day.run(running)
    kept = day.take()
    day.note(running)
    day.slot(2)
    day.slot(2, drive(3))
    day.course(2, Course(3, jobs=(5,)))
    first = day.take()
    day.complete(running)
    day.fail(day.accept(2, drive=drive(3)))
    return kept, (first, day.take()), day.now


@pytest.fixture
def steps(path):
    """What is done to a copy of a kept store, one after the other, and the store's content after each."""
    kept, appends, now = first_days()
    store = SqliteStore(path)
    store.append(kept)
    store.close()
    files = {file: file.read_bytes() for file in path.parent.iterdir()}

    def again(**options):
        for file in path.parent.iterdir():
            file.unlink()
        for file, text in files.items():
            file.write_bytes(text)
        opened = SqliteStore(path, keep_jobs=1, keep_days=0.5, now=lambda: now + timedelta(days=1), **options)
        return opened, (*(functools.partial(opened.append, new) for new in appends), opened.prune)

    return again


@pytest.mark.parametrize("behind", [False, True], ids=["instead", "behind"])
def test_whichever_write_fails_all_or_nothing_is_kept_and_the_next_try_goes_on(steps, path, behind, monkeypatch):
    monkeypatch.setattr(pruning, "STEP", 2)
    store, plan = steps()
    wanted = [content(path)]
    for step in plan:
        step()
        wanted.append(content(path))
    store.close()
    failed = 0
    for fails_at in itertools.count(1):
        Failing.fails_at, Failing.behind, Failing.count = 0, behind, 0
        store, plan = steps(open_file=functools.partial(sqlite3.connect, factory=Failing))
        Failing.fails_at, Failing.count = fails_at, 0
        for number, step in enumerate(plan):
            try:
                step()
            except StoreUnavailable:
                failed += 1
                if step != store.prune:  # which is several transactions
                    assert content(path) in wanted[number : number + 2]
                whole(path)
                step()
            assert content(path) == wanted[number + 1]
            settled(store)
        over = Failing.count < fails_at
        Failing.fails_at = 0
        store.close()
        if over:
            break
    assert failed > 30


def test_what_was_committed_although_it_was_said_to_have_failed_is_kept_once(path, day):
    Failing.fails_at, Failing.behind = 0, True
    store = SqliteStore(path, open_file=functools.partial(sqlite3.connect, factory=Failing))
    day.accept()
    changes = day.take()
    Failing.fails_on = "COMMIT"
    with pytest.raises(StoreUnavailable):
        store.append(changes)
    assert Failing.fails_on == ""
    assert SqliteStore.reader(path).find(1) is not None
    store.append(changes)
    assert [kept.job.id for kept in store.unfinished().jobs] == [1]
    settled(store)
    store.close()


def test_a_store_is_opened_or_refused_whichever_of_its_first_statements_fails(steps, path):
    def opened(fails_at):
        Failing.fails_at, Failing.behind, Failing.count = fails_at, False, 0
        steps(open_file=functools.partial(sqlite3.connect, factory=Failing))[0].close()

    for fails_at in itertools.count(1):
        try:
            opened(fails_at)
        except StoreUnusable as exc:
            assert exc.remedy
        if Failing.count < fails_at:
            break
    Failing.fails_at = 0
    assert fails_at > 10


# The disk


@contextmanager
def file_system(folder: Path, kibibytes: int):
    """A small ext4 on a loop device."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and mkfs.ext4 for a file system of its own")
    image, at = folder / "image", folder / "mounted"
    at.mkdir()
    with image.open("wb") as file:
        file.truncate(kibibytes << 10)
    run = functools.partial(subprocess.run, check=True, timeout=60, capture_output=True)
    run(["mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", image])
    try:
        run(["mount", "-o", "loop", image, at])
    except subprocess.CalledProcessError as exc:
        pytest.skip(f"no loop device can be mounted here: {exc.stderr.decode()}")
    try:
        yield at
    finally:
        run(["umount", "-l", at])


def fill(at):
    """Nothing more goes onto it."""
    with (at / "ballast").open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as exc:
                assert exc.errno == errno.ENOSPC


def test_a_full_disk_is_said_and_what_ended_meanwhile_is_kept_once_there_is_room(tmp_path, day):
    with file_system(tmp_path, 8192) as at:
        store = SqliteStore(at / "history.db")
        job_id = day.accept()
        store.append(day.take())
        fill(at)
        day.complete(job_id)
        for _ in range(300):
            day.put(job_id, EventKind.MESSAGE, message="x" * 500)
        late = day.take()
        before = content(store.path)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match=r"cannot be written: the disk is full") as caught:
                store.append(late)
            assert "make room on the file system" in caught.value.remedy
            assert store.last_number() == 1
        assert content(store.path) == before
        (at / "ballast").unlink()
        store.append(())
        store.append(late)
        settled(store)
        assert store.find(job_id).job == day.jobs[job_id]
        store.close()


def test_a_full_disk_may_be_opened_or_is_refused_and_the_store_is_whole_when_there_is_room(tmp_path, day):
    with file_system(tmp_path, 4096) as at:
        SqliteStore(at / "history.db").close()
        fill(at)
        with pytest.raises(StoreUnusable, match="the disk is full"):
            SqliteStore(at / "new.db")
        (at / "ballast").unlink()
        store = SqliteStore(at / "history.db")
        day.accept()
        store.append(day.take())
        store.close()
        SqliteStore(at / "new.db").close()


def test_a_mark_that_cannot_be_written_holds_the_job_back(store, day, path):
    (path.parent / "history.db.ids.new").mkdir()
    day.accept()
    changes = day.take()
    with pytest.raises(StoreUnavailable, match="Is a directory"):
        store.append(changes)
    assert store.find(1) is None
    (path.parent / "history.db.ids.new").rmdir()
    store.append(changes)
    settled(store)


def test_a_write_that_the_system_refuses_is_said_and_nothing_is_kept(store, day, path):
    """Here by the limit of a file's size, which SQLite is told as an I/O error."""
    day.accept()
    store.append(day.take())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for _ in range(400):
        day.accept()
    changes = day.take()
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("history.db-wal").stat().st_size + 8192, hard))
    try:
        with pytest.raises(StoreUnavailable, match="the disk gave an error") as caught:
            store.append(changes)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "kernel's messages" in caught.value.remedy
    assert store.last_number() == 1
    store.append(changes)
    settled(store)


def test_a_file_system_that_became_read_only_is_said(tmp_path, day):
    with file_system(tmp_path, 8192) as at:
        store = SqliteStore(at / "history.db")
        day.accept()
        store.append(day.take())
        store.close()
        remount = ["mount", "-o", "remount,ro", str(at)]
        subprocess.run(remount, check=True, timeout=60)
        with pytest.raises(StoreUnusable, match="cannot be opened") as caught:
            SqliteStore(at / "history.db")
        assert "read-only" in caught.value.remedy or "may be written" in caught.value.remedy
        subprocess.run([part.replace(",ro", ",rw") for part in remount], check=True, timeout=60)
        store = SqliteStore(at / "history.db")
        assert store.find(1) is not None
        store.close()


# Another program


@contextmanager
def locked(path):
    """Another process has the database for itself until the end of the block."""
    child = subprocess.Popen(
        [sys.executable, "-c", LOCK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "locked\n"
        yield child
    finally:
        child.kill()
        child.wait(10)
        child.stdin.close()
        child.stdout.close()


def test_a_lock_of_another_program_is_waited_for_and_then_said(opened, day, path):
    store = opened(busy_s=0.1)
    day.accept()
    changes = day.take()
    with locked(path):
        for change in ((), changes):
            with pytest.raises(StoreUnavailable, match="another program has it locked") as caught:
                store.append(change)
        assert f"fuser {path}" in caught.value.remedy
        assert store.find(1) is None, "who reads is not held up"
    store.append(changes)
    settled(store)


def test_a_lock_that_ends_in_time_is_only_waited_for(opened, day, path):
    import threading

    store = opened(busy_s=60)
    day.accept()
    with locked(path) as child:
        appending = threading.Thread(target=store.append, args=(day.take(),))
        appending.start()
        child.stdin.write("\n")
        child.stdin.flush()
        appending.join(30)
    assert store.last_number() == 1


def test_a_locked_store_is_not_opened_and_not_replaced(opened, day, path):
    day.accept()
    opened().append(day.take())
    opened().close()
    with locked(path), pytest.raises(StoreUnusable, match="another program has it locked"):
        SqliteStore(path, busy_s=0.1)
    assert opened().find(1) is not None
