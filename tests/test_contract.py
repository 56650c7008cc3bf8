"""The contract: what a harness may rely on, whichever face of the API it talks to.

    tests/test_contract.py                      Python, in this process
    tests/remote/test_contract.py               the HTTP client
    tests/remote/test_contract_by_command.py    the command line

Everything here goes through the facade's public names and, for what happens to drives, through its simulation.
"""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from orchestrator import AsyncJobStatus, EventKind, ListInfo, OpenedBy, Rack, SlotState, VerdictStatus, errors
from tests.simulation.racks import stumble, two_steps, walk

S = AsyncJobStatus
SOON = 20.0  # host seconds that an end may take on a slow machine


@pytest.fixture
def rack():
    """Three slots in which a short self-test takes about a millisecond."""
    with Rack.simulated(slots=3, speed=100_000.0, seed=7) as rack:
        yield rack


@pytest.fixture
def slow_rack():
    """Three slots in which an extended self-test outlasts any test."""
    with Rack.simulated(slots=3, speed=100.0, seed=7) as rack:
        yield rack


def until(condition, what="it", timeout=SOON):
    """Wait for a state that comes without an event of its own."""
    pause, end = threading.Event(), time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {timeout} s"
        pause.wait(0.002)


def is_running(rack, job_id):
    return lambda: rack.get_job_status(job_id).status is S.RUNNING


# -- a function becomes two


def test_a_start_gives_a_new_id_at_once(slow_rack):
    began = time.monotonic()
    first = slow_rack.run_smart_test(1, 1, kind="extended")
    second = slow_rack.run_smart_test(1, 2, kind="extended")
    assert time.monotonic() - began < 5
    assert type(first) is int and second > first


def test_a_sound_drive_is_ok(rack):
    job_id = rack.run_smart_test(client_ref=1, slot_id=3)
    assert rack.run_smart_test_result(job_id, timeout=SOON) is True
    assert rack.get_job_status(job_id).verdict.status is VerdictStatus.PASS


@pytest.mark.parametrize("kind", ["short", "extended"])
def test_a_drive_that_fails_its_self_test_is_not_ok_and_says_where(rack, kind):
    rack.simulation.inject(2, "self_test_failure")
    job_id = rack.run_smart_test(1, 2, kind=kind)
    assert rack.run_smart_test_result(job_id, timeout=SOON) is False
    verdict = rack.get_job_status(job_id).verdict
    assert verdict.status is VerdictStatus.FAIL
    assert any("LBA" in reason.text for reason in verdict.reasons)


def test_a_drive_that_calls_itself_failing_is_not_ok_though_its_self_test_passed(rack):
    rack.simulation.inject(2, "health_failed")
    job_id = rack.run_smart_test(1, 2)
    assert rack.run_smart_test_result(job_id, timeout=SOON) is False


@pytest.mark.parametrize("fault", ["unreadable", "garbage"])
def test_a_drive_that_cannot_be_read_has_no_answer_and_is_never_called_bad(rack, fault):
    rack.simulation.inject(1, fault)
    job_id = rack.run_smart_test(1, 1)
    with pytest.raises(errors.NoAnswer):
        rack.run_smart_test_result(job_id, timeout=SOON)
    job = rack.get_job_status(job_id)
    assert job.status is S.FAILED and job.verdict is None and job.error.code


def test_another_serial_in_the_drives_place_is_drive_changed(rack):
    rack.simulation.inject(1, "wrong_serial")
    job_id = rack.run_smart_test(1, 1)
    with pytest.raises(errors.DriveChanged):
        rack.run_smart_test_result(job_id, timeout=SOON)


def test_health_is_a_verdict_with_reasons(rack):
    good, bad = rack.read_health(1, 1), None
    rack.simulation.inject(2, "health_failed")
    bad = rack.read_health(1, 2)
    assert rack.read_health_result(good, timeout=SOON).status is VerdictStatus.PASS
    verdict = rack.read_health_result(bad, timeout=SOON)
    assert verdict.status is VerdictStatus.FAIL and verdict.reasons[0].text
    assert rack.get_job_status(bad).verdict == verdict


def test_reading_a_result_does_not_destroy_it(rack):
    job_id = rack.run_smart_test(1, 1)
    answers = [rack.run_smart_test_result(job_id, timeout=SOON) for _ in range(3)]
    assert answers == [True, True, True]


