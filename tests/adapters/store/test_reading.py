"""What can be asked of a store: counts, one drive's life, one job's course, and answers, by whoever may read it."""

import pytest

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.drive import Drive
from orchestrator.model.errors import StoreUnavailable, StoreUnusable
from orchestrator.model.history import AFTER, BEFORE, Change, Row, Stay
from orchestrator.model.job import AsyncJobStatus, EventKind
from tests.adapters.store.days import FAIL, Day, drive


@pytest.fixture
def day():
    return Day()


def self_tested(day, slot_id=1, **more):
    job_id = day.accept(slot_id, **more)
    day.run(job_id)
    day.complete(job_id)
    return job_id


def test_ended_jobs_are_counted_by_name_slot_and_status_and_open_ones_are_not(opened, day):
    self_tested(day)
    self_tested(day)
    day.fail(day.accept(2, name="read_scan"))
    day.accept(3)
    store = opened()
    store.append(day.take())
    counts = {
        ("run_smart_test", 1, AsyncJobStatus.COMPLETED): 2,
        ("read_scan", 2, AsyncJobStatus.FAILED): 1,
    }
    assert dict(store.counts()) == counts
    assert SqliteStore.reader(store.path).counts() == counts
    assert dict(opened().counts()) == counts


def test_who_walks_over_the_counts_is_not_disturbed_by_new_ones(store, day):
    self_tested(day)
    store.append(day.take())
    walk = iter(store.counts().items())
    self_tested(day, 2)
    store.append(day.take())
    assert list(walk) == [(("run_smart_test", 1, AsyncJobStatus.COMPLETED), 1)]
    assert len(store.counts()) == 2


def test_the_newest_answer_of_each_drive_of_a_model_is_given(store, day):
    for answer in ('{"mb_per_s":1}', '{"mb_per_s":2}'):
        day.complete(day.accept(1, name="read_scan"), answer=answer)
    day.fail(day.accept(1, name="read_scan"))
    day.complete(day.accept(2, name="read_scan"), answer='{"mb_per_s":3}')
    day.complete(day.accept(3, name="read_scan", drive=drive(3, model="Model B")), answer="{}")
    self_tested(day, 4)
    store.append(day.take())
    assert store.answers("read_scan", "Model A") == (("SN1", '{"mb_per_s":2}'), ("SN2", '{"mb_per_s":3}'))
    assert store.answers("read_scan", "Model C") == ()


def test_a_drives_history_tells_its_stays_jobs_and_trends_over_all_slots(store, day):
    came = day.slot(1, drive(1)).time
    first = self_tested(day, 1)
    left = day.slot(1).time
    back = day.slot(2, drive(1)).time
    second = day.accept(2, drive=drive(1), name="read_scan")
    self_tested(day, 3)
    store.append(day.take())
    (found,) = store.history("SN1")
    assert found.drive == drive(1)
    assert found.stays == (Stay(2, "A2", back, None), Stay(1, "A1", came, left))
    assert found.jobs == (day.jobs[second], day.jobs[first])
    assert found.total_jobs == 2
    assert [(sample.job_id, sample.moment) for sample in found.samples] == [(first, BEFORE), (first, AFTER)]
    assert [dict(sample.values)["attribute_197_raw"] for sample in found.samples] == [0.0, 8.0]


def test_a_history_is_bounded_and_tells_the_newest(store, day):
    ids = [self_tested(day) for _ in range(5)]
    store.append(day.take())
    (found,) = store.history("SN1", jobs=2, samples=3)
    assert [job.id for job in found.jobs] == ids[:2:-1]
    assert found.total_jobs == 5
    assert [(sample.job_id, sample.moment) for sample in found.samples] == [(4, AFTER), (5, BEFORE), (5, AFTER)]


def test_two_drives_of_one_serial_number_are_two_histories(store, day):
    self_tested(day, 1)
    self_tested(day, 2, drive=drive(1, model="Model B"))
    store.append(day.take())
    assert [found.drive.model for found in store.history("SN1")] == ["Model A", "Model B"]
    assert store.history("SN9") == ()


