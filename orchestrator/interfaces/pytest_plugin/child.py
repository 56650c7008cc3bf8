"""pytest's side of a run_pytest job: tells it what was collected, what runs, and each test's result.

    collection ──▶ "collected"   each test ──▶ "began", its reports ──case_of──▶ "case"   session's end ──▶ "finished"

Loaded by -p in the process of such a job. SIGTERM ends pytest as Ctrl-C does: what a fixture set up, it tears down.
"""

import dataclasses
import signal
from importlib.metadata import entry_points
from typing import Any

import pytest

from orchestrator.interfaces import pytest_plugin
from orchestrator.interfaces.pytest_plugin import cases
from orchestrator.interfaces.pytest_plugin.suite_rack import LINE, Line
from orchestrator.model.suite import CaseOutcome

_IN_ONE_PROCESS: dict[str, Any] = {"dist": "no", "tx": [], "numprocesses": None}
"""pytest-xdist's options, which the team's ini file may set: there is one drive, and one line to it."""
_SOUND = (CaseOutcome.PASSED, CaseOutcome.SKIPPED)


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """The fixtures are there too where entry points are not loaded, or the package is used from its source."""
    if not pluginmanager.is_registered(pytest_plugin):
        name = pytest_plugin.__name__
        known = (entry.name for entry in entry_points(group="pytest11") if entry.value == name)
        pluginmanager.register(pytest_plugin, next(known, name))  # its own name: pytest 9 looks for it later


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if LINE is not None:
        for name, value in _IN_ONE_PROCESS.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        config.pluginmanager.register(Teller(LINE), "orchestrator-suite")


class Teller:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._reports: dict[str, list[Any]] = {}
        self._param = ""
        """How the tests' ids name the one slot."""
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the worker thread's, whatever that was
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._param = cases.param_of(self._line.ask("slots")[0]["id"])
        self._line.say(say="collected", count=len(session.items))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._line.say(say="began", name=cases.name_of(nodeid, self._param))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.setdefault(report.nodeid, []).append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        reports = self._reports.pop(nodeid, None)
        if not reports:
            return
        case = cases.case_of(reports)
        if case.outcome in _SOUND and not any(map(cases.seen_in, reports)):
            self._line.say(say="apart")
        else:
            self._line.say(say="case", case=dataclasses.asdict(case))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        done = yield
        if self._line.over:
            item.session.shouldstop = self._line.over
        return done

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self._line.say(say="finished", status=int(exitstatus))