def test_many_may_wait_for_one_result(slow_rack):
    job_id = slow_rack.start(walk, 1, 1, steps=100, pace_s=1.0)
    answers = []
    waiting = [
        threading.Thread(target=lambda: answers.append(slow_rack.result(walk, job_id, SOON)), daemon=True)
        for _ in range(5)
    ]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join(SOON)
    assert answers == [100] * 5


# -- what a start refuses


@pytest.mark.parametrize("client_ref", [0, -1, 2**63 - 1, -(2**63)])
def test_the_client_ref_is_echoed(rack, client_ref):
    job_id = rack.read_health(client_ref, 1)
    assert rack.get_job_status(job_id).client_ref == client_ref


@pytest.mark.parametrize("client_ref", [2**63, -(2**63) - 1, None, True])
def test_any_other_client_ref_is_invalid(rack, client_ref):
    with pytest.raises(errors.InvalidArgument):
        rack.read_health(client_ref, 1)
    assert rack.get_jobs_list().total == 0


@pytest.mark.parametrize("slot_id", [0, 4, -1])
def test_a_slot_that_is_not_there_is_unknown(rack, slot_id):
    with pytest.raises(errors.UnknownSlot):
        rack.run_smart_test(1, slot_id)


@pytest.mark.parametrize("slot_id", ["1", None, True, 1.0, [1]])
def test_a_slot_id_of_another_type_is_unknown(rack, slot_id):
    with pytest.raises(errors.UnknownSlot):
        rack.run_smart_test(1, slot_id)


def test_a_number_of_another_type_is_invalid(rack):
    for client_ref in (1.0, "1"):
        with pytest.raises(errors.InvalidArgument):
            rack.read_health(client_ref, 1)
    with pytest.raises(errors.InvalidArgument):
        rack.run_smart_test(1, 1, poll_s="15")


def test_an_empty_slot_is_refused_at_the_start(rack):
    rack.simulation.pull(2)
    until(lambda: rack.slots()[1].state is SlotState.EMPTY)
    with pytest.raises(errors.SlotEmpty):
        rack.run_smart_test(1, 2)


@pytest.mark.parametrize("options", [{"kind": "captive"}, {"kind": 1}, {"kind": None}, {"poll_s": 0}, {"poll_s": 1e9}])
def test_an_option_out_of_its_range_is_invalid(rack, options):
    with pytest.raises(errors.InvalidArgument) as caught:
        rack.run_smart_test(1, 1, **options)
    assert next(iter(options)) in str(caught.value)


def test_an_option_the_operation_does_not_take_is_invalid(rack):
    with pytest.raises(errors.InvalidArgument, match="depth"):
        rack.start("run_smart_test", 1, 1, depth=3)


def test_an_operation_nobody_declared_is_unknown(rack):
    with pytest.raises(errors.UnknownOperation, match="run_smart_tset"):
        rack.start("run_smart_tset", 1, 1)
    with pytest.raises(AttributeError):
        rack.run_smart_tset(1, 1)


# -- how a result is asked for


def test_a_result_checks_the_job_and_then_the_time(slow_rack):
    job_id = slow_rack.run_smart_test(1, 1, kind="extended")
    with pytest.raises(errors.UnknownJob):
        slow_rack.run_smart_test_result(job_id + 1000, timeout=0)
    with pytest.raises(errors.JobNotFinished):
        slow_rack.run_smart_test_result(job_id, timeout=0)


def test_a_result_checks_the_operation_between_the_two(slow_rack):
    job_id = slow_rack.run_smart_test(1, 1, kind="extended")
    with pytest.raises(errors.UnknownJob):
        slow_rack.read_health_result(job_id + 1000, timeout=0)
    with pytest.raises(errors.WrongOperation):
        slow_rack.read_health_result(job_id, timeout=0)


def test_job_not_finished_is_a_timeout_error_and_ends_nothing(slow_rack):
    job_id = slow_rack.run_smart_test(1, 1, kind="extended")
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        slow_rack.run_smart_test_result(job_id, timeout=0.05)
    assert time.monotonic() - began >= 0.05
    assert slow_rack.get_job_status(job_id).status in (S.INIT, S.RUNNING)


