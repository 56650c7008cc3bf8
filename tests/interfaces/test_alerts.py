"""Alerts: what is worth one, that each comes once, signed, to the right address, and never to a wrong one."""

import base64
import json
import shutil
import socket
import ssl
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from queue import Empty, Queue

import pytest

from orchestrator import errors
from orchestrator.interfaces import webhooks
from orchestrator.interfaces.alerts import Alerts, Eye
from orchestrator.interfaces.webhooks import Webhook, secret_of, sign
from orchestrator.model.job import Event, EventKind
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.rack import Rack
from orchestrator.settings.alerts import AlertSettings, Occasion
from tests.interfaces.serving import certificate_in
from tests.web.conftest import until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- of the specification's own test
SOON = 20


class Receiver:
    """A server on this host that keeps what it gets, and answers as it is told."""

    def __init__(self, context=None):
        self.got: Queue[tuple[str, dict[str, str], bytes]] = Queue()
        self.answers: Queue[int] = Queue()
        self.location = ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.put((self.path, dict(self.headers), body))
                try:
                    status = receiver.answers.get_nowait()
                except Empty:
                    status = 204
                self.send_response(status)
                if receiver.location:
                    self.send_header("location", receiver.location)
                self.end_headers()

            do_GET = do_POST  # noqa: N815 -- whoever follows a redirect comes by GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def hears(self):
        return self.got.get(timeout=SOON)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("RACK_SECRET", SECRET)


def rule(url, *on, **more):
    return AlertSettings(on=on or tuple(Occasion), url=url, secret_env="RACK_SECRET", **more)  # noqa: S106 -- a name


@pytest.fixture
def webhook(tmp_path):
    made = []

    def make(url, **more):
        made.append(Webhook(rule(url, **more), tmp_path, first_pause_s=0.01))
        return made[-1]

    yield make
    for one in made:
        one.end_soon()
    for one in made:
        one.join(SOON)
        assert not one._thread.is_alive()


