"""What breaks between here and there, and what the caller learns of it."""

import shutil
import socket
import threading
import time

import pytest

from orchestrator import Rack, errors
from orchestrator.interfaces.web.server import serve_http
from orchestrator.interfaces.web.tokens import Tokens
from orchestrator.remote.connection import Connection
from orchestrator.remote.rack import RemoteRack
from tests.interfaces.serving import certificate_in
from tests.remote.conftest import ByHttp
from tests.remote.wire import Wire, stranger
from tests.web.conftest import SOON, until

HTML = (200, "text/html", b"<h1>It works!</h1>")


@pytest.fixture
def wire(near, served):
    with served.over(near) as url:
        wire = Wire(url)
        yield wire
        wire.pull()


@pytest.fixture
def far(near, wire):
    with ByHttp(wire.url, near) as rack:
        yield rack


def test_a_start_whose_answer_is_lost_is_one_job(far, near, wire):
    wire.to_lose = 2
    job_id = far.run_smart_test(7, 1)
    assert wire.to_lose == 0
    assert [job.id for job in near.get_jobs_list()] == [job_id]
    assert far.run_smart_test_result(job_id, timeout=SOON) is True


def test_two_starts_are_two_jobs_though_they_are_the_same(far, near):
    assert far.run_smart_test(7, 1) != far.run_smart_test(7, 1)
    assert near.get_jobs_list().total == 2


def test_a_refused_start_is_not_tried_again(far, near, wire):
    before = wire.connections
    with pytest.raises(errors.UnknownSlot):
        far.run_smart_test(7, 99)
    assert (near.get_jobs_list().total, wire.connections) == (0, before)


def test_a_kept_connection_that_the_service_has_closed_costs_nobody_anything(far, wire):
    far.slots()
    wire.cut()
    assert len(far.slots()) == 3


def test_whoever_waits_for_an_answer_waits_on_while_the_wire_is_mended(slow_near, served):
    with served.over(slow_near) as url:
        wire = Wire(url)
        with ByHttp(wire.url, slow_near) as far:
            job_id = far.start("walk", 1, 1, steps=100, pace_s=2.0)
            answers = []
            waiting = threading.Thread(target=lambda: answers.append(far.result("walk", job_id, SOON)))
            waiting.start()
            wire.pull()
            wire.plug()
            waiting.join(SOON)
            assert answers == [100]
        wire.pull()


def test_a_service_that_stays_away_is_unreachable_after_the_time_that_was_given(far, wire):
    wire.pull()
    far.timeout, began = 0.3, time.monotonic()
    for ask in (far.slots, lambda: far.run_smart_test(1, 1), lambda: far.wait([1], timeout=0), far.events):
        with pytest.raises(errors.Unreachable, match="gives no answer: Connection refused") as caught:
            ask()
        assert isinstance(caught.value, ConnectionError)
        assert (caught.value.host, caught.value.code) == ("127.0.0.1", "unreachable") and caught.value.remedy
    assert time.monotonic() - began < 4
    wire.plug()
    assert len(far.slots()) == 3


def test_a_name_that_nobody_has_is_not_tried_again():
    began = time.monotonic()
    with pytest.raises(errors.Unreachable):
        Rack.connect("http://no-such-rack.invalid", timeout=0.5)
    assert time.monotonic() - began < SOON


def test_a_service_that_says_nothing_is_unreachable():

    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(errors.Unreachable, match="timed out"):
        Rack.connect(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)


def test_a_proxy_without_a_service_behind_it_is_asked_again():
    gone, back = (502, "text/html", b"Bad Gateway"), (200, "application/json", b'{"a": 1}')
    with stranger(gone, gone, back) as (url, asked):
        assert Connection(url, None, SOON, None).get("/version") == {"a": 1}
        assert len(asked) == 3


@pytest.mark.parametrize(
    "answer", [HTML, (404, "x/y", b"?"), (200, "application/json", b"[]"), (302, "x/y", b""), (500, "x/y", b"{}")]
)  # fmt: skip
def test_a_stranger_at_the_address_is_told_apart(answer):
    with stranger(answer) as (url, _), pytest.raises(errors.OrchestratorError, match="not an orchestrator's"):
        RemoteRack(url, timeout=1.0)


def test_a_closed_end_asks_no_more_and_wakes_who_waits(slow_near, served):
    with served.over(slow_near) as url:
        far, raised = ByHttp(url, slow_near), []
        job_id = far.start("walk", 1, 1, steps=1000)

        def wait():
            with pytest.raises(errors.RackClosed) as caught:
                far.result("walk", job_id)
            raised.append(caught.value)

        waiting = threading.Thread(target=wait)
        waiting.start()
        until(lambda: served_waits(served) == 1)
        far.close()
        waiting.join(SOON)
        assert raised
        with pytest.raises(errors.RackClosed, match="closed here"):
            far.slots()
        far.close()
        assert slow_near.get_job_status(job_id).has_ended is False


def served_waits(served):
    return served.app.state.feed.waiting


def test_a_token_lets_in_and_its_scope_says_what_for(near, served, tmp_path):
    tokens = Tokens(tmp_path / "tokens.json")
    may_read, may_run = tokens.add("wallboard", ["read"]), tokens.add("bench", ["run"])
    with served.over(near, tokens=tokens) as url:
        for wrong in (None, "nobody's"):
            with pytest.raises(errors.NotPermitted, match="takes a token"):
                Rack.connect(url, token=wrong)
        with Rack.connect(url, token=may_read) as rack:
            assert len(rack.slots()) == 3 and rack.events()
            with pytest.raises(errors.NotPermitted, match="scope run"):
                rack.read_health(1, 1)
        with Rack.connect(url, token=may_run) as rack:
            assert rack.read_health_result(rack.read_health(1, 1), SOON)
            with pytest.raises(errors.NotPermitted, match="scope admin"):
                rack.release_slot(1)


def test_a_token_with_a_line_break_is_none_and_is_not_repeated():
    with pytest.raises(errors.InvalidArgument) as caught:
        Rack.connect("http://127.0.0.1:1", token="hunter2\r\nX: y")  # noqa: S106
    assert "hunter2" not in str(caught.value)


@pytest.mark.timeout(60)
def test_a_certificate_is_checked_against_the_authority_that_was_named(near, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (apt install openssl)")
    certificate, key = certificate_in(tmp_path)
    with serve_http(near, port=0, tls_certificate=certificate, tls_key=key) as server:
        with Rack.connect(server.url, cafile=certificate) as rack:
            assert rack.read_health_result(rack.read_health(1, 1), SOON)
        began = time.monotonic()
        with pytest.raises(errors.Unreachable, match="certificate") as caught:
            Rack.connect(server.url)
        assert "cafile" in caught.value.remedy
        with pytest.raises(errors.Unreachable) as caught:
            Rack.connect(server.url.replace("127.0.0.1", "127.0.0.2"), cafile=certificate, timeout=0.2)
        assert time.monotonic() - began < SOON