@pytest.mark.parametrize("job_id", [0, -1, 99])
def test_a_job_nobody_opened_is_unknown(rack, job_id):
    for ask in (rack.get_job_status, rack.cancel_job, rack.pause_job, rack.resume_job, rack.run_smart_test_result):
        with pytest.raises(errors.UnknownJob):
            ask(job_id)


@pytest.mark.parametrize("job_id", ["1", None, [1]])
def test_a_job_id_of_another_type_is_unknown(rack, job_id):
    for ask in (rack.get_job_status, rack.cancel_job, rack.pause_job, rack.resume_job, rack.run_smart_test_result):
        with pytest.raises(errors.UnknownJob):
            ask(job_id)


# -- what a job says of itself


def test_a_job_tells_what_it_is(slow_rack):
    before = datetime.now(UTC)
    job_id = slow_rack.run_smart_test(42, 2, kind="extended")
    until(lambda: slow_rack.get_job_status(job_id).progress >= 0)
    job, slot = slow_rack.get_job_status(job_id), slow_rack.slots()[1]
    assert (job.id, job.name, job.client_ref, job.slot_id) == (job_id, "run_smart_test", 42, 2)
    assert (job.status, job.opened_by, job.attempt, job.parent_id) == (S.RUNNING, OpenedBy.API, 1, None)
    assert job.drive == slot.drive and job.drive.serial and job.drive.capacity_bytes > 0
    assert before <= job.accepted <= job.started and job.ended is None
    assert job.eta > job.started and 0 <= job.progress <= 99
    assert job.error is None and job.verdict is None


def test_a_completed_job_stands_at_100_and_an_ended_one_has_its_times(rack):
    good, bad = rack.read_health(1, 1), None
    rack.simulation.inject(2, "unreadable")
    bad = rack.read_health(1, 2)
    done, failed = rack.wait([good, bad], timeout=SOON)
    assert (done.status, done.progress, failed.status) == (S.COMPLETED, 100, S.FAILED)
    for job in (done, failed):
        assert timedelta(0) <= job.ended - job.started < timedelta(minutes=1)


def test_a_record_never_changes_under_its_reader(slow_rack):
    job_id = slow_rack.run_smart_test(1, 1, kind="extended")
    job = slow_rack.get_job_status(job_id)
    with pytest.raises(AttributeError):
        job.status = S.COMPLETED
    slow_rack.cancel_job(job_id)
    slow_rack.wait([job_id], timeout=SOON)
    assert job.status in (S.INIT, S.RUNNING)


# -- lists


@pytest.fixture
def listed(rack):
    ids = [rack.run_smart_test(ref, slot) for ref, slot in ((1, 1), (2, 2), (1, 3))] + [rack.read_health(2, 1)]
    rack.wait(ids, timeout=SOON)
    rack.ids = ids
    return rack


def test_a_list_without_criteria_has_every_job_by_id(listed):
    found = listed.get_jobs_list(ListInfo())
    assert [job.id for job in found] == listed.ids
    assert (found.total, found.offset, found.limit, len(found.items)) == (4, 0, -1, 4)
    assert listed.get_jobs_list().items == found.items


def test_the_jobs_are_counted_by_status(listed):
    assert listed.counts() == {S.COMPLETED: 4}


@pytest.mark.parametrize(
    ("criteria", "places"),
    [
        ({"name_starts_with": "run_"}, [0, 1, 2]),
        ({"name_starts_with": "RUN_"}, []),
        ({"name_starts_with": "%"}, []),
        ({"status": S.COMPLETED}, [0, 1, 2, 3]),
        ({"status": S.PAUSED}, []),
        ({"client_ref": 1}, [0, 2]),
        ({"slot_id": 1}, [0, 3]),
        ({"slot_id": 1, "client_ref": 2}, [3]),
        ({"serial": "nobody's"}, []),
        ({"descending": True}, [3, 2, 1, 0]),
        ({"order_by": "slot_id"}, [0, 3, 1, 2]),
        ({"order_by": "name", "descending": True}, [2, 1, 0, 3]),
    ],
)
def test_all_criteria_must_match(listed, criteria, places):
    found = listed.get_jobs_list(ListInfo(**criteria))
    assert [job.id for job in found] == [listed.ids[n] for n in places]
    assert found.total == len(places)


