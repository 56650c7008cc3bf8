"""A service on this host's loopback, over a simulated rack, with a client that sends what a page of it would."""

import threading
import time

import httpx
import pytest

from orchestrator.interfaces.web.server import serve_http
from orchestrator.interfaces.web.tokens import Tokens
from orchestrator.rack import Rack
from tests.simulation.racks import stumble, two_steps, walk

SOON = 20.0


def with_operations(rack):
    """Also those that the tests declare."""
    rack._door.operations |= {op.name: op for op in (walk, two_steps, stumble)}
    return rack


@pytest.fixture
def rack():
    with Rack.simulated(slots=3, speed=100_000.0, seed=7) as rack:
        yield with_operations(rack)


@pytest.fixture
def slow_rack():
    """Three slots in which an extended self-test outlasts any test."""
    with Rack.simulated(slots=3, speed=100.0, seed=7) as rack:
        yield with_operations(rack)


def client_of(server, token="", **options):
    headers = {"authorization": f"Bearer {token}"} if token else {"origin": server.url}
    return httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=SOON, **options)


@pytest.fixture
def server(rack):
    with serve_http(rack, port=0) as server:
        yield server


@pytest.fixture
def client(server):
    with client_of(server) as client:
        yield client


@pytest.fixture(scope="module")
def shared_client():
    """For what changes nothing: a server takes 0.2 s to stop."""
    with Rack.simulated(slots=3, seed=7) as rack, serve_http(with_operations(rack), port=0) as server:
        with client_of(server) as client:
            yield client


@pytest.fixture
def slow_server(slow_rack):
    with serve_http(slow_rack, port=0) as server:
        yield server


@pytest.fixture
def slow_client(slow_server):
    with client_of(slow_server) as client:
        yield client


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "tokens.json")


def until(condition, what="it", timeout=SOON):
    """Wait for a state that comes without an event of its own."""
    pause, end = threading.Event(), time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {timeout} s"
        pause.wait(0.005)


def start(client, name, slot_id=1, client_ref=1, headers=None, **options):
    body = {"client_ref": client_ref, "slot_id": slot_id, "options": options}
    return client.post(f"/api/v1/operations/{name}", json=body, headers=headers)
