"""The service over a simulated rack, in this process or behind a socket, and a client as a page of it would be."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from orchestrator.interfaces.web.app import create_app
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
    """Over a socket."""
    headers = {"authorization": f"Bearer {token}"} if token else {"origin": server.url}
    return httpx.Client(base_url=server.url, headers=headers, trust_env=False, verify=False, timeout=SOON, **options)  # noqa: S501 -- no TLS here, and a context costs 30 ms


class InProcess(httpx.BaseTransport):
    """The application itself, in a loop of its own thread: a server takes 0.2 s to stop."""

    def __init__(self, app, loop):
        self.app, self._loop, self._inner = app, loop, httpx.ASGITransport(app)

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SOON)

    def handle_request(self, request):
        return self.run(self._ask(request))

    async def _ask(self, request):
        answer = await self._inner.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


@contextmanager
def in_process(rack, loop):
    transport = InProcess(create_app(rack), loop)
    lifespan = transport.app.router.lifespan_context(transport.app)
    transport.run(lifespan.__aenter__())
    client = httpx.Client(base_url="http://localhost", transport=transport, headers={"origin": "http://localhost"})
    try:
        yield client
    finally:
        transport.run(lifespan.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def loop():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(SOON)
    loop.close()


@pytest.fixture
def client(rack, loop):
    with in_process(rack, loop) as client:
        yield client


@pytest.fixture
def slow_client(slow_rack, loop):
    with in_process(slow_rack, loop) as client:
        yield client


@pytest.fixture(scope="module")
def shared_client(loop):
    """For what changes nothing."""
    with Rack.simulated(slots=3, seed=7) as rack, in_process(with_operations(rack), loop) as client:
        yield client


@pytest.fixture
def server(rack):
    with serve_http(rack, port=0) as server:
        yield server


@pytest.fixture
def slow_server(slow_rack):
    with serve_http(slow_rack, port=0) as server:
        yield server


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "tokens.json")


def run_apart(coroutine):
    """asyncio.run on a thread of its own: in this one the browser tests' Playwright may keep a loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result(5 * SOON)


def until(condition, what="it", timeout=SOON):
    """Wait for a state that comes without an event of its own."""
    pause, end = threading.Event(), time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {timeout} s"
        pause.wait(0.005)


def start(client, name, slot_id=1, client_ref=1, headers=None, **options):
    body = {"client_ref": client_ref, "slot_id": slot_id, "options": options}
    return client.post(f"/api/v1/operations/{name}", json=body, headers=headers)