@pytest.mark.parametrize(
    ("offset", "limit", "places"),
    [(0, 2, [0, 1]), (1, 2, [1, 2]), (3, 5, [3]), (9, 5, []), (2, -1, [2, 3]), (0, 0, [])],
)
def test_a_part_of_a_list_knows_how_many_there_are(listed, offset, limit, places):
    found = listed.get_jobs_list(ListInfo(offset=offset, limit=limit))
    assert [job.id for job in found] == [listed.ids[n] for n in places]
    assert (found.total, found.offset, found.limit) == (4, offset, limit)


@pytest.mark.parametrize(
    "wrong", [{"offset": -1}, {"limit": -2}, {"offset": 1.0}, {"order_by": "mood"}, {"status": 9}, {"limit": True}]
)
def test_a_list_that_makes_no_sense_is_invalid(wrong):
    with pytest.raises(errors.InvalidArgument):
        ListInfo(**wrong)


# -- cancel, pause, resume


def test_a_cancelled_job_is_failed_and_its_drive_is_free_again(slow_rack):
    job_id = slow_rack.run_smart_test(1, 1, kind="extended")
    until(lambda: slow_rack.get_job_status(job_id).progress >= 0)
    assert slow_rack.cancel_job(job_id).id == job_id
    with pytest.raises(errors.JobCancelled):
        slow_rack.run_smart_test_result(job_id, timeout=SOON)
    assert slow_rack.simulation.drive(1).running_kind() is None, "the drive's own self-test goes on"
    assert slow_rack.result("read_health", slow_rack.read_health(1, 1), SOON).status is VerdictStatus.PASS


def test_a_queued_job_is_cancelled_without_its_turn(slow_rack):
    running, queued = (slow_rack.run_smart_test(1, 1, kind="extended") for _ in range(2))
    slow_rack.cancel_job(queued)
    (job,) = slow_rack.wait([queued], timeout=SOON)
    assert job.status is S.FAILED and job.error.code == "job_cancelled" and job.started is None
    assert not slow_rack.get_job_status(running).has_ended


def test_control_changes_no_ended_job(rack):
    job_id = rack.read_health(1, 1)
    (ended,) = rack.wait([job_id], timeout=SOON)
    assert rack.cancel_job(job_id) == rack.pause_job(job_id) == rack.resume_job(job_id) == ended
    assert rack.get_job_status(job_id) == ended


def test_a_hanging_drive_can_be_cancelled(rack):
    rack.simulation.inject(1, "hang")
    job_id = rack.run_smart_test(1, 1)
    until(is_running(rack, job_id))
    rack.cancel_job(job_id)
    with pytest.raises(errors.JobCancelled):
        rack.run_smart_test_result(job_id, timeout=11)


def test_a_job_that_waits_for_its_turn_cannot_pause(slow_rack):
    slow_rack.start(walk, 1, 1, steps=1000)
    queued = slow_rack.start(walk, 1, 1)
    with pytest.raises(errors.NotPausable):
        slow_rack.pause_job(queued)


def test_an_operation_that_cannot_pause_says_so_at_once(slow_rack):
    job_id = slow_rack.run_smart_test(1, 1, kind="extended")
    until(is_running(slow_rack, job_id))
    with pytest.raises(errors.NotPausable):
        slow_rack.pause_job(job_id)


def test_a_paused_job_stands_still_and_goes_on(slow_rack):
    job_id = slow_rack.start(walk, 1, 1, steps=30, pace_s=1.0)
    until(is_running(slow_rack, job_id))
    slow_rack.pause_job(job_id)
    until(lambda: slow_rack.get_job_status(job_id).status is S.PAUSED)
    assert slow_rack.get_job_status(job_id).reason
    assert slow_rack.pause_job(job_id).status is S.PAUSED
    slow_rack.resume_job(job_id)
    assert slow_rack.result(walk, job_id, SOON) == 30


def test_a_paused_job_can_be_cancelled(slow_rack):
    job_id = slow_rack.start(walk, 1, 1, steps=1000)
    until(is_running(slow_rack, job_id))
    slow_rack.pause_job(job_id)
    until(lambda: slow_rack.get_job_status(job_id).status is S.PAUSED)
    slow_rack.cancel_job(job_id)
    with pytest.raises(errors.JobCancelled):
        slow_rack.result(walk, job_id, SOON)


# -- slots are independent, and do one job after another


def test_one_job_runs_in_a_slot_and_the_rest_wait_in_order(rack):
    ids = [rack.start(walk, 1, 1, steps=2, pace_s=500.0) for _ in range(4)]
    jobs = rack.wait(ids, timeout=SOON)
    for earlier, later in pairwise(jobs):
        assert earlier.ended <= later.started


