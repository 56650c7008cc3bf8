"""A page over what is open and what is kept is the page over all of them in memory, and costs the page alone."""

import os
import random
import sqlite3
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.store import queries
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.job import ORDERS, AsyncJob, AsyncJobStatus, JobError, ListInfo, changed
from tests.adapters.store.days import MORNING, Day, drive

FULL = bool(os.environ.get("ORCHESTRATOR_FULL"))
NAMES = ("run_smart_test", "run_", "run`", "Run_x", "run_\u00e4", "run_\U0001f5b4", "run%", "read_scan")
PREFIXES = (
    "",
    "run_",
    "run",
    "r",
    "R",
    "run_\u00e4",
    "run%",
    "%",
    "_",
    "read_scan",
    "read_scan ",
    "run_\U0001f5b4",
    "\ud800",
)
SERIALS = ("SN1", "SN2", "SN3", "sn1", "", "\ud800")


def some_day(dice: random.Random, jobs: int) -> Day:
    """Jobs that ended in all ways, some that never started, one in ten still open."""
    day = Day()
    for _ in range(jobs):
        at = dice.choice((drive(1), drive(2), drive(2, model="Model B"), None))
        job_id = day.accept(dice.randint(1, 3), name=dice.choice(NAMES), client_ref=dice.choice((1, 2, -5)), drive=at)
        if dice.random() < 0.7:
            day.run(job_id)
            if dice.random() < 0.3:
                day.jobs[job_id] = changed(day.jobs[job_id], started=MORNING)
        if dice.random() < 0.9:
            if dice.random() < 0.5:
                day.complete(job_id)
            else:
                day.fail(job_id)
    return day


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    day = some_day(random.Random(6), 80)
    store = SqliteStore(tmp_path_factory.mktemp("listing") / "history.db")
    store.append(day.take())
    yield store, dict(day.jobs)
    store.close()


@st.composite
def infos(draw):
    order = draw(st.sampled_from(ORDERS))
    return ListInfo(
        offset=draw(st.integers(0, 90) | st.just(2**70)),
        limit=draw(st.integers(-1, 90) | st.just(2**70)),
        name_starts_with=draw(st.sampled_from(PREFIXES)),
        status=draw(st.none() | st.sampled_from(AsyncJobStatus)),
        client_ref=draw(st.none() | st.sampled_from((1, 2, -5, 2**80))),
        slot_id=draw(st.none() | st.integers(0, 4)),
        serial=draw(st.none() | st.sampled_from(SERIALS)),
        order_by=order,
        descending=draw(st.booleans()),
        after_id=draw(st.none() | st.integers(-1, 90) | st.sampled_from((2**70, -(2**70)))) if order == "id" else None,
    )


@st.composite
def live_jobs(draw, jobs):
    """The open ones, some that ended and are not yet settled, some that the store does not know yet."""
    settled = draw(st.sets(st.sampled_from(sorted(jobs)), max_size=12))
    found = []
    for job in jobs.values():
        if not job.has_ended or job.id in settled:
            stage = draw(st.sampled_from(("same", "behind", "ahead")))
            if stage == "behind":
                job = changed(job, status=AsyncJobStatus.RUNNING, ended=None, error=None, progress=3)
            elif stage == "ahead" and not job.has_ended:
                error = JobError("drive_removed", "")
                job = changed(job, status=AsyncJobStatus.FAILED, ended=MORNING + timedelta(hours=1), error=error)
            found.append(job)
    for job_id in draw(st.sets(st.integers(81, 95), max_size=5)):
        name, slot_id = draw(st.sampled_from(NAMES)), draw(st.integers(1, 3))
        found.append(AsyncJob(job_id, name, 1, slot_id, drive=drive(1), accepted=MORNING))
    return draw(st.permutations(found))


