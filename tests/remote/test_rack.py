"""What comes over the wire is what the rack itself says: records, answers, errors, history."""

import threading

import pytest

from orchestrator import ListInfo, Rack, VerdictStatus, errors
from orchestrator.model.scan import ScanResult
from orchestrator.remote import decode
from orchestrator.remote.rack import RemoteRack
from tests.remote.conftest import ByHttp
from tests.simulation.racks import walk
from tests.web.conftest import SOON, until


@pytest.fixture(scope="module")
def kept(served, tmp_path_factory):
    """A rack with a history, from both ends; they change nothing."""
    file = tmp_path_factory.mktemp("kept") / "rack.yaml"
    file.write_text("simulated: {slots: 3, speed: 100000}\nstore: history.db\n")
    with Rack.from_config(file) as near, served.over(near) as url, ByHttp(url, near) as far:
        ids = [near.run_smart_test(ref, slot_id) for ref, slot_id in ((1, 1), (-2, 2), (3, 3))]
        near.simulation.inject(2, "health_failed")
        near.simulation.inject(3, "unreadable")
        ids += [near.read_health(4, 2), near.read_health(5, 3)]
        near.wait(ids, SOON)
        yield near, far


def test_the_records_are_equal_in_every_field(kept):
    near, far = kept
    assert far.get_jobs_list() == near.get_jobs_list()
    assert far.slots() == near.slots()
    assert {job.verdict.status for job in far.get_jobs_list() if job.verdict} >= {VerdictStatus.FAIL}
    assert far.open_jobs() == ()


def test_a_long_list_comes_page_by_page(kept, monkeypatch):
    near, far = kept
    monkeypatch.setattr("orchestrator.remote.rack.PAGE", 2)
    for info in (ListInfo(), ListInfo(limit=3), ListInfo(offset=1, limit=3), ListInfo(descending=True),
                 ListInfo(order_by="slot_id", descending=True), ListInfo(after_id=2), ListInfo(limit=0)):  # fmt: skip
        assert far.get_jobs_list(info) == near.get_jobs_list(info)


def test_the_error_of_a_job_is_the_same_at_both_ends(kept):
    near, far = kept
    [job] = near.get_jobs_list(ListInfo(client_ref=5))
    raised = []
    for rack in (near, far):
        with pytest.raises(errors.NoAnswer) as caught:
            rack.read_health_result(job.id, timeout=0)
        raised.append(caught.value)
    here, there = raised
    assert type(here) is type(there) and str(here) == str(there) and here.serial
    assert (here.remedy, here.slot_id, here.serial) == (there.remedy, there.slot_id, there.serial)


def test_the_history_is_the_same_at_both_ends(kept):
    near, far = kept
    serial = near.slots()[0].drive.serial
    assert far.history(serial) == near.history(serial) and far.history(serial)[0].samples
    for job in near.get_jobs_list():
        there, here = far.job_history(job.id), near.job_history(job.id)
        assert (there.job, there.options, there.answer, there.rows) == (here.job, here.options, here.answer, here.rows)
        assert [(r.moment, r.time, r.values) for r in there.reports] == [
            (r.moment, r.time, r.values) for r in here.reports
        ]
        assert far.raw_report(job.id, "after") == near.raw_report(job.id, "after")


@pytest.mark.parametrize("serial", ["nobody's", "", "../jobs", "a/b", "ü\n", "%2e"])
def test_a_drive_that_was_never_here_has_no_history(kept, serial):
    assert kept[1].history(serial) == ()


def test_what_is_no_report_is_none(kept):
    _, far = kept
    assert far.raw_report(99, "after") == b""
    with pytest.raises(errors.InvalidArgument, match="it takes before or after"):
        far.raw_report(1, "never")


def test_an_answer_has_the_type_that_its_operation_declares(rack):
    found = rack.read_scan_result(rack.read_scan(1, 1, end_lba=10_000), timeout=SOON)
    assert type(found) is ScanResult and found.bad_lbas == () and isinstance(found.mb_per_s, tuple)


def test_the_answer_of_an_operation_that_is_not_installed_here_is_plain(rack, monkeypatch):
    monkeypatch.setattr(decode, "_installed", dict)
    found = rack.read_scan_result(rack.read_scan(1, 1, end_lba=10_000), timeout=SOON)
    assert found["bad_lbas"] == []


def test_an_answer_of_another_shape_is_not_passed_on_as_if_it_fitted():
    with pytest.raises(errors.OrchestratorError, match="no Verdict as it is known here") as caught:
        decode.answer("read_health", {"status": "splendid"})
    assert "same release" in caught.value.remedy


def test_a_field_of_a_newer_service_is_passed_over(rack, near):
    from orchestrator.interfaces.web import encode

    job = near.get_job_status(rack.read_health(1, 1))
    assert decode.job(encode.job(job) | {"mood": "good"}) == job


def test_the_operations_are_those_of_the_service(rack):
    assert {"run_smart_test", "read_scan", "walk"} <= set(rack.operations)
    found = rack.operations["walk"]
    assert (found.name, found.pausable, set(found.options)) == ("walk", True, {"steps", "pace_s"})
    assert found.options["steps"]["maximum"] == 1000 and "Walks" in found.summary
    assert rack.walk_result(rack.walk(1, 1, steps=3), timeout=SOON) == 3
    with pytest.raises(AttributeError, match="no 'run_smart_tset'"):
        rack.run_smart_tset  # noqa: B018


def test_options_are_given_by_name_and_can_be_sent(rack):
    with pytest.raises(errors.InvalidArgument, match="by name"):
        rack.start("walk", 1, 1, None, 3)
    with pytest.raises(errors.InvalidArgument, match="cannot be sent"):
        rack.start("walk", 1, 1, steps=object())
    with pytest.raises(errors.InvalidArgument):
        rack.start("walk", 1, 1, pace_s=float("nan"))


def test_many_threads_share_one_client(rack):
    answers = list[int]()

    def ask(slot_id):
        answers.extend(rack.result(walk, rack.start(walk, 1, slot_id, steps=3), SOON) for _ in range(5))

    threads = [threading.Thread(target=ask, args=(slot_id,)) for slot_id in (1, 2, 3) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert answers == [3] * 45


def test_leaving_a_client_ends_nothing_there(slow_near, served):
    with served.over(slow_near) as url:
        with Rack.connect(url) as far:
            assert isinstance(far, RemoteRack)
            job_id = far.start("walk", 1, 1, steps=1000)
        until(lambda: slow_near.get_job_status(job_id).started)
        assert not slow_near.get_job_status(job_id).has_ended