def test_a_job_that_waits_for_its_turn_says_why(slow_rack):
    running, queued = (slow_rack.run_smart_test(1, 1, kind="extended") for _ in range(2))
    until(lambda: slow_rack.get_job_status(queued).reason)
    assert slow_rack.get_job_status(queued).status is S.INIT
    slow_rack.cancel_job(running)
    until(is_running(slow_rack, queued))
    assert slow_rack.get_job_status(queued).reason == ""


def test_a_sick_slot_delays_no_other(rack):
    rack.simulation.inject(1, "hang")
    hanging = [rack.run_smart_test(1, 1) for _ in range(3)]
    others = [rack.run_smart_test(1, slot) for slot in (2, 3)]
    assert all(rack.run_smart_test_result(job_id, timeout=SOON) for job_id in others)
    assert not any(rack.get_job_status(job_id).has_ended for job_id in hanging)


def test_the_slots_tell_what_is_in_them(slow_rack):
    job_id = slow_rack.run_smart_test(1, 2, kind="extended")
    slow_rack.simulation.pull(3)
    until(lambda: slow_rack.slots()[2].state is SlotState.EMPTY)
    until(is_running(slow_rack, job_id))
    ready, busy, empty = slow_rack.slots()
    assert [ready.id, busy.id, empty.id] == [1, 2, 3] and ready.label
    assert (ready.state, busy.state, empty.state) == (SlotState.READY, SlotState.BUSY, SlotState.EMPTY)
    assert (ready.job, busy.job, empty.job, empty.drive) == (None, job_id, None, None)
    assert ready.drive.serial != busy.drive.serial and ready.drive.protocol


# -- drives come and go


def test_a_drive_pulled_in_mid_test_fails_the_job_and_judges_nothing(slow_rack):
    running, queued = (slow_rack.run_smart_test(1, 3, kind="extended") for _ in range(2))
    until(is_running(slow_rack, running))
    slow_rack.simulation.pull(3)
    for job_id in (running, queued):
        with pytest.raises(errors.DriveRemoved):
            slow_rack.run_smart_test_result(job_id, timeout=SOON)
        job = slow_rack.get_job_status(job_id)
        assert job.status is S.FAILED and job.verdict is None


def test_the_next_drive_in_the_slot_is_another_and_has_jobs_of_its_own(rack):
    before = rack.slots()[0].drive
    rack.simulation.pull(1)
    rack.simulation.insert(1)
    until(lambda: rack.slots()[0].drive not in (before, None))
    job_id = rack.run_smart_test(1, 1)
    assert rack.run_smart_test_result(job_id, timeout=SOON) is True
    assert rack.get_job_status(job_id).drive.serial != before.serial


def test_a_pulled_drive_can_come_back_by_its_serial(rack):
    serial = rack.simulation.pull(1)
    until(lambda: rack.slots()[0].state is SlotState.EMPTY)
    assert rack.simulation.insert(1, serial=serial) == serial
    until(lambda: rack.slots()[0].state is SlotState.READY)
    assert rack.slots()[0].drive.serial == serial


def test_the_same_seed_gives_the_same_rack():
    def drives(seed):
        with Rack.simulated(slots=24, seed=seed) as rack:
            return [slot.drive for slot in rack.slots()]

    assert drives(5) == drives(5) != drives(6)
    assert len({drive.serial for drive in drives(5)}) == 24


# -- children


def test_an_operations_steps_are_children_in_its_turn(rack):
    job_id = rack.start(two_steps, 5, 1, pace_s=100.0)
    assert rack.result(two_steps, job_id, SOON) is True
    parent, first, second = rack.get_jobs_list(ListInfo(slot_id=1))
    assert [first.name, second.name] == ["walk", "run_smart_test"]
    for child in (first, second):
        assert (child.parent_id, child.opened_by, child.client_ref) == (parent.id, OpenedBy.RECIPE, 5)
        assert parent.started <= child.started <= child.ended <= parent.ended


def test_a_child_runs_while_its_parent_does(slow_rack):
    parent = slow_rack.start(walk, 1, 1, steps=1000)
    until(is_running(slow_rack, parent))
    child = slow_rack.read_health(1, 1, parent=parent)
    assert slow_rack.read_health_result(child, timeout=SOON).status is VerdictStatus.PASS
    assert slow_rack.get_job_status(parent).status is S.RUNNING


