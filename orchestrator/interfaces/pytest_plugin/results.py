"""What a session found out: gathered from the reports, kept in the rack's history, and shown as a table by slot.

    reports (of the workers too) ──by slot and test──▶ cases ──┬──▶ record_tests, a job a slot
                                                               └──▶ terminal: no answers, the table

For JUnit each report has it as properties.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.interfaces.outcome import printable
from orchestrator.interfaces.pytest_plugin.cases import Seen, case_of, is_without_answer, seen_in, slot_in, text_of
from orchestrator.interfaces.pytest_plugin.recording import record
from orchestrator.interfaces.table import plain_table
from orchestrator.model.measurement import Measurement
from orchestrator.model.suite import CaseOutcome, CaseResult

if TYPE_CHECKING:
    from orchestrator.interfaces.pytest_plugin.session import Session

HEADS = ("slot", "serial", "model", "passed", "failed", "no answer", "error", "skipped", "first failure")
LONGEST = 120
"""Characters of the last column; the report above has all of it."""
_COUNTED = (CaseOutcome.PASSED, CaseOutcome.FAILED, CaseOutcome.NO_ANSWER, CaseOutcome.ERROR, CaseOutcome.SKIPPED)
_WORST = (CaseOutcome.FAILED, CaseOutcome.NO_ANSWER, CaseOutcome.ERROR)


def properties(seen: Seen, without_answer: bool) -> list[tuple[str, str]]:
    """As JUnit shows them."""
    found = [("slot", str(seen.slot_id)), ("label", seen.label), ("serial", seen.serial), ("model", seen.model)]
    found += [("jobs", " ".join(map(str, seen.jobs)))] if seen.jobs else []
    for measured in seen.measurements:
        found.append((f"measure:{measured.name}", f"{measured.value!r} {measured.unit}".strip()))
        found += [(f"limits:{measured.name}", _limits(measured))] if measured.has_limits else []
    return [*found, ("outcome", CaseOutcome.NO_ANSWER.value)] if without_answer else found


def _limits(measured: Measurement) -> str:
    parts = (("at least", measured.at_least), ("at most", measured.at_most))
    return ", ".join(f"{words} {limit!r}" for words, limit in parts if limit is not None)


@dataclass(slots=True)
class Tested:
    """One slot's tests."""

    seen: Seen
    """Of its newest report."""
    tests: dict[str, list[Any]] = field(default_factory=dict)
    """The reports, by node id."""

    @property
    def cases(self) -> tuple[CaseResult, ...]:
        return tuple(case_of(reports) for reports in self.tests.values())


class Results:
    """Of the one process, or of the one that has the workers."""

    def __init__(self, session: "Session", config: pytest.Config) -> None:
        self._session, self._config = session, config
        self._tested: dict[int, Tested] = {}
        self._not_recorded: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seen = seen_in(report) or self._seen_by_crash(report)
        if seen is None:
            return
        tested = self._tested.setdefault(seen.slot_id, Tested(seen))
        tested.tests.setdefault(report.nodeid, []).append(report)

    def _seen_by_crash(self, report: pytest.TestReport) -> Seen | None:
        """Of a test whose worker is gone: xdist knows its name alone."""
        if report.when in ("setup", "call", "teardown") or (slot_id := slot_in(report.nodeid)) is None:
            return None
        held = (slot for slot in self._session.slots if slot.id == slot_id and slot.drive)
        return next(
            (Seen(slot.id, slot.label, slot.drive.serial, slot.drive.model) for slot in held if slot.drive), None
        )

    def pytest_report_teststatus(self, report: Any) -> Any:
        if not is_without_answer(report):
            return None
        return "no answer", "N", ("NO ANSWER", {"purple": True})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self._session.cancel_open_jobs()
        if self._tested and not self._config.getoption("--rack-no-record") and self._config.getini("rack_record"):
            results = {slot_id: (tested.seen, tested.cases) for slot_id, tested in sorted(self._tested.items())}
            self._not_recorded = record(self._session.rack, self._session.client_ref, results)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._tested or self._config.get_verbosity() < -1:
            return
        self._show_without_answer(terminalreporter)
        mark = "SIMULATED rack: no drive in it is real" if self._session.is_simulated else "rack"
        terminalreporter.section(mark)
        rows = [list(self._row(tested)) for _, tested in sorted(self._tested.items())]
        for line in plain_table(HEADS, rows).splitlines():
            terminalreporter.write_line(line)
        for report in terminalreporter.stats.get("no answer", []):  # as pytest has a line for each that failed
            terminalreporter.write_line(f"NO ANSWER {report.nodeid} - {printable(text_of(report))}", purple=True)
        for text in self._not_recorded:
            terminalreporter.write_line(f"not recorded: {printable(text)}", yellow=True)

    def _row(self, tested: Tested) -> Iterator[str]:
        cases, seen = tested.cases, tested.seen
        yield printable(seen.place)
        yield printable(seen.serial)
        yield printable(seen.model)
        yield from (str(sum(case.outcome is outcome for case in cases)) for outcome in _COUNTED)
        yield _first(cases)

    def _show_without_answer(self, terminalreporter: Any) -> None:
        reports = terminalreporter.stats.get("no answer", [])
        if not reports or self._config.option.tbstyle == "no":
            return
        terminalreporter.section("NO ANSWER: nothing is known of the drive")
        for report in reports:
            if self._config.option.tbstyle == "line":
                terminalreporter.write_line(f"{report.nodeid}: {printable(text_of(report))}")
                continue
            terminalreporter.write_sep("_", report.head_line or report.nodeid, purple=True)
            terminalreporter.write_line(report.longreprtext)
            for title, text in report.sections:
                terminalreporter.write_sep("-", title)
                terminalreporter.write_line(text.rstrip("\n"))


def _first(cases: Sequence[CaseResult]) -> str:
    for outcome in _WORST:
        for case in cases:
            if case.outcome is outcome:
                text = printable(f"{case.name.rpartition('::')[2]}: {case.text}")
                return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    return ""
