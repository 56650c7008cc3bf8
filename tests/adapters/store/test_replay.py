"""The changes alone make the job table: today's, and that of each release whose history was recorded."""

import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.store import finding
from orchestrator.adapters.store.encoding import job_row, jobs_of, micros, moment
from orchestrator.adapters.store.replay import replay
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.job import EventKind
from tests.adapters.store.days import Day
from tests.adapters.store.test_listing import some_day

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.sql"))


def table(path):
    with sqlite3.connect(path) as connection:
        return tuple(finding.all_jobs(connection))


def test_the_changes_alone_make_the_table(opened, path):
    store = opened(keep_jobs=60)
    day = some_day(random.Random(9), 100)
    for number, change in enumerate(day.take()):
        store.append((change,) if number % 3 else (change, change))
    store.prune()
    assert len(table(path)) > 60
    assert replay(path) == table(path)


def test_also_where_a_record_was_first_kept_late_or_noted_something(store, path):
    day = Day()
    job_id = day.accept(drive=None, options='"\udce4\u00e4"')
    day.take()
    day.run(job_id)
    day.note(job_id)
    day.put(job_id, EventKind.MESSAGE, message="half a character: \udce4", reason="\u00e4")
    store.append(day.take())
    day.put(job_id, EventKind.MESSAGE, message="", reason="")
    store.append(day.take())
    assert replay(path) == table(path)
    assert table(path)[0].memo == '{"lba":4096}'


@pytest.mark.parametrize("history", HISTORIES, ids=lambda path: path.stem)
def test_the_changes_that_an_earlier_release_recorded_make_its_table(history, path):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.executescript(history.read_text())
    connection.close()
    SqliteStore(path).close()
    assert len(table(path)) > 20
    assert replay(path) == table(path)


def test_a_history_of_this_release_is_recorded():
    assert [path.stem for path in HISTORIES] == ["0.2.0"]


@settings(deadline=None)
@given(st.datetimes(min_value=moment(0).replace(tzinfo=None), max_value=moment(2**33 * 10**6).replace(tzinfo=None)))
def test_a_time_comes_back_to_the_microsecond(time):
    time = time.replace(tzinfo=moment(0).tzinfo)
    assert moment(micros(time)) == time


def test_a_record_comes_back_from_its_row():
    jobs = list(some_day(random.Random(3), 30).jobs.values())
    drives = {n: job.drive for n, job in enumerate(jobs) if job.drive}
    rows = [job_row(job, n if n in drives else None) for n, job in enumerate(jobs)]
    assert jobs_of(rows, drives) == jobs
    assert [jobs_of([row], drives)[0] for row in rows] == jobs
    assert jobs_of([], {}) == []
