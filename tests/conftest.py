"""What holds for every test: where everything is installed, as in CI, a skip is a failure.

ORCHESTRATOR_NO_SKIP=1 says so. A test that is expected to fail (xfail) is no skip.
"""

import os
from collections.abc import Generator

import pytest

pytest_plugins = ["pytester"]  # here, since pytest takes it from the topmost conftest alone
NO_SKIP = bool(os.environ.get("ORCHESTRATOR_NO_SKIP"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", _accusation(item.nodeid, report.longrepr)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if NO_SKIP and report.skipped:
        report.outcome, report.longrepr = "failed", _accusation(collector.nodeid, report.longrepr)
    return report


def _accusation(nodeid: str, reason: object) -> str:
    said = reason[2] if isinstance(reason, tuple) else reason
    return f"{nodeid} was skipped, and with ORCHESTRATOR_NO_SKIP a skip is a failure: {said}"
