"""`drive`: the drive of one slot as a test has it. What it does is a job of the rack, and the test waits for its end.

drive.run_smart_test() ──start──▶ job ──result──▶ True, False, or the error
                                   ▲
            Ctrl-C, a time limit ──┘ cancels it, and waits for its end
"""

import difflib
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, cast

import pytest

from orchestrator.interfaces.pytest_plugin.racks import UsedRack
from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.errors import DriveChanged, DriveRemoved, InvalidArgument, OrchestratorError
from orchestrator.model.measurement import Measurement
from orchestrator.model.scan import ScanResult
from orchestrator.model.slot import SlotInfo
from orchestrator.model.verdict import Verdict

CANCEL_S = 12.0
"""Host seconds for a cancelled job to end; it does within 10."""


@dataclass(slots=True)
class Notes:
    """What one test did so far."""

    slot: SlotInfo
    measurements: list[Measurement] = field(default_factory=list)
    jobs: list[int] = field(default_factory=list)
    broke_off: bool = False
    """It was torn away from a job it waited for."""
    without_answer: bool = False
    """One of its phases ended so."""


class TestDrive:
    """Its methods block until the job has ended, and return or raise as the operation does when called by itself.

    A self-test that fails is False. A drive that is gone, a tool that broke, a start that was refused are raised: a
    NoAnswer or a Refused, which say nothing of the drive's health.
    """

    __test__ = False

    def __init__(self, rack: UsedRack, slot: SlotInfo, client_ref: int, notes: Callable[[], Notes]) -> None:
        if slot.drive is None:
            raise DriveRemoved(f"slot {slot.id} ({slot.label}) was empty when the tests were collected")
        self._rack, self._client_ref, self._notes = rack, client_ref, notes
        self.slot = slot
        """As it was when the tests were collected."""
        self.info: Drive = slot.drive

    def __repr__(self) -> str:
        return f"<drive {self.serial} in slot {self.slot.id}>"

    @property
    def serial(self) -> str:
        return self.info.serial

    @property
    def model(self) -> str:
        return self.info.model

    @property
    def protocol(self) -> Protocol | None:
        return self.info.protocol

    @property
    def capacity_bytes(self) -> int | None:
        return self.info.capacity_bytes

    @property
    def jobs(self) -> tuple[int, ...]:
        """The ids of the jobs that this test started so far."""
        return tuple(self._notes().jobs)

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What this test measured so far."""
        return tuple(self._notes().measurements)

    # -- operations; every other one of the rack's is there by its name too

    def run_smart_test(self, **options: Any) -> bool:
        """The drive's own self-test. Options and errors: orchestrator/operations/self_test.py."""
        __tracebackhide__ = True
        return bool(self.run("run_smart_test", **options))

    def read_scan(self, **options: Any) -> ScanResult:
        """Read all of the drive, or a range. Options and errors: orchestrator/operations/read_scan.py."""
        __tracebackhide__ = True
        return cast(ScanResult, self.run("read_scan", **options))

    def read_health(self) -> Verdict:
        """What the drive says of itself, judged: pass, warn, fail or unknown."""
        __tracebackhide__ = True
        return cast(Verdict, self.run("read_health"))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        __tracebackhide__ = True
        known = () if name.startswith("_") else tuple(self._rack.operations)
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(f"a drive has no {name!r}, and this rack no operation of that name{meant}")

        def run(**options: Any) -> Any:
            __tracebackhide__ = True
            return self.run(name, **options)

        return run

    def run(self, name: str, **options: Any) -> Any:
        """Any operation of the rack, by its name: its answer. Blocks until its job has ended.

        Raises:
            UnknownOperation, InvalidArgument: the call itself is wrong.
            DriveRemoved, DriveChanged: not the drive that this test was collected for.
            Refused, and the job's own NoAnswer.
        """
        __tracebackhide__ = True
        try:
            self._check(next((now for now in self._rack.slots() if now.id == self.slot.id), self.slot))
            with _signals_wait():
                job_id = self._rack.start(name, self._client_ref, self.slot.id, **options)
                self._notes().jobs.append(job_id)
            return self._wait(name, job_id)
        except OrchestratorError as exc:
            if exc.remedy:
                exc.add_note(f"remedy: {exc.remedy}")
            raise exc.with_traceback(None) from None  # the rack's own lines tell a test's author nothing
        except pytest.fail.Exception as exc:  # a time limit ran out
            raise exc.with_traceback(None) from None

    def _check(self, now: SlotInfo) -> None:
        if now.drive is None:
            raise DriveRemoved(f"slot {now.id} ({now.label}): {self.serial} is not there any more", serial=self.serial)
        self._same(now.drive)

    def _same(self, drive: Drive | None) -> None:
        if drive is not None and drive.serial != self.serial:
            where = f"slot {self.slot.id} ({self.slot.label})"
            raise DriveChanged(f"{where}: {drive.serial} is in the place of {self.serial}", serial=self.serial)

    def _wait(self, name: str, job_id: int) -> Any:
        try:
            self._same(self._rack.get_job_status(job_id).drive)
            return self._rack.result(name, job_id, None)
        except DriveChanged:
            self._end(job_id)  # does nothing where the job itself found that out
            raise
        except OrchestratorError:
            raise
        except BaseException:
            self._notes().broke_off = True
            self._end(job_id)
            raise

    def _end(self, job_id: int) -> None:
        with suppress(OrchestratorError):
            self._rack.cancel_job(job_id)
            self._rack.wait([job_id], CANCEL_S)

    # -- measurements

    def measure(
        self,
        name: str,
        value: float,
        unit: str = "",
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> Measurement:
        """Record a number that the test found; a limit belongs to its range.

        Raises AssertionError where it is outside: it is recorded all the same. InvalidArgument for what is no number.
        """
        __tracebackhide__ = True
        if not isinstance(name, str) or not name.strip():
            raise InvalidArgument(f"a measurement's name is a text, not {name!r}")
        numbers = [_number(name, number) for number in (value, at_least, at_most)]
        if numbers[0] is None:
            raise InvalidArgument(f"{name} is None; a measurement is a number")
        measured = Measurement(name, numbers[0], str(unit), numbers[1], numbers[2])
        self._notes().measurements.append(measured)
        if not measured.is_within:
            raise AssertionError(str(measured))
        return measured


def _number(name: str, given: Any) -> float | None:
    """Also numpy's and Decimal; None stays."""
    if given is None or type(given) in (int, float):
        return cast("float | None", given)
    try:
        if isinstance(given, str | bytes | bool):
            raise TypeError
        return float(given)
    except (TypeError, ValueError):
        raise InvalidArgument(f"{name}: {given!r} is no number") from None


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Ctrl-C and a time limit count when this is over, since nobody can cancel a job without its id; a second one at
    once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))
        if len(came) > 1:
            obey(number, frame)

    def obey(number: int, frame: FrameType | None) -> None:
        if callable(handler := before[number]):
            handler(number, frame)

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)}
    before: dict[int, Any] = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in before:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if len(came) == 1:
        obey(*came[0])