def resolves_to(monkeypatch, *addresses):
    """Every name stands for these; what was asked for is kept. A number is itself."""
    asked, real = [], socket.getaddrinfo

    def found(host, port, *rest, **more):
        if host[0].isdigit():
            return real(host, port, *rest, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr("orchestrator.interfaces.webhooks.socket.getaddrinfo", found)
    return asked


# -- the signature


def test_the_signature_is_that_of_the_specification():
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_arrives_is_signed_by_its_id_its_time_and_its_body(receiver, webhook):
    webhook(f"http://127.0.0.1:{receiver.port}/rack?a=b").put(b'{"a": 1}')
    path, headers, body = receiver.hears()
    assert (path, body, headers["content-type"]) == ("/rack?a=b", b'{"a": 1}', "application/json")
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    said = sign(key, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == said


@pytest.mark.parametrize(
    "text", ["", "short", "whsec_", "whsec_" + "A" * 30, "A" * 100, "no base64, but long enough for one!"]
)
def test_a_secret_that_is_none_is_told_and_not_shown(tmp_path, monkeypatch, text):
    monkeypatch.setenv("RACK_SECRET", text)
    with pytest.raises(errors.ConfigError, match="RACK_SECRET holds no secret") as caught:
        Webhook(rule("https://hooks.example/secret-path"), tmp_path)
    assert "secret-path" not in str(caught.value) and (len(text) < 8 or text not in str(caught.value))


def test_a_secret_may_stand_in_a_file_that_no_other_user_reads(tmp_path):
    file = tmp_path / "alert-secret"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    settings = AlertSettings(on=("rack_idle",), url="https://h.example/", secret_file="alert-secret")  # noqa: S106 -- a name
    assert len(secret_of(settings, tmp_path)) == 24
    file.chmod(0o644)
    with pytest.raises(errors.ConfigError, match="any user may read it"):
        secret_of(settings, tmp_path)
    file.unlink()
    with pytest.raises(errors.ConfigError, match="cannot be read"):
        secret_of(settings, tmp_path)


# -- again, and not again


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_it_is_said_again_with_the_same_id_until_it_is_taken(receiver, webhook, status):
    for _ in range(3):
        receiver.answers.put(status)
    hook = webhook(f"http://127.0.0.1:{receiver.port}/")
    hook.put(b"{}")
    ids = {receiver.hears()[1]["webhook-id"] for _ in range(4)}
    assert len(ids) == 1
    hook.put(b"next")
    assert receiver.hears()[2] == b"next"


def test_what_the_receiver_calls_wrong_is_not_said_again(receiver, webhook, caplog):
    receiver.answers.put(400)
    hook = webhook(f"http://127.0.0.1:{receiver.port}/password")
    hook.put(b"first")
    hook.put(b"second")
    assert [receiver.hears()[2] for _ in range(2)] == [b"first", b"second"]
    assert "given up: HTTP status 400" in caplog.text and "password" not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver, webhook, caplog, status):
    receiver.location = f"http://127.0.0.1:{receiver.port}/elsewhere"
    receiver.answers.put(status)
    hook = webhook(f"http://127.0.0.1:{receiver.port}/here")
    hook.put(b"first")
    hook.put(b"second")
    assert [receiver.hears()[0] for _ in range(2)] == ["/here", "/here"]
    assert "redirects are not followed" in caplog.text


def test_a_receiver_that_comes_back_gets_what_waited(webhook):
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    hook = webhook(f"http://127.0.0.1:{port}/")
    hook.put(b"waits")
    assert hook._letters
    server = socket.create_server(("127.0.0.1", port))
    server.settimeout(SOON)
    with server, server.accept()[0] as connection:
        assert connection.recv(9999).startswith(b"POST / HTTP/1.1")
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        until(lambda: not hook._letters)


def test_a_receiver_that_trickles_is_cut_off(webhook, monkeypatch, caplog):
    monkeypatch.setattr(webhooks, "TRY_S", 0.3)
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(SOON)
    with server:
        hook = webhook(f"http://127.0.0.1:{server.getsockname()[1]}/")
        hook.put(b"{}")
        connection, _ = server.accept()
        over = threading.Event()

        def trickle():
            while not over.wait(0.05):
                try:
                    connection.sendall(b"H")
                except OSError:
                    over.set()

        threading.Thread(target=trickle, daemon=True).start()
        assert over.wait(SOON)
        connection.close()
        until(lambda: "said again" in caplog.text)
        hook._letters.clear()


def test_a_full_queue_lets_the_oldest_make_way_and_says_so(webhook, caplog, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(Webhook, "_post", lambda self, letter: gate.wait(SOON) and 204)
    hook = webhook("https://hooks.example/")
    for n in range(webhooks.MOST + 5):
        hook.put(b"%d" % n)
    assert len(hook._letters) == webhooks.MOST and hook._letters[0].body == b"5"
    gate.set()
    until(lambda: not hook._letters)
    assert "5 alerts to hooks.example had to make way" in caplog.text


# -- where it may go


@pytest.mark.parametrize("address", ["169.254.169.254", "127.0.0.1", "10.0.0.1", "192.168.1.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
                                     "::1", "fe80::1", "fd00::1", "::ffff:a9fe:a9fe", "100.64.0.1"])  # fmt: skip
def test_a_name_that_stands_for_an_inner_address_is_never_connected_to(webhook, monkeypatch, caplog, address):
    resolves_to(monkeypatch, "93.184.215.14", address)
    connected = []
    monkeypatch.setattr("socket.create_connection", lambda *given: connected.append(given))
    hook = webhook("https://hooks.example/")
    hook.put(b"{}")
    until(lambda: not hook._letters)
    assert connected == [] and f"it stands for {address}" in caplog.text


def test_a_private_network_is_reached_only_if_it_is_named():
    named = rule("https://hooks.example/", networks=("10.20.0.0/16", "fd00::/8", "169.254.0.0/16"))
    assert named.may_reach(ip_address("10.20.3.4")) and named.may_reach(ip_address("fd00::1"))
    assert not named.may_reach(ip_address("10.21.3.4"))
    assert not named.may_reach(ip_address("169.254.169.254")), "where clouds keep their keys: never"
    assert rule("https://hooks.example/").may_reach(ip_address("93.184.215.14"))
    assert rule("http://localhost/").may_reach(ip_address("127.0.0.1"))


def test_a_name_is_resolved_once_and_that_address_is_connected_to(receiver, webhook, monkeypatch):
    asked = resolves_to(monkeypatch, "127.0.0.1")
    webhook(f"http://localhost:{receiver.port}/").put(b"{}")
    assert receiver.hears()[1]["Host"] == f"localhost:{receiver.port}"
    assert asked == ["localhost"]


def test_by_https_the_certificate_must_be_the_names(webhook, tmp_path, monkeypatch, caplog):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (apt install openssl)")
    certificate, key = certificate_in(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver = Receiver(context)
    unknown = webhook(f"https://127.0.0.1:{receiver.port}/")
    unknown.put(b"to nobody")
    until(lambda: "said again" in caplog.text)
    unknown._letters.clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    webhook(f"https://127.0.0.1:{receiver.port}/").put(b"to whom we know")
    assert receiver.hears()[2] == b"to whom we know"
    receiver.close()


# -- what is worth one


@pytest.fixture
def rack():
    with Rack.simulated(slots=2, speed=100_000.0, seed=7) as rack:
        yield rack


@pytest.fixture
def alerts(rack, receiver, tmp_path):
    """All occasions, to the receiver; full or idle holds at once."""
    with Alerts([rule(f"http://127.0.0.1:{receiver.port}/")], tmp_path, holds_s=0.0) as alerts:
        alerts.follow(rack)
        yield alerts
        rack.close()


def told(receiver, occasion):
    """The next alert, which must be this one."""
    _, _, body = receiver.hears()
    found = json.loads(body)
    assert found["type"] == occasion, found
    return found["data"]


def test_a_verdict_fail_is_told_with_its_job_and_its_drive(rack, alerts, receiver):
    rack.simulation.inject(1, "health_failed")
    job_id = rack.read_health(7, 1)
    data = told(receiver, "verdict_fail")
    assert data["text"].startswith(f"SIMULATED: slot 1: job {job_id} read_health: the drive fails: ")
    assert (data["job"]["id"], data["job"]["client_ref"], data["slot"]["slot_id"]) == (job_id, 7, 1)
    assert data["job"]["drive"]["serial"] == rack.slots()[0].drive.serial
    assert data["simulated"] is True and data["host"] == socket.gethostname()


def test_a_job_without_an_answer_is_told_and_a_cancelled_one_is_not(rack, alerts, receiver):
    rack.simulation.inject(1, "hang")
    cancelled = rack.read_health(1, 1)
    rack.cancel_job(cancelled)
    rack.wait([cancelled], SOON)
    rack.simulation.inject(2, "unreadable")
    failed = rack.read_health(1, 2)
    data = told(receiver, "job_failed")
    assert data["job"]["id"] == failed and "no answer: " in data["text"]


def test_a_drive_that_is_too_hot_is_told_once(rack, alerts, receiver):
    rack.simulation.inject(1, "hot")
    job_id = rack.read_scan(1, 1)
    data = told(receiver, "drive_hot")
    assert data["job"]["id"] == job_id and "hot: " in data["text"]
    rack.cancel_job(job_id)
    rack.wait([job_id], SOON)
    rack.simulation.inject(2, "unreadable")
    rack.read_health(1, 2)
    told(receiver, "job_failed")


def test_a_slot_that_takes_no_job_until_somebody_acts_is_told_once():
    eye = Eye({1: SlotInfo(1, "A1", SlotState.READY, None, None)})

    def seen(state):
        slot = SlotInfo(1, "A1", state, None, None, reason="pull it\n\x1b[2J")
        return [alert.text for alert in eye.see(Event(1, datetime.now(UTC), EventKind.SLOT, slot=slot))]

    assert seen(SlotState.STUCK) == ["slot A1 is stuck: pull it ?[2J"]
    assert seen(SlotState.STUCK) == [] and seen(SlotState.EMPTY) == []
    assert len(seen(SlotState.QUARANTINED)) == 1 and len(seen(SlotState.CONFLICT)) == 1


def test_a_rack_that_becomes_full_and_one_that_becomes_idle_are_told_once(rack, alerts, receiver):
    alerts.look()
    rack.simulation.pull(1)
    until(lambda: rack.slots()[0].drive is None)
    alerts.look()
    rack.simulation.insert(1)
    until(lambda: rack.slots()[0].drive is not None)
    alerts.look()
    alerts.look()
    assert told(receiver, "rack_full")["text"] == "SIMULATED: no slot of 2 is empty"
    job_id = rack.run_smart_test(1, 1, kind="extended")
    alerts.look()
    rack.wait([job_id], SOON)
    alerts.look()
    alerts.look()
    assert told(receiver, "rack_idle")["job"] is None


def test_only_what_a_rule_names_is_told(rack, receiver, tmp_path):
    with Alerts([rule(f"http://127.0.0.1:{receiver.port}/", "verdict_fail")], tmp_path) as alerts:
        alerts.follow(rack)
        rack.simulation.inject(1, "unreadable")
        rack.simulation.inject(2, "health_failed")
        rack.wait([rack.read_health(1, 1), rack.read_health(1, 2)], SOON)
        told(receiver, "verdict_fail")
        rack.close()
    assert receiver.got.empty()


def test_a_receiver_that_hangs_delays_no_job(rack, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rules = [rule(f"http://127.0.0.1:{silent.getsockname()[1]}/")]
        with Alerts(rules, tmp_path) as alerts:
            alerts.follow(rack)
            rack.simulation.inject(1, "health_failed")
            rack.wait([rack.read_health(1, 1) for _ in range(20)], SOON)
            rack.close()


def test_rules_are_taken_over_and_one_that_stays_keeps_what_waits(rack, receiver, tmp_path):
    stays, goes = rule("https://stays.example/"), rule(f"http://127.0.0.1:{receiver.port}/")
    with Alerts([stays], tmp_path) as alerts:
        before = alerts._webhooks[0]
        alerts.take_over([stays, goes])
        assert alerts._webhooks[0] is before
        alerts.take_over([goes])
        alerts.follow(rack)
        rack.simulation.inject(1, "health_failed")
        rack.read_health(1, 1)
        told(receiver, "verdict_fail")
        lacking = AlertSettings(on=("rack_idle",), url="https://h.example/", secret_env="NOT_THERE")  # noqa: S106 -- a name
        with pytest.raises(errors.ConfigError, match="NOT_THERE"):
            alerts.check([lacking])
        rack.close()
