"""The drive access of a simulated rack: reports straight from the models, in host time that may be virtual.

It waits only through the caller's `stop`, so that the seeded scheduler can run it. Every fault of a model is honoured
here as the real tool would show it.
"""

from collections.abc import Callable

from orchestrator.model.drive import Presence
from orchestrator.model.errors import DriveChanged, JobCancelled, Refused, ToolFailed, ToolTimeout
from orchestrator.model.ports import Event
from orchestrator.model.report import SmartReport
from orchestrator.model.self_test import spans_of
from orchestrator.simulated.drive import SLOW_S, DriveModel
from orchestrator.simulated.report import report_of
from orchestrator.simulated.spans import NONE, SPANS, following


class SimulatedAccess:
    """`DriveAccess` over drive models. `find` raises DriveRemoved for a presence that is over."""

    def __init__(
        self, find: Callable[[Presence], DriveModel], *, latency_s: float = 0.0, deadline_s: float = 60.0
    ) -> None:
        """Latency and deadline in host seconds, per call."""
        self._find = find
        self._latency_s = latency_s
        self._deadline_s = deadline_s

    def read(self, presence: Presence, *, quick: bool, stop: Event) -> SmartReport:  # noqa: ARG002
        """As the port says. `quick` changes nothing: no drive database is read here."""
        model = self._reach(presence, stop)
        model.command()
        return report_of(model)

    def start_self_test(self, presence: Presence, kind: str, *, stop: Event, spans: str | None = None) -> None:
        model = self._reach(presence, stop)
        if spans is not None and model.running_kind() is None:
            sectors = model.profile.sectors
            chosen = spans_of(spans) or (following((*model.spans, NONE)[0], sectors),)
            if any(last >= sectors for _, last in chosen):
                raise Refused(f"drive {model.serial} has {sectors} LBAs", serial=model.serial)
            model.spans = (*chosen, *[NONE] * (SPANS - len(chosen)))
        model.start(kind)

    def abort_self_test(self, presence: Presence, *, stop: Event) -> None:
        self._reach(presence, stop).abort()

    def _reach(self, presence: Presence, stop: Event) -> DriveModel:
        """Wait as the drive makes one wait; then the model, if it still is there and answers as itself."""
        model = self._find(presence)
        if "hang" in model.faults:
            self._wait(self._deadline_s, stop)
            self._find(presence)  # pulled meanwhile says more than silent
            raise ToolTimeout(
                f"drive {presence.drive.serial} gave no answer within {self._deadline_s:g} s",
                serial=presence.drive.serial,
            )
        self._wait(SLOW_S if "slow" in model.faults else self._latency_s, stop)
        model = self._find(presence)
        if "unreadable" in model.faults:
            raise ToolFailed(
                f"drive {presence.drive.serial} could not be opened or identified",
                remedy="look at its cable and power; plug it in again",
                serial=presence.drive.serial,
                exit_status=2,
            )
        if "garbage" in model.faults:
            raise ToolFailed(
                f"what drive {presence.drive.serial} answered cannot be read", serial=presence.drive.serial
            )
        if "wrong_serial" in model.faults or model.serial != presence.drive.serial:
            raise DriveChanged(f"another drive answers in the place of {presence.drive.serial}")
        return model

    def _wait(self, seconds: float, stop: Event) -> None:
        if stop.is_set() or (seconds > 0 and stop.wait(seconds)):
            raise JobCancelled("the job was cancelled while its drive was asked")
