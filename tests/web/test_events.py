"""The live events: a snapshot, then what changed; resumed by id; ended with the rack; a sleeper is dropped."""

import json
import queue
import socket
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import Any

import pytest

from orchestrator import Rack, SlotState
from orchestrator.interfaces.web import events
from orchestrator.interfaces.web.server import serve_http
from tests.web.conftest import SOON, client_of, until


class Stream:
    """Reads the events in a thread, as an EventSource would."""

    def __init__(self, server, last_event_id=""):
        self._client = client_of(server)
        self._headers = {"last-event-id": last_event_id} if last_event_id else {}
        self.found: queue.Queue[tuple[str, str, Any]] = queue.Queue()
        self.comments, self.ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        event: dict[str, str] = {}
        with self._client.stream("GET", "/api/v1/events", headers=self._headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            self._answer = answer
            for line in answer.iter_lines():
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif event:
                    self.found.put((event["event"], event["id"], json.loads(event["data"])))
                    event = {}
        self.ended.set()

    def next(self):
        return self.found.get(timeout=SOON)

    def until(self, condition):
        """All that came, up to the event for which `condition` holds."""
        seen, end = [], time.monotonic() + SOON
        while time.monotonic() < end:
            seen.append(self.next())
            if condition(seen[-1][2]):
                return seen
        raise AssertionError("it did not come")

    def close(self):
        self._client.close()


@contextmanager
def listening(server, last_event_id=""):
    stream = Stream(server, last_event_id)
    try:
        yield stream
    finally:
        server.feed.end_soon()
        stream.ended.wait(SOON)
        stream.close()


def ended(job_id):
    return lambda data: any(job["id"] == job_id and job["ended"] for job in data.get("jobs", ()))


def test_first_comes_all_there_is(slow_server, slow_rack):
    job_id = slow_rack.run_smart_test(1, 2, kind="extended")
    until(lambda: slow_rack.slots()[1].job == job_id)
    with listening(slow_server) as stream:
        name, event_id, data = stream.next()
    assert name == "snapshot" and event_id == f"{slow_server.feed.life}-{data['sequence']}"
    assert [slot["id"] for slot in data["slots"]] == [1, 2, 3] and data["simulated"] is True
    assert [job["id"] for job in data["jobs"]] == [job_id] and data["slots"][1]["state"] == "busy"


def test_then_whole_records_of_what_changed_with_the_last_value(server, rack):
    with listening(server) as stream:
        stream.next()
        job_id = rack.run_smart_test(7, 3)
        seen = stream.until(ended(job_id))
        rack.simulation.pull(1)
        stream.until(lambda data: any(slot["id"] == 1 and slot["state"] == "empty" for slot in data["slots"]))
    assert {name for name, _, _ in seen} == {"delta"}
    last = [job for job in seen[-1][2]["jobs"] if job["id"] == job_id]
    assert len(last) == 1 and last[0] == {**last[0], "status_name": "COMPLETED", "client_ref": 7, "progress": 100}
    sequences = [data["sequence"] for _, _, data in seen]
    assert sequences == sorted(set(sequences)), "ids grow"


def test_a_slot_is_told_when_its_job_begins_and_ends(slow_server, slow_rack):
    with listening(slow_server) as stream:
        stream.next()
        job_id = slow_rack.run_smart_test(1, 2, kind="extended")
        stream.until(lambda data: any(slot["job"] == job_id for slot in data["slots"]))
        slow_rack.cancel_job(job_id)
        stream.until(lambda data: any(slot["id"] == 2 and slot["job"] is None for slot in data["slots"]))


def test_mere_progress_is_told_in_short(slow_server, slow_rack):
    job_id = slow_rack.start("walk", 1, 1, steps=1000, pace_s=5.0)
    until(lambda: slow_rack.get_job_status(job_id).progress >= 1)
    with listening(slow_server) as stream:
        stream.next()
        (_, _, data) = stream.until(lambda data: data["progress"])[-1]
        assert data["progress"][0][0] == job_id and 1 <= data["progress"][0][1] <= 99 and data["jobs"] == []
        slow_rack.cancel_job(job_id)


def test_deltas_come_at_most_every_tenth_of_a_second(server, rack):
    with listening(server) as stream:
        stream.next()
        began = time.monotonic()
        job_ids = [rack.read_health(1, 1 + n % 3) for n in range(60)]
        seen = stream.until(ended(job_ids[-1]))
        assert len(seen) <= (time.monotonic() - began) / events.EVERY_S + 2


def test_all_listeners_get_the_same_bytes(server, rack, monkeypatch):
    frames, encode = [], events.Feed._delta

    def count(*args):
        frames.append(encode(*args))
        return frames[-1]

    monkeypatch.setattr(events.Feed, "_delta", count)
    with listening(server) as first, listening(server) as second:
        for stream in (first, second):
            stream.next()
        job_id = rack.read_health(1, 1)
        told = [stream.until(ended(job_id)) for stream in (first, second)]
    both = min(map(len, told))  # what came before the second one listened, only the first one has
    assert both and told[0][-both:] == told[1][-both:] and len(frames) < len(told[0]) + len(told[1])


# -- coming back


def test_who_comes_back_gets_what_changed_since(server, rack):
    with_old = rack.read_health(1, 1)
    rack.wait([with_old], SOON)
    until(lambda: server.feed.sequence == rack.sequence)
    here = f"{server.feed.life}-{rack.sequence}"
    job_id = rack.read_health(1, 2)
    rack.wait([job_id], SOON)
    until(lambda: server.feed.sequence == rack.sequence)
    with listening(server, here) as stream:
        name, _, data = stream.next()
    assert name == "delta" and [job["id"] for job in data["jobs"]] == [job_id]
    assert [slot["id"] for slot in data["slots"]] == [2]


@pytest.mark.parametrize("wrong", ["0badcafe-1", "1", "x", "{life}-99999999", "{life}--1", "{life}-²", "é-1"])
def test_an_id_of_another_life_gives_a_snapshot(server, wrong):
    with listening(server, wrong.format(life=server.feed.life).encode()) as stream:
        assert stream.next()[0] == "snapshot"


def test_who_was_away_too_long_gets_a_snapshot(server, rack, monkeypatch):
    monkeypatch.setattr(events, "REMEMBERED", 5)
    here = f"{server.feed.life}-{server.feed.sequence}"
    rack.wait([rack.read_health(1, 1 + n % 3) for n in range(10)], SOON)
    until(lambda: server.feed.sequence == rack.sequence)
    with listening(server, here) as stream:
        assert stream.next()[0] == "snapshot"


def test_a_gap_in_the_racks_own_events_gives_everybody_a_snapshot_and_loses_no_count(
    slow_server, slow_rack, monkeypatch
):
    monkeypatch.setattr(events, "HANDED_OVER", 2)
    journal, feed = slow_rack._tables.journal, slow_server.feed
    journal._events = deque(journal._events, maxlen=5)
    with listening(slow_server) as stream:
        stream.next()
        before = slow_rack.run_smart_test(1, 1, kind="extended")
        stream.until(lambda data: any(job["id"] == before for job in data["jobs"]))
        taken, hold = threading.Event(), threading.Event()

        def stall():
            taken.set()
            hold.wait(SOON)

        feed._loop.call_soon_threadsafe(stall)
        try:
            assert taken.wait(SOON)
            slow_rack.cancel_job(before)
            unseen = [slow_rack.read_health(1, 2 + n % 2) for n in range(8)]
            slow_rack.wait([before, *unseen], SOON)
        finally:
            hold.set()
        name, _, data = stream.until(lambda data: "simulated" in data)[-1]
        assert name == "snapshot" and data["jobs"] == []
        until(lambda: feed.sequence == slow_rack.sequence)
        assert feed.ended == {("run_smart_test", "no_answer"): 1, ("read_health", "pass"): 8}


# -- who does not read, and the end


def test_a_listener_that_does_not_read_is_dropped_and_delays_nobody(server, rack):
    feed, frame = server.feed, b":" + b"x" * 500_000 + b"\n\n"
    with listening(server) as reader, socket.socket() as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.connect(("127.0.0.1", server.port))
        sleeper.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: len(feed.listeners) == 2)
        reader.next()
        for sent in range(1, 100):
            feed._loop.call_soon_threadsafe(feed._send, frame)
            until(lambda: reader.comments >= sent)  # noqa: B023
            if feed.dropped:
                break
        assert (len(feed.listeners), feed.dropped) == (1, 1)
        job_id = rack.read_health(1, 1)
        reader.until(ended(job_id))


