"""The pytest plugin: a test that takes `drive` runs once for each drive of a rack.

    --rack ──▶ Session, once a test wants it ──▶ rack, slot, drive ──▶ reports ──▶ table, JUnit, the rack's history

This module is loaded into every pytest run of an environment that has the package: it imports nothing of it by itself.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from orchestrator.interfaces.pytest_plugin.drive import TestDrive
    from orchestrator.interfaces.pytest_plugin.racks import UsedRack
    from orchestrator.interfaces.pytest_plugin.session import Session
    from orchestrator.model.slot import SlotInfo

SESSION = "_rack_session"
"""The fixture behind the three below; a test that takes a `rack` of its own does not have it."""
SLOT = "_rack_slot"
"""The fixture behind `slot` and `drive`, which is parametrized."""
NO_RACK = (
    "a test takes a drive, and no rack was named; say --rack FILE, --rack URL or --rack simulated, or put `rack = ...` "
    "into pytest's ini file"
)
KEY = pytest.StashKey["Session"]()
MARKER = (
    "drive(protocol=None, min_capacity=None, max_capacity=None, model=None): for which drives of the rack a test is, "
    'such as drive(protocol="nvme", min_capacity="1TB", model="ST*"); without it, for each'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rack", "a rack of drives (drive-test-orchestrator)")
    group.addoption("--rack", metavar="FILE|URL|simulated", help="the rack whose drives are tested: a rack file, the "
                    "address of a service, or simulated[:slots=8,speed=1000,seed=0,3=self_test_failure]")  # fmt: skip
    group.addoption("--rack-token-file", metavar="FILE", help="the service's token; else ORCHESTRATOR_TOKEN is it")
    group.addoption("--rack-cafile", metavar="FILE", help="the authority that signed the service's certificate (PEM)")
    group.addoption("--rack-no-record", action="store_true", help="keep the results out of the rack's history")
    parser.addini("rack", "as --rack; a file is relative to this one")
    parser.addini("rack_simulated", "what `simulated` is like: slots=8,speed=1000,seed=0,3=self_test_failure")
    parser.addini("rack_record", "whether the results go into the rack's history", type="bool", default=True)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_report_header(config: pytest.Config) -> str | None:
    return f"rack: {named(config)}" if named(config) else None


def named(config: pytest.Config) -> str:
    """What --rack or the ini file says; "" where neither does."""
    return config.getoption("--rack") or config.getini("rack") or ""


def session_of(config: pytest.Config) -> "Session":
    """Made at the first call; the rack is opened later."""
    if KEY not in config.stash:
        from orchestrator.interfaces.pytest_plugin.session import begin

        config.stash[KEY] = begin(config, named(config))
    return config.stash[KEY]


# -- what a test may take


@pytest.fixture(scope="session")
def _rack_session(pytestconfig: pytest.Config) -> "Session":
    if not named(pytestconfig):
        pytest.fail(NO_RACK, pytrace=False)
    return session_of(pytestconfig)


@pytest.fixture(scope="session")
def _rack_slot(request: pytest.FixtureRequest) -> int:
    if not hasattr(request, "param"):
        pytest.fail("`slot` and `drive` are arguments of a test or of its fixtures, not for getfixturevalue", False)
    return int(request.param)


@pytest.fixture(scope="session")
def rack(_rack_session: "Session") -> "UsedRack":
    """The rack: `Rack`, or `RemoteRack` for a service and in a worker of pytest-xdist."""
    return _rack_session.rack


@pytest.fixture(scope="session")
def slot(_rack_session: "Session", _rack_slot: int) -> "SlotInfo":
    """The slot that is tested, as it was when the tests were collected."""
    return _rack_session.slot(_rack_slot)


@pytest.fixture(scope="session")
def drive(_rack_session: "Session", _rack_slot: int) -> "TestDrive":
    """The drive that is tested: its operations run as jobs of the rack, its measurements belong to the test."""
    return _rack_session.drive(_rack_slot)


# -- which tests there are


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if SLOT not in metafunc.fixturenames:
        return
    if named(metafunc.config):
        params = session_of(metafunc.config).params(metafunc.definition.iter_markers("drive"))
    else:  # said at the end of the collection, if the test is still among those wanted
        params = [pytest.param(0, id="no-rack")]
    metafunc.parametrize(SLOT, params, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = any({SESSION, SLOT} & set(getattr(item, "fixturenames", ())) for item in session.items)
    if wanted and not hasattr(session.config, "workerinput"):  # a worker's tests say it one by one
        trouble = session_of(session.config).trouble if named(session.config) else NO_RACK
        if trouble:
            raise pytest.UsageError(trouble)


# -- pytest-xdist: one process has the rack, and its workers ask that one


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """The tests of a slot stay together, where nobody chose otherwise."""
    if named(config) and config.getoption("numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadgroup"
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if named(config) and config.pluginmanager.hasplugin("dsession"):
        session_of(config).serve()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if KEY not in config.stash or config.option.dist != "loadgroup":
        return None
    from orchestrator.interfaces.pytest_plugin.scheduling import SlotScheduling

    return SlotScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    if KEY in node.config.stash:
        node.workerinput.update(node.config.stash[KEY].for_worker(node.gateway.id))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if KEY in node.config.stash:
        node.config.stash[KEY].forget_worker(node.gateway.id)
