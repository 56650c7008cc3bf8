"""What is appended is there, also for the next process: jobs, courses, stays, and where the numbers go on."""

import sqlite3

import pytest

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.drive import Drive
from orchestrator.model.errors import StoreUnusable
from orchestrator.model.history import EndedJob, OpenJob, Unfinished
from orchestrator.model.job import AsyncJobStatus, EventKind, changed
from orchestrator.model.plan import Course, Fits, Plan, Step
from orchestrator.model.slot import SlotState
from tests.adapters.store.days import FAIL, Day, drive


@pytest.fixture
def day():
    return Day()


def killed(store, path):
    """Another opening of what a killed process left: its memory and its locks are gone, its mark is as it was."""
    store._connection.close()
    store._readers.close()
    store._owner.release()
    return SqliteStore(path)


def test_a_new_store_holds_nothing_and_begins_at_one(store):
    assert store.unfinished() == Unfinished(next_job_id=1, number=0, sequence=0)
    assert store.last_number() == 0
    assert store.find(1) is None


def test_an_ended_job_is_found_whole_with_its_answer(store, day):
    job_id = day.accept(3, client_ref=-(2**63), parent_id=None)
    day.run(job_id)
    day.complete(job_id, answer='{"bad_lbas":[7]}', verdict=FAIL)
    store.append(day.take())
    assert store.find(job_id) == EndedJob(day.jobs[job_id], '{"bad_lbas":[7]}')
    assert store.last_number() == 3


def test_open_jobs_come_back_with_options_and_memo_and_ended_ones_do_not(opened, day):
    first, second, third = (day.accept(slot_id) for slot_id in (1, 2, 3))
    day.run(second)
    day.note(second)
    day.fail(third)
    opened().append(day.take())
    left = opened().unfinished()
    options = '{"kind":"short"}'
    assert left.jobs == (
        OpenJob(day.jobs[first], options, ""),
        OpenJob(day.jobs[second], options, '{"lba":4096}'),
    )
    assert (left.number, left.sequence, left.next_job_id) == (6, 5, 4)


def test_each_change_may_come_alone_and_the_record_is_the_last_one(opened, day):
    job_id = day.accept()
    day.run(job_id)
    day.put(job_id, status=AsyncJobStatus.PAUSED, reason="too hot")
    day.put(job_id, EventKind.MESSAGE, message="cools down")
    store = opened()
    for change in day.take():
        store.append((change,))
    assert store.find(job_id).job == opened().unfinished().jobs[0].job == day.jobs[job_id]


def test_what_is_kept_already_is_passed_over(store, day, path):
    day.accept()
    first = day.take()
    store.append(first)
    day.accept(2)
    store.append(first + day.take())
    store.append(first)
    assert store.last_number() == 2
    assert sqlite3.connect(path).execute("SELECT count(*) FROM changes").fetchone() == (2,)


def test_a_job_whose_acceptance_was_never_kept_is_kept_whole(store, day):
    job_id = day.accept()
    day.take()
    day.run(job_id)
    store.append(day.take())
    assert store.find(job_id).job == day.jobs[job_id]


def test_a_change_of_what_never_changes_is_kept_too(store, day):
    job_id = day.accept()
    store.append(day.take())
    day.put(job_id, drive=drive(9), client_ref=8)
    store.append(day.take())
    assert store.find(job_id).job == day.jobs[job_id]


def test_half_characters_are_kept_as_question_marks(store, day):
    job_id = day.accept(options='"\udce4"')
    day.put(job_id, EventKind.MESSAGE, message="liest \udce4 \u00e4")
    store.append(day.take())
    assert store.find(job_id).job.message == "liest ? \u00e4"


def test_an_append_of_nothing_writes_and_changes_nothing(store, day, path):
    day.accept()
    store.append(day.take())
    store.append(())
    assert store.last_number() == 1