def test_when_a_parent_ends_its_children_end(slow_rack):
    parent = slow_rack.start(walk, 1, 1, steps=1000)
    until(is_running(slow_rack, parent))
    running, queued = (slow_rack.run_smart_test(1, 1, kind="extended", parent=parent) for _ in range(2))
    until(is_running(slow_rack, running))
    slow_rack.cancel_job(parent)
    for job in slow_rack.wait([parent, running, queued], timeout=SOON):
        assert job.status is S.FAILED and job.error.code == "job_cancelled"


def test_only_a_running_job_of_the_same_slot_can_be_a_parent(slow_rack):
    parent, queued = slow_rack.start(walk, 1, 1, steps=1000), slow_rack.start(walk, 1, 1)
    until(is_running(slow_rack, parent))
    with pytest.raises(errors.InvalidArgument):
        slow_rack.read_health(1, 2, parent=parent)
    with pytest.raises(errors.InvalidArgument):
        slow_rack.read_health(1, 1, parent=queued)
    with pytest.raises(errors.UnknownJob):
        slow_rack.read_health(1, 1, parent=999)


# -- answers


def test_an_operation_that_raises_has_no_answer_and_names_the_bug(rack):
    job_id = rack.start(stumble, 1, 1)
    with pytest.raises(errors.NoAnswer, match="a bug of the operation's author"):
        rack.result(stumble, job_id, SOON)


# -- waiting and events


def test_wait_gives_the_jobs_in_the_order_asked(rack):
    ids = [rack.run_smart_test(1, slot) for slot in (1, 2, 3)][::-1]
    assert [job.id for job in rack.wait(ids, timeout=SOON)] == ids
    assert rack.wait([], timeout=0) == ()


def test_wait_says_so_when_the_time_is_up(slow_rack):
    ids = [slow_rack.run_smart_test(1, slot, kind="extended") for slot in (1, 2)]
    with pytest.raises(errors.JobNotFinished):
        slow_rack.wait(ids, timeout=0.05)


def test_events_tell_a_jobs_life_in_order(rack):
    job_id = rack.run_smart_test(1, 1)
    rack.wait([job_id], timeout=SOON)
    seen = []
    for event in rack.events(after=0):
        if event.job is not None and event.job.id == job_id:
            seen.append(event)
            if event.job.has_ended:
                break
    assert [seen[0].kind, seen[-1].kind] == [EventKind.ACCEPTED, EventKind.STATUS]
    assert [event.sequence for event in seen] == sorted({event.sequence for event in seen})
    statuses = [event.job.status for event in seen if event.kind in (EventKind.ACCEPTED, EventKind.STATUS)]
    assert statuses == [S.INIT, S.RUNNING, S.COMPLETED]
    assert seen[-1].time.tzinfo is not None


def test_events_begin_at_the_call_and_not_when_they_are_first_asked_for(rack):
    follow = rack.events()
    job_id = rack.read_health(1, 1)
    rack.wait([job_id], timeout=SOON)
    first = next(follow)
    assert (first.kind, first.job.id) == (EventKind.ACCEPTED, job_id)


def test_a_closed_rack_leaves_no_thread_behind():
    before = set(threading.enumerate())
    with Rack.simulated(slots=3) as rack:
        rack.wait([rack.read_health(1, slot_id) for slot_id in (1, 2, 3)], timeout=SOON)
    until(lambda: set(threading.enumerate()) <= before, "the end of the last thread")


def test_events_of_slots_tell_that_a_drive_left(rack):
    follow = rack.events(after=0)
    rack.simulation.pull(2)
    for event in follow:
        if event.kind is EventKind.SLOT and event.slot.id == 2 and event.slot.state is SlotState.EMPTY:
            break
    assert event.slot.drive is None


def test_events_end_when_the_rack_is_closed():
    rack = Rack.simulated(slots=1)
    seen: list[object] = []
    reader = threading.Thread(target=lambda: seen.extend(rack.events(after=0)), daemon=True)
    reader.start()
    rack.close()
    reader.join(SOON)
    assert not reader.is_alive() and seen