@pytest.mark.timeout(900 if FULL else 120)
@settings(max_examples=5_000 if FULL else 300, deadline=None)
@given(data=st.data(), info=infos())
def test_a_list_is_what_it_would_be_if_all_were_in_memory(kept, data, info):
    store, jobs = kept
    live = data.draw(live_jobs(jobs))
    apart = {job.id for job in live}
    whole = [*live, *(job for job in jobs.values() if job.id not in apart)]
    assert store.select(info, live) == info.select(whole)


def test_pages_follow_each_other_by_the_last_id_and_miss_nothing(kept):
    store, jobs = kept
    live = [job for job in jobs.values() if not job.has_ended]
    for descending in (False, True):
        seen, after = [], None
        while page := store.select(ListInfo(limit=7, after_id=after, descending=descending), live).items:
            seen += [job.id for job in page]
            after = seen[-1]
        assert seen == sorted(jobs, reverse=descending)


def test_a_list_of_nothing_is_empty(tmp_path):
    store = SqliteStore(tmp_path / "history.db")
    assert store.select(ListInfo(name_starts_with="run_", serial="SN1", client_ref=1), []).total == 0
    store.close()


def test_another_process_lists_what_is_kept(kept):
    store, jobs = kept
    ended = [job for job in jobs.values() if job.has_ended]
    reader = SqliteStore.reader(store.path)
    info = ListInfo(order_by="ended", descending=True, limit=20)
    assert reader.select(info, []) == info.select(ended)
    reader.close()


FILTERS = {
    "name_starts_with": ("run_smart", "jobs_name"),
    "status": (AsyncJobStatus.COMPLETED, "jobs_status"),
    "client_ref": (-5, "jobs_client_ref"),
    "slot_id": (2, "jobs_slot_id"),
    "serial": ("SN1", "jobs_drive"),
}


@pytest.fixture
def plans(kept, monkeypatch):
    """What SQLite says of how it reads each page."""
    found = []
    run = queries.Query.run

    def explain(query, connection, **values):
        if "LIMIT" in query.sql:
            explained = queries.Query.__new__(queries.Query)
            explained.sql, explained._names = f"EXPLAIN QUERY PLAN {query.sql}", query._names
            explained._values = query._values
            found.append("; ".join(row[3] for row in run(explained, connection, **values)))
        return run(query, connection, **values)

    monkeypatch.setattr(queries.Query, "run", explain)
    return found


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_each_order_is_read_along_an_index_and_nothing_is_sorted(kept, plans, order, descending):
    kept[0].select(ListInfo(limit=5, order_by=order, descending=descending), [])
    (plan,) = plans
    assert "TEMP B-TREE" not in plan
    assert plan == ("SCAN jobs" if order == "id" else f"SCAN jobs USING INDEX jobs_{order}")


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_is_read_along_an_index(kept, plans, name):
    value, index = FILTERS[name]
    kept[0].select(ListInfo(**{name: value}), [])
    (plan,) = plans
    assert f"USING INDEX {index} " in plan
    assert "TEMP B-TREE" not in plan or name == "serial", "a drive's own jobs are few, and may be sorted"


def test_a_frequent_value_is_read_along_the_order_and_a_rare_one_along_its_own_index(tmp_path, plans):
    day = Day()
    for number in range(400):
        job_id = day.accept(1)
        if number == 200:
            day.fail(job_id)
        else:
            day.complete(job_id, reports=False)
    store = SqliteStore(tmp_path / "history.db")
    store.append(day.take())
    for status in (AsyncJobStatus.COMPLETED, AsyncJobStatus.FAILED):
        store.select(ListInfo(limit=5, status=status, order_by="ended"), [])
    store.close()
    assert plans[0] == "SCAN jobs USING INDEX jobs_ended"
    assert plans[1].startswith("SEARCH jobs USING INDEX jobs_status")


def test_the_indexes_are_those_of_the_lists(kept):
    store, _ = kept
    names = {
        name for (name,) in sqlite3.connect(store.path).execute("SELECT name FROM sqlite_master WHERE type='index'")
    }
    assert {f"jobs_{order}" for order in ORDERS if order != "id"} <= names
