"""The web service beside the rack: where it answers, when it does not, and that nothing is left of it."""

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from orchestrator import errors
from orchestrator.interfaces.serve import beside
from orchestrator.interfaces.service import Service
from orchestrator.interfaces.web.tokens import Tokens
from tests.interfaces.conftest import COMMAND
from tests.interfaces.serving import Served, certificate_in
from tests.web.conftest import until

PLAN = """\
plans: {incoming: {on_insert: [read_health], on_start: test}}
plan: incoming
simulated: {slots: 2, speed: 100000}
"""


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(*words, **options):
        environment = {"STATE_DIRECTORY": str(tmp_path), "PATH": "/usr/bin:/bin"}
        started.append(Served(*words, environment=environment, **options))
        return started[-1]

    yield start
    for served in started:
        served.process.kill()
        served.process.communicate(timeout=30)


@pytest.fixture
def refused(tmp_path):
    """What it says of a start that cannot be; exit status and error."""

    def run(*words):
        command = [*COMMAND, "serve", *map(str, words)]
        environment = {"STATE_DIRECTORY": str(tmp_path), "PATH": "/usr/bin:/bin"}
        ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, env=environment)
        return ran.returncode, ran.stdout, ran.stderr

    return run


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def get(url, *, token="", context=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- of a server of ours
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read()


def is_up(url):
    try:
        return get(url)[0] == 200
    except urllib.error.URLError:
        return False


@pytest.mark.timeout(60)
def test_it_says_where_it_answers_and_is_gone_after_the_rack(serve):
    served = serve("--simulated", "--slots", 2, "--http", "127.0.0.1:0")
    url = served.url()
    status, body = get(f"{url}/api/v1/slots")
    assert status == 200 and json.loads(body)["total"] == 2
    assert get(f"{url}/api/v1/health/ready")[0] == 200
    status, took_s = served.stop(signal.SIGTERM)
    assert status == 0 and took_s < 10
    with pytest.raises(urllib.error.URLError):
        get(url)


@pytest.mark.timeout(60)
def test_a_port_that_is_taken_is_said_before_any_plan_begins(refused, taken, tmp_path):
    (tmp_path / "rack.yaml").write_text(PLAN)
    status, said, error = refused("--config", tmp_path / "rack.yaml", "--http", taken)
    assert (status, said) == (1, "")
    assert error == f"{taken} cannot be served: Address already in use; name another port or address\n"


def test_an_address_that_others_reach_takes_tokens(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    service = Service.asked("0.0.0.0:0", (), None, None)
    with pytest.raises(errors.Refused, match="there are no tokens") as caught, service.listening():
        pass
    assert "orchestrator token add" in caught.value.remedy


@pytest.mark.timeout(60)
def test_with_tokens_and_a_certificate_it_lets_in_who_has_one_by_https(serve, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (apt install openssl)")
    certificate, key = certificate_in(tmp_path)
    token = Tokens(tmp_path / "tokens.json").add("bench", ["read"])
    words = ("--tls-certificate", certificate, "--tls-key", key)
    url = serve("--simulated", "--slots", 1, "--http", "127.0.0.1:0", *words).url()
    context = ssl.create_default_context(cafile=certificate)
    assert url.startswith("https://")
    assert get(f"{url}/api/v1/slots", context=context)[0] == 401
    assert get(f"{url}/api/v1/slots", context=context, token=token)[0] == 200


@pytest.mark.timeout(60)
def test_a_log_that_nobody_reads_stops_nobody(serve):
    reading, writing = socket.socketpair()
    with reading, writing:
        writing.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                writing.send(bytes(4096))
        writing.setblocking(True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        served = serve("--simulated", "--slots", 2, "--http", f"127.0.0.1:{port}", stdout=writing)
        until(lambda: is_up(f"http://127.0.0.1:{port}/api/v1/health/ready"))
        status, took_s = served.stop(signal.SIGTERM)
        assert status == 0 and took_s < 15


@pytest.mark.parametrize(
    "wrong", ["8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:80", "1.2.3.4:x", ""]
)
def test_what_is_no_address_is_told(wrong):
    with pytest.raises(errors.InvalidArgument, match="--http is"):
        beside(wrong or ":")


def test_an_address_may_be_of_either_kind():
    assert Service.asked("[::1]:80", (), None, None) == Service("::1", 80)
    assert Service.asked(None, ("rack7",), None, None) == Service("127.0.0.1", 8080, ("rack7",))
    assert Service.asked("none", (), None, None) is None


def test_a_certificate_takes_its_key(tmp_path):
    with pytest.raises(errors.InvalidArgument, match="two files"):
        beside(None, tls_certificate=tmp_path)


def test_without_the_extra_it_is_refused_where_it_was_asked_for_and_else_noted(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(errors.Refused, match="--http needs fastapi") as caught:
        beside("127.0.0.1:8080")
    assert "drive-test-orchestrator[service]" in caught.value.remedy
    around = beside(None)
    assert around.service is None and "drive-test-orchestrator[service]" in around.note
    assert beside("none").note == ""
