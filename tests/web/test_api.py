"""REST, as a program uses it: every route once, its errors, and what a retry and a page further do."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator import EventKind, SlotState
from orchestrator.actors.directory import JobDirectory
from orchestrator.model.history import AFTER, BEFORE, DriveHistory, JobHistory, KeptReport, Row, Sample, Stay
from tests.web.conftest import SOON, run_apart, start, until

JOBS = "/api/v1/jobs"


def result(client, job_id, wait=SOON):
    return client.get(f"{JOBS}/{job_id}/result", params={"wait": wait})


def test_a_start_is_accepted_and_says_where_its_job_is(client):
    answer = start(client, "run_smart_test", slot_id=2, client_ref=42, kind="short")
    job = answer.json()
    assert answer.status_code == 202 and answer.headers["location"] == f"{JOBS}/{job['id']}"
    assert (job["name"], job["client_ref"], job["slot_id"], job["status_name"]) == ("run_smart_test", 42, 2, "INIT")
    found = client.get(answer.headers["location"]).json()
    assert found["id"] == job["id"] and found["drive"]["serial"]


def test_a_result_is_the_answer_beside_its_job(client):
    job_id = start(client, "run_smart_test").json()["id"]
    answer = result(client, job_id)
    assert answer.status_code == 200 and answer.json()["answer"] is True
    job = answer.json()["job"]
    assert (job["status"], job["status_name"], job["progress"]) == (4, "COMPLETED", 100)
    assert job["verdict"] == {"status": "pass", "reasons": []} and job["ended"].endswith("+00:00")


def test_an_answer_with_fields_has_them_in_json(client):
    job_id = start(client, "read_health").json()["id"]
    assert result(client, job_id).json()["answer"] == {"status": "pass", "reasons": []}


def test_a_result_of_a_running_job_is_409_and_says_what_to_do(slow_client):
    job_id = start(slow_client, "run_smart_test", kind="extended").json()["id"]
    answer = result(slow_client, job_id, wait=0.05)
    assert answer.status_code == 409 and answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "job_not_finished" and problem["remedy"] and problem["title"] == "Job not finished"
    assert problem["instance"] == f"{JOBS}/{job_id}/result" and problem["status"] == 409


def test_a_job_without_an_answer_is_424_with_its_own_error(slow_client, slow_rack):
    serial = slow_rack.slots()[1].drive.serial
    job_id = start(slow_client, "run_smart_test", slot_id=2, kind="extended").json()["id"]
    slow_rack.simulation.pull(2)
    answer = result(slow_client, job_id)
    assert answer.status_code == 424
    problem = answer.json()
    assert (problem["code"], problem["slot_id"], problem["serial"]) == ("drive_removed", 2, serial)


def test_a_refusal_that_ended_a_job_is_no_ask_again(client, rack):
    job_id = start(client, "read_scan", end_lba=2**60).json()["id"]
    answer = result(client, job_id)
    assert answer.status_code == 424 and answer.json()["code"] == "refused"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/jobs/99", 404, "unknown_job"),
        ("GET", "/api/v1/jobs/-1", 404, "unknown_job"),
        ("GET", "/api/v1/jobs/99/result", 404, "unknown_job"),
        ("GET", f"/api/v1/jobs/{2**63}", 422, "invalid_argument"),
        ("GET", "/api/v1/jobs/x", 422, "invalid_argument"),
        ("POST", "/api/v1/jobs/99/cancel", 404, "unknown_job"),
        ("GET", "/api/v1/slots/9", 404, "unknown_slot"),
        ("POST", "/api/v1/slots/9/release", 404, "unknown_slot"),
        ("POST", "/api/v1/operations/run_smart_tset", 404, "unknown_operation"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/jobs/1", 405, "method_not_allowed"),
        ("GET", "/api/v1/jobs/1/result?wait=61", 422, "invalid_argument"),
        ("GET", "/api/v1/jobs/1/result?wait=nan", 422, "invalid_argument"),
        ("GET", "/api/v1/jobs?mood=good", 422, "invalid_argument"),
        ("GET", "/api/v1/jobs?limit=1001", 422, "invalid_argument"),
        ("GET", "/api/v1/jobs?status=9", 422, "invalid_argument"),
        ("GET", "/api/v1/jobs?order_by=name&after_id=3", 422, "invalid_argument"),
    ],
)
def test_what_is_wrong_is_a_problem_with_a_code(shared_client, method, path, status, code):
    answer = shared_client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"client_ref": 1}',
        b'{"client_ref": 1.5, "slot_id": 1}',
        b'{"client_ref": "1", "slot_id": 1}',
        b'{"client_ref": true, "slot_id": 1}',
        b'{"client_ref": 9223372036854775808, "slot_id": 1}',
        b'{"client_ref": 1, "slot_id": 1, "mood": 1}',
        b'{"client_ref": 1, "slot_id": 1, "options": {"kind": "captive"}}',
        b'{"client_ref": 1, "slot_id": 1, "options": {"poll_s": NaN}}',
        b'{"client_ref": 1, "slot_id": 1, "options": {"poll_s": 0}}',
        b'{"client_ref": 1, "slot_id": 1, "options": {"poll_s": "15"}}',
        b'{"client_ref": 1, "slot_id": 1, "options": {"depth": 3}}',
        b'{"client_ref": 1, "slot_id": 1, "options": {"kind": "short", "spans": "0-1"}}',
        b'{"client_ref": ' + b"9" * 5000 + b', "slot_id": 1}',
        b"\xff\xfe",
    ],
)
def test_a_start_that_makes_no_sense_opens_no_job(shared_client, body):
    answer = shared_client.post(
        "/api/v1/operations/run_smart_test", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422) and answer.json()["code"]
    assert shared_client.get(JOBS).json()["total"] == 0


def test_an_empty_slot_is_refused_with_the_way_out(client, rack):
    rack.simulation.pull(2)
    until(lambda: rack.slots()[1].state is SlotState.EMPTY)
    answer = start(client, "read_health", slot_id=2)
    assert (answer.status_code, answer.json()["code"], answer.json()["remedy"]) == (
        409,
        "slot_empty",
        "plug a drive in",
    )


# -- lists


def test_pages_follow_each_other_by_their_link(client):
    ids = [start(client, "read_health", slot_id=1 + n % 3).json()["id"] for n in range(7)]
    seen, url = [], f"{JOBS}?limit=3&name_starts_with=read_"
    while url:
        answer = client.get(url)
        page = answer.json()
        assert page["total"] == 7 and page["limit"] == 3
        seen += [job["id"] for job in page["items"]]
        assert (page["next"] is None) is ("next" not in answer.links)
        url = answer.links.get("next", {}).get("url")
    assert seen == ids


def test_pages_in_another_order_follow_by_offset(client):
    ids = [start(client, "read_health", slot_id=1 + n % 3).json()["id"] for n in range(5)]
    seen, url = [], f"{JOBS}?limit=2&order_by=slot_id&descending=true"
    while url:
        answer = client.get(url)
        assert answer.json()["next"] is None
        seen += [(-job["slot_id"], job["id"]) for job in answer.json()["items"]]
        url = answer.links.get("next", {}).get("url")
    assert len(seen) == 5 and {job_id for _, job_id in seen} == set(ids)
    assert [slot for slot, _ in seen] == sorted(slot for slot, _ in seen)


def test_all_criteria_of_the_contract_are_queries(client, rack):
    jobs = [start(client, "read_health", slot_id=n, client_ref=n).json() for n in (1, 2, 3)]
    serial = jobs[1]["drive"]["serial"]
    result(client, jobs[1]["id"])
    for query in ("client_ref=2", "slot_id=2", f"serial={serial}", "status=4&slot_id=2", "offset=1&limit=1"):
        assert [job["id"] for job in client.get(f"{JOBS}?{query}").json()["items"]] == [jobs[1]["id"]], query
    assert client.get(f"{JOBS}?limit=0").json() | {"items": []} == {
        "total": 3,
        "offset": 0,
        "limit": 0,
        "next": None,
        "items": [],
    }


# -- control


def test_pause_resume_and_cancel_answer_with_the_job(slow_client, slow_rack):
    job_id = start(slow_client, "read_scan").json()["id"]
    until(lambda: slow_rack.get_job_status(job_id).progress >= 0)
    for call in ("pause", "resume", "cancel"):
        answer = slow_client.post(f"{JOBS}/{job_id}/{call}")
        assert answer.status_code == 200 and answer.json()["id"] == job_id
    assert result(slow_client, job_id).json()["code"] == "job_cancelled"


def test_a_job_that_cannot_pause_is_refused(slow_client, slow_rack):
    job_id = start(slow_client, "run_smart_test", kind="extended").json()["id"]
    until(lambda: slow_rack.get_job_status(job_id).progress >= 0)
    answer = slow_client.post(f"{JOBS}/{job_id}/pause")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_pausable")


def test_a_release_answers_with_the_slot(client):
    assert client.post("/api/v1/slots/2/release").json() == client.get("/api/v1/slots/2").json()


# -- the rest


def test_slots_are_those_of_the_rack_and_fresh_at_once(client, rack):
    found = client.get("/api/v1/slots").json()
    assert found["simulated"] is True and [slot["id"] for slot in found["items"]] == [1, 2, 3]
    rack.simulation.pull(1)
    until(lambda: rack.slots()[0].state is SlotState.EMPTY)
    assert client.get("/api/v1/slots").json()["items"][0]["state"] == "empty"


def test_operations_tell_the_schema_of_their_options(shared_client):
    found = {op["name"]: op for op in shared_client.get("/api/v1/operations").json()["items"]}
    assert found["read_scan"]["pausable"] is True and found["run_smart_test"]["summary"]
    kind = found["run_smart_test"]["options"]["properties"]["kind"]
    assert kind["enum"] == ["short", "extended", "conveyance", "selective"] and kind["default"] == "short"
    assert (
        found["locate"]["options"]["properties"]["seconds"] | {"maximum": 3600, "minimum": 1}
        == (found["locate"]["options"]["properties"]["seconds"])
    )


def test_health_is_not_ready_when_the_rack_is_closed_or_the_directory_hangs(client, rack, monkeypatch):
    assert client.get("/api/v1/health/ready").json() == {"status": "ok", "reason": ""}
    hold, held, receive = threading.Event(), threading.Event(), JobDirectory.on_receive

    def hang(self, message):
        held.set()
        hold.wait(SOON)
        receive(self, message)

    monkeypatch.setattr(JobDirectory, "on_receive", hang)
    start(client, "read_health")
    held.wait(SOON)
    answer = client.get("/api/v1/health/ready")
    hold.set()
    assert answer.status_code == 503 and "directory" in answer.json()["reason"]
    assert client.get("/api/v1/health/live").status_code == 200
    rack.close()
    assert client.get("/api/v1/health/ready").json()["reason"] == "the rack is closed"
    assert start(client, "read_health").status_code == 503


def test_metrics_count_slots_and_jobs(client, rack):
    rack.simulation.inject(2, "health_failed")
    for slot_id in (1, 2):
        result(client, start(client, "read_health", slot_id=slot_id).json()["id"])
    rack.simulation.pull(3)
    until(lambda: rack.slots()[2].state is SlotState.EMPTY)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    wanted = {
        'orchestrator_slots{state="empty"} 1.0',
        'orchestrator_jobs_open{status="running"} 0.0',
        'orchestrator_jobs_ended_total{operation="read_health",verdict="pass"} 1.0',
        'orchestrator_jobs_ended_total{operation="read_health",verdict="fail"} 1.0',
        "orchestrator_simulated 1.0",
    }
    until(lambda: wanted <= set(client.get("/metrics").text.splitlines()))  # ends are counted as the events come


# -- what was


def test_a_rack_without_a_store_says_that_it_keeps_no_history(client):
    job_id = start(client, "read_health").json()["id"]
    for path in ("drives/x", f"jobs/{job_id}/history", f"jobs/{job_id}/report/before"):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_argument"), path
    assert client.get(f"/api/v1/jobs/{job_id}/report/later").status_code == 422


def test_the_history_of_drives_and_jobs_is_as_the_store_has_it(client, rack, monkeypatch):
    job = rack.get_job_status(start(client, "read_health").json()["id"])
    now = job.accepted
    kept = tuple(KeptReport(moment, now, (("grown_defects", n),)) for moment, n in ((BEFORE, 0.0), (AFTER, 2.0)))
    sample = Sample(now, job.id, AFTER, (("temperature_celsius", 33.0),))
    drives = (DriveHistory(job.drive, (Stay(1, "A1", now, None),), (job,), 1, (sample,)),)
    past = JobHistory(job, "{}", "", (Row(1, now, EventKind.STATUS, "slot", "", (("status", 2),)),), kept)
    monkeypatch.setattr(type(rack), "history", lambda _, serial: drives if serial == job.drive.serial else ())
    monkeypatch.setattr(type(rack), "job_history", lambda *_: past)
    monkeypatch.setattr(type(rack), "raw_report", lambda _, __, moment: b"\xff<b>" if moment == BEFORE else b"")
    (drive,) = client.get(f"/api/v1/drives/{job.drive.serial}").json()["items"]
    assert drive["total_jobs"] == 1 and drive["jobs"][0]["id"] == job.id and drive["stays"][0]["ended"] is None
    assert drive["samples"][0]["values"] == {"temperature_celsius": 33.0}
    assert client.get("/api/v1/drives/nobody").json()["code"] == "not_found"
    found = client.get(f"{JOBS}/{job.id}/history").json()
    assert found["deltas"] == [{"name": "grown_defects", "before": 0.0, "after": 2.0}]
    assert found["rows"][0]["changes"] == {"status": 2}
    raw = client.get(f"{JOBS}/{job.id}/report/before")
    assert raw.content == b"\xff<b>" and raw.headers["content-disposition"].startswith("attachment")
    assert client.get(f"{JOBS}/{job.id}/report/after").status_code == 404


# -- a start that is sent twice


def keyed(client, key, **more):
    return start(client, "read_health", headers={"idempotency-key": key}, **more)


def test_a_retry_with_the_same_key_is_the_same_job(client):
    first, again = keyed(client, "a"), keyed(client, "a")
    assert first.json()["id"] == again.json()["id"] and again.status_code == 202
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert keyed(client, "b").json()["id"] != first.json()["id"]


def test_a_double_click_is_one_job(client, rack):
    with ThreadPoolExecutor(8) as pool:
        ids = {answer.json()["id"] for answer in pool.map(lambda _: keyed(client, "double"), range(24))}
    assert len(ids) == 1 and rack.get_jobs_list().total == 1


def test_a_key_is_not_taken_for_another_request(client):
    keyed(client, "a")
    answer = keyed(client, "a", slot_id=2)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


def test_a_start_that_was_refused_may_be_tried_again_with_its_key(client, rack):
    rack.simulation.pull(1)
    until(lambda: rack.slots()[0].state is SlotState.EMPTY)
    assert keyed(client, "a").status_code == 409
    rack.simulation.insert(1)
    until(lambda: rack.slots()[0].state is SlotState.READY)
    assert keyed(client, "a").status_code == 202


# -- who waits


def test_a_thousand_who_wait_take_no_thread_and_all_hear_of_the_end(slow_server, slow_rack):
    job_id = slow_rack.start("walk", 1, 1, steps=1000, pace_s=1000.0)
    head, before = f"Host: 127.0.0.1:{slow_server.port}\r\nConnection: close\r\n\r\n", threading.active_count()

    async def ask(path):
        reader, writer = await asyncio.open_connection("127.0.0.1", slow_server.port)
        writer.write(f"GET {path} HTTP/1.1\r\n{head}".encode())
        status = await reader.readline()
        writer.close()
        return status

    async def all_of_them():
        waiting = [asyncio.create_task(ask(f"{JOBS}/{job_id}/result?wait=60")) for _ in range(1000)]
        await asyncio.to_thread(until, lambda: slow_server.feed.waiting == 1000, "the thousandth")
        assert threading.active_count() < before + 80
        assert await ask(f"{JOBS}/{job_id}") == b"HTTP/1.1 200 OK\r\n"
        slow_rack.cancel_job(job_id)
        return await asyncio.wait_for(asyncio.gather(*waiting), SOON)

    assert set(run_apart(all_of_them())) == {b"HTTP/1.1 424 Failed Dependency\r\n"}
