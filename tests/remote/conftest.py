"""Racks behind a real socket, and the product's own client at the other end of it.

ORCHESTRATOR_FULL=1 runs the contract in all its cases, and not in the first of each alone.
"""

import asyncio
import inspect
import os
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from orchestrator.interfaces.web.app import create_app
from orchestrator.interfaces.web.server import listen
from orchestrator.rack import Rack
from orchestrator.remote.rack import RemoteRack
from tests import test_contract
from tests.web.conftest import SOON, with_operations

PATIENCE_S = 5.0
FACES = [Path(__file__).with_name(name) for name in ("test_contract.py", "test_contract_by_command.py")]
RACKS = {"rack", "slow_rack", "listed"}


def pytest_collection_modifyitems(config, items):
    if os.environ.get("ORCHESTRATOR_FULL"):
        return
    of_contract = [item for item in items if item.path in FACES and hasattr(test_contract, item.originalname)]
    spare = [item for item in of_contract if "listed" not in item.fixturenames and is_further(item)]
    items[:] = [item for item in items if item not in spare]
    config.hook.pytest_deselected(items=spare)


def is_further(item):
    return hasattr(item, "callspec") and any(item.callspec.indices.values())


def contract(*told_otherwise):
    """The tests of the contract that work on any rack, but for these, by name."""
    tests = {name: test for name, test in vars(test_contract).items() if name.startswith("test_")}
    assert set(told_otherwise) <= tests.keys(), "what is left out is no longer in the contract"
    return {
        name: test
        for name, test in tests.items()
        if name not in told_otherwise and RACKS & inspect.signature(test).parameters.keys()
    }


class Served:
    """One server for all tests, since one takes 0.2 s to stop; behind it stands the rack of the test."""

    def __init__(self):
        self.app: Any = None
        self._up, self._loop = threading.Event(), None
        self._bound = listen("127.0.0.1", 0, None)
        config = uvicorn.Config(self._answer, access_log=False, interface="asgi3", lifespan="on", log_config=None)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._bound],), daemon=True)
        self._thread.start()
        assert self._up.wait(SOON)
        self.url = f"http://127.0.0.1:{self._bound.getsockname()[1]}"

    async def _answer(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            self._loop = asyncio.get_running_loop()
            await send({"type": "lifespan.startup.complete"})
            self._up.set()
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await self.app(scope, receive, send)

    @contextmanager
    def over(self, rack, **options):
        app = create_app(rack, **options)
        lifespan = app.router.lifespan_context(app)
        self._run(lifespan.__aenter__())
        before, self.app = self.app, app
        try:
            yield self.url
        finally:
            self.app = before
            self._run(lifespan.__aexit__(None, None, None))

    def stop(self):
        self._server.should_exit = True
        self._thread.join(SOON)
        self._bound.close()

    def _run(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SOON)


class ByHttp(RemoteRack):
    """What happens to drives still goes through the simulation, which is no part of the service."""

    ids: Sequence[int] = ()

    def __init__(self, url, rack, **options):
        super().__init__(url, timeout=PATIENCE_S, **options)
        self.simulation = rack.simulation


@pytest.fixture(scope="session")
def served():
    served = Served()
    yield served
    served.stop()


@pytest.fixture
def near():
    """The rack itself: three slots in which a short self-test takes about a millisecond."""
    with Rack.simulated(slots=3, speed=100_000.0, seed=7) as rack:
        yield with_operations(rack)


@pytest.fixture
def slow_near():
    """Three slots in which an extended self-test outlasts any test."""
    with Rack.simulated(slots=3, speed=100.0, seed=7) as rack:
        yield with_operations(rack)


@pytest.fixture
def rack(near, served):
    with served.over(near) as url, ByHttp(url, near) as rack:
        yield rack


@pytest.fixture
def slow_rack(slow_near, served):
    with served.over(slow_near) as url, ByHttp(url, slow_near) as rack:
        yield rack