def test_courses_come_back_by_slot_as_they_were_last(opened, day):
    plan = Plan("burn-in", (Step("run_smart_test", (("kind", "short"),)), Step("read_scan")), fits=Fits(model="ST*"))
    course = Course(17, plan, 3.25, (4, 5))
    day.course(2, Course(1))
    day.course(2, course)
    day.course(1, Course(0, why_over="no plan"))
    opened().append(day.take())
    left = opened().unfinished()
    assert left.courses == ((1, Course(0, why_over="no plan")), (2, course))
    assert left.next_job_id == 6, "a job that a course has named is not named again"


def test_what_was_in_each_slot_comes_back(opened, day):
    day.slot(1, drive(1))
    day.slot(2, drive(2))
    day.slot(2)
    day.slot(3, Drive("SN3"))
    opened().append(day.take())
    assert opened().unfinished().drives == ((1, drive(1)), (3, Drive("SN3")))


def test_a_stay_lasts_while_the_slot_cannot_be_seen_and_ends_when_it_is_empty_or_another_drive_is_there(
    opened, day, path
):
    store = opened()
    came = day.slot(1, drive(1)).time
    day.slot(1, drive(1), SlotState.BUSY)
    day.slot(1, None, SlotState.UNKNOWN)
    store.append(day.take())
    store = opened()
    day.slot(1, None, SlotState.STUCK)
    swapped = day.slot(1, drive(2)).time
    store.append(day.take())
    left = day.slot(1).time
    day.slot(1, drive(2))
    store.append(day.take())
    day_of = sqlite3.connect(path).execute(
        "SELECT serial, began, ended FROM stays JOIN drives ON drives.id = drive_id ORDER BY stays.id"
    )
    micros = [int(time.timestamp() * 1e6 + 0.5) for time in (came, swapped, left)]
    back = int(day.now.timestamp() * 1e6 + 0.5)
    assert day_of.fetchall() == [("SN1", micros[0], micros[1]), ("SN2", micros[1], micros[2]), ("SN2", back, None)]


def test_ids_go_on_after_a_close_exactly_and_after_a_kill_above_all_that_were_given(opened, day, path):
    store = opened()
    day.accept()
    store.append(day.take())
    assert opened().unfinished().next_job_id == 2
    store = opened()
    day.accept()
    store.append(day.take())
    killed(store, path).close()
    store = opened()
    assert store.unfinished().next_job_id > 2


def test_ids_go_on_growing_when_an_older_copy_is_restored(opened, day, path):
    store = opened()
    day.accept()
    store.append(day.take())
    store.close()
    old = path.read_bytes()
    store = opened()
    for _ in range(200):
        day.accept()
    store.append(day.take())
    after = killed(store, path)
    after.close()
    path.write_bytes(old)
    left = opened().unfinished()
    assert left.next_job_id > 201
    assert [kept.job.id for kept in left.jobs] == [1]


def test_one_store_has_one_writer(store, path):
    with pytest.raises(StoreUnusable, match="owned by process") as caught:
        SqliteStore(path)
    assert "a store of its own" in caught.value.remedy


def test_what_is_asked_is_answered_also_after_the_close(store, day):
    job_id = day.accept()
    store.append(day.take())
    store.close()
    assert store.find(job_id).job == day.jobs[job_id]


def test_another_thread_may_write_later(store, day):
    import threading

    day.accept()
    writing = threading.Thread(target=store.append, args=(day.take(),))
    writing.start()
    writing.join(10)
    assert store.last_number() == 1


def test_a_job_that_ended_and_changes_all_the_same_is_counted_once(opened, day):
    job_id = day.accept()
    day.fail(job_id)
    store = opened()
    store.append(day.take())
    day.jobs[job_id] = changed(day.jobs[job_id], status=AsyncJobStatus.COMPLETED, error=None)
    day.put(job_id, EventKind.MESSAGE, message="late news")
    store.append(day.take())
    assert store.find(job_id).job == day.jobs[job_id]
    assert dict(opened()._writer.memory.tallies) == {("run_smart_test", 1, AsyncJobStatus.COMPLETED): 1}
