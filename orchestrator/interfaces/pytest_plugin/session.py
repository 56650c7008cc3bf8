"""One pytest session's rack: opened once, its slots as they were then, and what the running test did so far.

the only process:    opens the rack                                    gathers the reports
xdist's controller:  opens the rack, serves it to this host            gathers the reports
xdist's worker:      asks that service (or the one that was named)     its reports go to the controller
"""

import fcntl
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from orchestrator.interfaces.outcome import GOOD, reasons_text
from orchestrator.interfaces.pytest_plugin import SLOT, marker
from orchestrator.interfaces.pytest_plugin.cases import Blame, Seen, attach, blame_of, param_of
from orchestrator.interfaces.pytest_plugin.drive import Notes, TestDrive
from orchestrator.interfaces.pytest_plugin.racks import UsedRack, Wanted, open_rack
from orchestrator.interfaces.pytest_plugin.results import Results, properties
from orchestrator.interfaces.pytest_plugin.workers import Served, joined, serve
from orchestrator.model.errors import InvalidArgument, OrchestratorError, RackClosed
from orchestrator.model.slot import SlotInfo


def begin(config: pytest.Config, text: str) -> "Session":
    """From now on pytest tells it what happens. `text`: as --rack has it."""
    session = Session(config, text)
    config.pluginmanager.register(session, "rack-session")
    if not session.is_worker:
        config.pluginmanager.register(Results(session, config), "rack-results")
    return session