def test_a_heartbeat_is_a_comment(rack, monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with serve_http(rack, port=0) as server, listening(server) as stream:
        until(lambda: stream.comments >= 3)


def test_who_leaves_is_forgotten(server):
    with socket.create_connection(("127.0.0.1", server.port)) as link:
        link.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: len(server.feed.listeners) == 1)
    until(lambda: not server.feed.listeners)


def test_the_streams_end_with_the_rack(rack, server):
    stream = Stream(server)
    stream.next()
    rack.close()
    assert stream.ended.wait(SOON)
    stream.close()


def test_a_server_stops_at_once_though_somebody_listens(rack):
    with serve_http(rack, port=0) as server:
        stream = Stream(server)
        stream.next()
        began = time.monotonic()
    assert time.monotonic() - began < 2 and stream.ended.wait(SOON)
    stream.close()
    assert rack.slots()[0].state is SlotState.READY, "the rack stays open"


def test_a_closed_service_and_rack_leave_no_thread():
    before = set(threading.enumerate())
    with Rack.simulated(slots=1) as rack, serve_http(rack, port=0) as server, client_of(server) as client:
        client.get("/api/v1/jobs")
    until(lambda: {t for t in threading.enumerate() if not t.name.startswith("AnyIO")} <= before, "the last thread")