def test_a_reader_that_is_too_slow_gets_one_gap(slow_rack):
    slow_rack.simulation.pull(3)
    until(lambda: slow_rack.slots()[2].state is SlotState.EMPTY)
    journal = slow_rack._tables.journal
    job = slow_rack.get_job_status(slow_rack.read_health(1, 1))
    for _ in range(10_001):
        journal.append(EventKind.MESSAGE, "worker", job=job)
    first, second = next(follow := slow_rack.events(after=1)), next(follow)
    assert first.kind is EventKind.GAP and second.sequence == first.sequence + 1


# -- the end


def test_a_closed_rack_ends_open_jobs_and_still_answers():
    with Rack.simulated(slots=2, speed=100.0) as rack:
        done = rack.read_health(1, 1)
        rack.wait([done], timeout=SOON)
        running, queued = rack.run_smart_test(1, 2, kind="extended"), rack.run_smart_test(1, 2)
        until(is_running(rack, running))
    for job_id in (running, queued):
        with pytest.raises(errors.Interrupted):
            rack.run_smart_test_result(job_id)
    assert rack.read_health_result(done).status is VerdictStatus.PASS
    assert rack.get_jobs_list().total == 3 and len(rack.slots()) == 2
    with pytest.raises(errors.RackClosed):
        rack.read_health(1, 1)
    rack.close()


@pytest.mark.parametrize("abort", [False, True])
def test_a_close_leaves_the_drives_own_tests_alone_unless_told(abort):
    rack = Rack.simulated(slots=1, speed=100.0)
    job_id = rack.run_smart_test(1, 1, kind="extended")
    until(lambda: rack.get_job_status(job_id).progress >= 0)
    rack.close(abort=abort)
    assert (rack.simulation.drive(1).running_kind() is None) is abort


def test_a_rack_stops_within_ten_seconds_whatever_hangs():
    rack = Rack.simulated(slots=3)
    for slot_id in (1, 2, 3):
        rack.simulation.inject(slot_id, "hang")
    ids = [rack.run_smart_test(1, slot_id) for slot_id in (1, 2, 3)]
    until(is_running(rack, ids[2]))
    began = time.monotonic()
    rack.close()
    assert time.monotonic() - began <= 10
    assert {job.error.code for job in rack.wait(ids, timeout=0)} == {"interrupted"}


def test_two_racks_live_side_by_side(rack):
    with Rack.simulated(slots=1, seed=9) as other:
        mine, theirs = rack.read_health(1, 1), other.read_health(1, 1)
        assert rack.get_job_status(mine).drive != other.get_job_status(theirs).drive
    assert rack.read_health_result(rack.read_health(1, 2), timeout=SOON)


def test_release_changes_no_slot_that_is_well(rack):
    assert rack.release_slot(1) == rack.slots()[0]
    with pytest.raises(errors.UnknownSlot):
        rack.release_slot(99)


def test_every_error_that_is_raised_has_a_code_and_says_what_to_do(rack):
    rack.simulation.pull(2)
    until(lambda: rack.slots()[1].state is SlotState.EMPTY)
    for call in (
        lambda: rack.run_smart_test(1, 99),
        lambda: rack.run_smart_test(1, 2),
        lambda: rack.start("nothing", 1, 1),
        lambda: rack.get_job_status(99),
    ):
        with pytest.raises(errors.OrchestratorError) as caught:
            call()
        assert caught.value.code and caught.value.remedy and str(caught.value)


@pytest.mark.parametrize("speed", [1.0, 1e6])
def test_health_is_read_at_any_speed(speed):
    with Rack.simulated(slots=2, speed=speed) as rack:
        assert rack.read_health_result(rack.read_health(1, 1), timeout=SOON).status is VerdictStatus.PASS


@pytest.mark.parametrize("slots", [0, -1, 1.5, None])
def test_a_rack_without_slots_is_invalid(slots):
    with pytest.raises(errors.InvalidArgument), suppress(TypeError):
        Rack.simulated(slots=slots)


def test_a_self_test_holds_at_the_highest_speed():
    with Rack.simulated(slots=4, speed=1e6) as rack:
        rack.simulation.inject(2, "self_test_failure")
        ids = [rack.run_smart_test(1, slot, kind=kind) for slot in (1, 2, 3, 4) for kind in ("short", "extended")]
        answers = [rack.run_smart_test_result(job_id, timeout=SOON) for job_id in ids]
        assert answers == [True, True, False, False, True, True, True, True]