class Session:
    def __init__(self, config: pytest.Config, text: str) -> None:
        self._config, self._wanted = config, _wanted(config, text)
        self._given: dict[str, Any] = getattr(config, "workerinput", {})
        self._opened: UsedRack | None = None
        self._slots: tuple[SlotInfo, ...] = ()
        self._trouble = ""
        self._served: Served | None = None
        self._closing = ExitStack()
        self._drives: dict[int, TestDrive] = {}
        self._notes: Notes | None = None
        self._refs: dict[str, int] = {}
        self.client_ref: int = self._given.get("rack_client_ref", secrets.randbits(48) << 12)
        """Of every job of this process."""

    @property
    def is_worker(self) -> bool:
        return hasattr(self._config, "workerinput")

    @property
    def is_simulated(self) -> bool:
        return self._opened is not None and self._opened.is_simulated

    @property
    def trouble(self) -> str:
        """Why there is no rack; "" where there is one. Opens it at the first call."""
        if self._opened is None and not self._trouble:
            try:
                self._opened = self._closing.enter_context(_closed(self._open()))
                self._slots = joined(self._given) or self._opened.slots()
            except OrchestratorError as exc:
                self._trouble = f"{exc}; {exc.remedy}" if exc.remedy else str(exc)
        return self._trouble

    def _open(self) -> UsedRack:
        if not self.is_worker:
            return open_rack(self._wanted)
        from orchestrator.remote.rack import RemoteRack

        if "rack_url" not in self._given:
            raise RackClosed("this worker was told of no rack")
        return RemoteRack(self._given["rack_url"], token=self._given["rack_token"] or None, cafile=self._wanted.cafile)

    @property
    def rack(self) -> UsedRack:
        if self.trouble or self._opened is None:
            pytest.fail(self._trouble, pytrace=False)
        return self._opened

    @property
    def slots(self) -> tuple[SlotInfo, ...]:
        """As they were when the rack was opened; all workers have the same."""
        return self._slots

    def slot(self, slot_id: int) -> SlotInfo:
        _ = self.rack
        return next(slot for slot in self._slots if slot.id == slot_id)

    def drive(self, slot_id: int) -> TestDrive:
        if slot_id not in self._drives:
            self._drives[slot_id] = TestDrive(self.rack, self.slot(slot_id), self.client_ref, self._running)
        return self._drives[slot_id]

    def _running(self) -> Notes:
        if self._notes is None:
            raise InvalidArgument("no test runs; a drive is used by a test, or by the fixtures of one")
        return self._notes

    # -- collection

    def params(self, marks: Iterable[pytest.Mark]) -> list[Any]:
        """A parameter for each slot that a test with these marks is for; else one that is skipped, with the reason."""
        try:
            wanted = marker.conditions(marks)
        except InvalidArgument as exc:
            pytest.fail(f"{exc}; {exc.remedy}" if exc.remedy else str(exc), pytrace=False)
        if self.trouble:  # told at the end of the collection
            return [pytest.param(0, id="no-rack")]
        found = marker.fitting(self._slots, wanted)
        if not found:
            skip = pytest.mark.skip(reason=marker.why_none(self._slots, wanted))
            return [pytest.param(0, id="no-drive", marks=skip)]
        return [pytest.param(slot.id, id=param_of(slot.id)) for slot in found]

    # -- tests

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        callspec = getattr(item, "callspec", None)
        slot_id = callspec.params.get(SLOT) if callspec else None
        if not slot_id or not self._slots:
            return (yield)
        with self._turn(slot_id):
            self._notes = Notes(self.slot(slot_id))
            try:
                return (yield)
            finally:
                self._notes = None

    def _turn(self, slot_id: int) -> Any:
        """One test at a time on a slot, whatever the workers were given."""
        folder = self._given.get("rack_folder")
        return _locked(Path(folder) / param_of(slot_id)) if folder else nullcontext()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        notes = self._notes
        if notes is not None and getattr(item, "callspec", None):
            error = call.excinfo.value if call.excinfo else None
            blame = blame_of(error, broke_off=notes.broke_off) if report.failed else Blame.NOTHING
            notes.without_answer |= blame is Blame.NO_ANSWER
            notes.broke_off = False
            slot = notes.slot
            bad = self._judged_badly(notes.jobs) if report.failed else []
            report.sections += [("what the drive's jobs found", "\n".join(bad))] if bad else []
            seen = Seen(
                slot.id,
                slot.label,
                slot.drive.serial if slot.drive else "",
                slot.drive.model if slot.drive else "",
                tuple(notes.measurements),
                tuple(notes.jobs),
                blame,
                bad[-1] if bad else "",
            )
            attach(report, seen)
            report.user_properties = [*report.user_properties, *properties(seen, notes.without_answer)]
        return report

    def _judged_badly(self, job_ids: Iterable[int]) -> list[str]:
        """A sentence for each of these jobs that ended with a bad verdict: `assert False` does not say why."""
        found = []
        for job_id in job_ids:
            with suppress(OrchestratorError):
                job = self.rack.get_job_status(job_id)
                if job.verdict is not None and job.verdict.status not in GOOD:
                    found.append(f"job {job.id}, {job.name}: {job.verdict.status}: {reasons_text(job.verdict)}")
        return found

    # -- pytest-xdist's controller

    def serve(self) -> None:
        """Open the rack, and make it one that workers can ask. Raises UsageError."""
        if self.trouble or self._opened is None:
            raise pytest.UsageError(self._trouble)
        try:
            self._served = self._closing.enter_context(serve(self._opened, self._wanted))
        except OrchestratorError as exc:
            raise pytest.UsageError(f"{exc}; {exc.remedy}" if exc.remedy else str(exc)) from exc

    def for_worker(self, name: str) -> dict[str, Any]:
        if self._served is None:
            return {}
        self._refs[name] = self.client_ref + 1 + len(self._refs)
        return self._served.input(self._slots) | {"rack_client_ref": self._refs[name]}

    def forget_worker(self, name: str) -> None:
        """It has ended: what it still had running is cancelled, so that the slot is free for the next test."""
        self._cancel({self._refs.get(name, -1)})

    def cancel_open_jobs(self) -> None:
        """Those of this session: a worker that was torn away may have left some."""
        self._cancel({self.client_ref, *self._refs.values()})

    def _cancel(self, client_refs: set[int]) -> None:
        if self._opened is None:
            return
        try:
            for job in self._opened.open_jobs():
                if job.client_ref in client_refs:
                    self._opened.cancel_job(job.id)
        except OrchestratorError as exc:
            self._config.issue_config_time_warning(UserWarning(f"jobs of this session may still run: {exc}"), 2)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self._closing.close()


@contextmanager
def _closed(rack: UsedRack) -> Iterator[UsedRack]:
    try:
        yield rack
    finally:
        rack.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wanted(config: pytest.Config, text: str) -> Wanted:
    """Paths of the ini file are beside it, those of the command line are where pytest was called."""
    here = config.invocation_params.dir
    base = here if config.getoption("--rack") or config.inipath is None else config.inipath.parent
    is_file = not text.startswith(("http://", "https://", "simulated:", "suite:")) and text != "simulated"
    files = (cast("str | None", config.getoption(name)) for name in ("--rack-token-file", "--rack-cafile"))
    token_file, cafile = (here / file if file else None for file in files)
    return Wanted(str(base / text) if is_file else text, str(config.getini("rack_simulated")), token_file, cafile)
