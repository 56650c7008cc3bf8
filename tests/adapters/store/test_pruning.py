"""What is not to be kept goes, with all that belongs to it, and its id is never given again."""

import sqlite3
from datetime import timedelta

import pytest

from orchestrator.adapters.store import pruning
from orchestrator.adapters.store.memory import Memory
from orchestrator.model.history import AFTER
from orchestrator.model.job import AsyncJobStatus
from tests.adapters.store.days import Day, drive


@pytest.fixture
def day():
    return Day()


def ended(day, many, slot_id=1):
    for _ in range(many):
        day.complete(day.accept(slot_id))


def test_the_newest_jobs_are_kept_and_the_others_go_with_their_changes_and_reports(opened, day, path):
    store = opened(keep_jobs=2)
    ended(day, 5)
    day.accept()
    store.append(day.take())
    assert store.prune() == 3
    assert [store.find(job_id) is not None for job_id in range(1, 7)] == [False, False, False, True, True, True]
    assert dict(store.counts()) == {("run_smart_test", 1, AsyncJobStatus.COMPLETED): 2}
    assert store.raw_report(3, AFTER) == b""
    assert store.raw_report(4, AFTER) == b"after"
    assert sqlite3.connect(path).execute("SELECT DISTINCT job_id FROM changes").fetchall() == [(4,), (5,), (6,)]
    assert store.prune() == 0


def test_what_ended_longer_ago_goes(opened, day):
    ended(day, 2)
    day.now += timedelta(days=30)
    ended(day, 1)
    day.accept()
    store = opened(keep_days=1.5, now=lambda: day.now)
    store.append(day.take())
    assert store.prune() == 2
    assert store.find(2) is None
    assert store.find(3) is not None


def test_old_news_of_slots_goes_and_the_stays_remain(opened, day, path):
    store = opened(keep_days=1, now=lambda: day.now)
    day.slot(1, drive(1))
    day.slot(1)
    day.now += timedelta(days=3)
    day.slot(1, drive(2))
    store.append(day.take())
    store.prune()
    assert sqlite3.connect(path).execute("SELECT number FROM changes").fetchall() == [(3,)]
    assert len(store.history("SN1")[0].stays) == 1


def test_more_than_a_step_goes_in_several(opened, day, monkeypatch):
    monkeypatch.setattr(pruning, "STEP", 10)
    monkeypatch.setattr(pruning, "NEWS_STEP", 10)
    store = opened(keep_jobs=3, keep_days=1, now=lambda: day.now)
    ended(day, 20)
    for _ in range(25):
        day.slot(1)
    day.now += timedelta(days=2)
    ended(day, 25, slot_id=2)
    store.append(day.take())
    assert store.prune() == 42
    assert dict(store.counts()) == {("run_smart_test", 2, AsyncJobStatus.COMPLETED): 3}


def test_a_job_that_is_no_longer_kept_says_so_and_one_that_never_was_does_not(opened, day):
    ended(day, 2)
    store = opened(keep_days=90, keep_jobs=1)
    store.append(day.take())
    store.prune()
    assert store.why_missing(1) == "job 1 is no longer kept: the store keeps 90 days, 1 jobs"
    assert store.why_missing(3) == store.why_missing(0) == store.why_missing(-1) == ""
    assert opened().why_missing(1) == "job 1 is no longer kept"


def test_numbers_go_on_when_all_that_had_them_is_gone(opened, day, path):
    store = opened(keep_jobs=0, keep_days=0, now=lambda: day.now + timedelta(days=1))
    ended(day, 3)
    day.slot(1)
    store.append(day.take())
    before = store.unfinished()
    assert store.prune() == 3
    store.close()
    path.with_name("history.db.ids").unlink()
    left = opened().unfinished()
    assert (left.number, left.sequence, left.next_job_id) == (before.number, before.sequence, 4)


def test_the_memory_is_what_the_next_opening_reads(opened, day):
    store = opened(keep_jobs=2)
    ended(day, 5)
    day.slot(2, drive(2))
    day.run(day.accept(2))
    store.append(day.take())
    store.prune()
    memory, read = store._writer.memory, Memory(store._connection, store._mark.value)
    for name in ("number", "sequence", "open", "tallies", "occupants", "next_drive_id"):
        assert getattr(memory, name) == getattr(read, name), name
