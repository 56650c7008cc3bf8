"""Live events from another machine: what is told, what a broken connection costs, and how they end."""

import threading

import pytest

from orchestrator import AsyncJobStatus, EventKind, SlotState, errors
from tests.remote.conftest import ByHttp
from tests.remote.wire import Wire
from tests.web.conftest import SOON, until

S = AsyncJobStatus


@pytest.fixture
def wire(slow_near, served):
    with served.over(slow_near) as url:
        wire = Wire(url)
        yield wire
        wire.pull()


@pytest.fixture
def far(slow_near, wire):
    with ByHttp(wire.url, slow_near) as rack:
        yield rack


def until_ended(events, job_id):
    seen = []
    for event in events:
        seen.append(event)
        if event.job is not None and event.job.id == job_id and event.job.has_ended:
            return seen
    raise AssertionError(f"the events ended before job {job_id} did")


def test_a_jobs_life_is_told_in_order_to_its_end(slow_rack):
    follow = slow_rack.events()
    job_id = slow_rack.start("walk", 1, 1, steps=40, pace_s=2.0)
    seen = [event for event in until_ended(follow, job_id) if event.job is not None]
    assert seen[0].kind in (EventKind.ACCEPTED, EventKind.STATUS)
    assert (seen[-1].kind, seen[-1].job.status) == (EventKind.STATUS, S.COMPLETED)
    moved = [event for event in seen if event.kind is EventKind.PROGRESS]
    assert moved and all(event.job.status is S.RUNNING and event.job.drive for event in moved)
    progress = [event.job.progress for event in seen]
    assert progress == sorted(progress)
    sequences = [event.sequence for event in seen]
    assert sequences == sorted(sequences) and seen[-1].time.tzinfo is not None


def test_events_begin_at_the_call_and_not_when_they_are_first_asked_for(slow_rack):
    follow = slow_rack.events()
    job_id = slow_rack.read_health(1, 1)
    slow_rack.wait([job_id], timeout=SOON)
    assert {event.job.id for event in until_ended(follow, job_id) if event.job} == {job_id}


def test_events_of_slots_tell_that_a_drive_left(slow_rack):
    follow = slow_rack.events()
    slow_rack.simulation.pull(2)
    gone = next(event for event in follow if event.slot is not None and event.slot.state is SlotState.EMPTY)
    assert (gone.kind, gone.slot.id, gone.slot.drive) == (EventKind.SLOT, 2, None)


def test_a_broken_connection_is_taken_up_again_and_nothing_is_missed(far, wire):
    follow = far.events()
    first = far.read_health(1, 1)
    until_ended(follow, first)
    wire.pull()
    wire.plug()
    second = far.read_health(1, 2)
    far.wait([second], timeout=SOON)
    seen = until_ended(follow, second)
    assert EventKind.GAP not in [event.kind for event in seen]


def test_a_connection_that_does_not_come_back_is_told(far, wire):
    follow = far.events()
    far.timeout = 0.2
    wire.pull()
    with pytest.raises(errors.Unreachable):
        for _ in follow:  # what had come before
            pass
    wire.plug()


def test_who_comes_back_gets_what_came_since(slow_rack):
    follow = slow_rack.events()
    first = slow_rack.read_health(1, 1)
    last = until_ended(follow, first)[-1]
    second = slow_rack.read_health(1, 2)
    slow_rack.wait([second], timeout=SOON)
    again = until_ended(slow_rack.events(after=last.sequence), second)
    assert {event.job.id for event in again if event.job} <= {first, second}


def test_what_is_behind_any_event_is_told_again_or_for_the_first_time(slow_rack):
    """Several that came together may share a number: whoever goes on behind the first of them misses none."""
    follow = slow_rack.events()
    ids = [slow_rack.read_health(1, slot_id) for slot_id in (1, 2, 3)]
    slow_rack.wait(ids, timeout=SOON)
    first = next(follow)
    found = set[int]()
    for event in slow_rack.events(after=first.sequence):
        if event.job is not None and event.job.has_ended:
            found.add(event.job.id)
        if found == set(ids) - {first.job.id if first.job else 0} or found == set(ids):
            break
    assert found


def test_the_number_of_another_life_of_the_service_is_a_gap(slow_rack):
    slow_rack.wait([slow_rack.read_health(1, 1)], timeout=SOON)
    slow_rack._life = "00000000"  # as it stands after a restart of the service
    assert next(slow_rack.events(after=3)).kind is EventKind.GAP


@pytest.mark.parametrize("where", ["here", "there"])
def test_events_end_when_the_rack_is_closed(slow_rack, slow_near, where):
    follow, seen = slow_rack.events(), []
    reader = threading.Thread(target=lambda: seen.extend(follow))
    reader.start()
    (slow_rack if where == "here" else slow_near).close()
    reader.join(SOON)
    assert not reader.is_alive()


def test_tables_follow_the_rack(slow_rack):
    tables = slow_rack.follow()
    assert tables.slots() == slow_rack.slots() and tables.is_simulated and tables.open_jobs() == ()
    job_id = slow_rack.start("walk", 1, 2, steps=100, pace_s=2.0)
    until(lambda: [job.id for job in tables.open_jobs()] == [job_id] and tables.open_jobs()[0].progress > 0)
    until(lambda: tables.slots()[1].state is SlotState.BUSY)
    assert tables.get_job_status(job_id).status is S.RUNNING
    slow_rack.cancel_job(job_id)
    until(lambda: tables.open_jobs() == ())
    assert tables.get_job_status(job_id).status is S.FAILED
    slow_rack.close()
    assert tables.over.wait(SOON)