def test_a_jobs_history_tells_every_change_and_what_its_drive_said(store, day):
    job_id = day.accept()
    day.run(job_id)
    end = day.complete(job_id, verdict=FAIL)
    store.append(day.take())
    found = store.job_history(job_id)
    assert (found.job, found.options, found.answer) == (day.jobs[job_id], '{"kind":"short"}', "true")
    assert [(row.kind, row.who) for row in found.rows] == [
        (EventKind.ACCEPTED, "api"),
        (EventKind.STATUS, "slot"),
        (EventKind.STATUS, "slot"),
    ]
    job = day.jobs[job_id]
    assert found.rows[1].changes == (
        ("status", 2),
        ("progress", 0),
        ("message", "reads"),
        ("started", job.started.isoformat()),
    )
    assert found.rows[2] == Row(
        end.number,
        end.time,
        EventKind.STATUS,
        "slot",
        "",
        (
            ("status", 4),
            ("progress", 100),
            ("message", ""),
            ("ended", job.ended.isoformat()),
            ("verdict", {"status": "fail", "reasons": [{
                "rule": "health", "text": "its health line says FAILED", "value": "FAILED", "limit": "PASSED",
                "source": "line 9"}]}),
            ("answer", "true"),
        ),
    )  # fmt: skip
    assert found.deltas == (("attribute_197_raw", 0.0, 8.0),)
    assert store.job_history(99) is None


def test_the_tools_own_document_is_given_unpacked(store, day):
    job_id = self_tested(day)
    store.append(day.take())
    assert store.raw_report(job_id, AFTER) == b"after"
    assert store.raw_report(job_id, "never") == b""
    assert store.raw_report(99, AFTER) == b""


def test_the_next_process_knows_every_drive_and_when_its_own_last_self_test_was_completed(opened, day):
    self_tested(day)
    second = self_tested(day)
    day.fail(day.accept())
    self_tested(day, name="read_scan")
    self_tested(day, 2, drive=drive(1, model="Model B"))
    day.slot(3, drive(3))
    opened().append(day.take())
    known = dict(opened().unfinished().known)
    assert known[drive(1)] == day.jobs[second].ended
    assert known[drive(3)] is None
    assert Drive("SN1") not in known, "another drive of that serial number"


def test_ids_that_never_were_are_not_found_and_not_missed(store):
    for job_id in (0, -1, 5, 2**70, "1"):
        assert store.find(job_id) is None
    assert store.why_missing(5) == ""


def test_a_reader_sees_what_the_owner_writes_afterwards(store, day):
    reader = SqliteStore.reader(store.path)
    job_id = self_tested(day)
    store.append(day.take())
    assert reader.find(job_id).job == day.jobs[job_id]
    assert reader.why_missing(job_id + 1) == reader.why_missing(0) == ""
    reader.close()


def test_a_reader_makes_nothing(path):
    with pytest.raises(StoreUnusable, match="no history at"):
        SqliteStore.reader(path)
    path.parent.mkdir()
    path.touch()
    with pytest.raises(StoreUnusable, match="is empty"):
        SqliteStore.reader(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_reader_changes_nothing_where_the_owner_has_closed(opened, day, path):
    job_id = self_tested(day)
    opened().append(day.take())
    opened().close()
    before = path.read_bytes()
    reader = SqliteStore.reader(path)
    assert reader.find(job_id).job == day.jobs[job_id]
    reader.close()
    assert path.read_bytes() == before


def test_a_store_that_is_taken_away_is_said_so_and_answers_when_it_is_back(opened, day, path):
    job_id = self_tested(day)
    opened().append(day.take())
    opened().close()
    reader = SqliteStore.reader(path)
    away = path.rename(path.with_name("away"))
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        reader.find(job_id)
    away.rename(path)
    assert reader.find(job_id).job == day.jobs[job_id]


def test_many_threads_may_ask_while_one_writes(store, day):
    from concurrent.futures import ThreadPoolExecutor

    job_id = self_tested(day)
    store.append(day.take())

    def ask(_: int) -> bool:
        (found,) = store.history("SN1")
        return store.find(job_id).job in found.jobs and sum(store.counts().values()) >= 1

    def write(change: Change) -> bool:
        store.append((change,))
        return True

    for _ in range(30):
        self_tested(day)
    with ThreadPoolExecutor(6) as asking, ThreadPoolExecutor(1) as writing:
        written = writing.map(write, day.take())
        assert all(asking.map(ask, range(120)))
        assert all(written)
    assert store.history("SN1")[0].total_jobs == 31
