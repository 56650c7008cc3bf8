"""The surfaces and locate LEDs of a simulated rack: what a scan would find, without a byte of it being read.

A percent of the drive a call, and one sleep for it: so a scan of 20 TB holds at any speed. It waits only through the
caller's `stop`, so that the seeded scheduler can run it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Presence
from orchestrator.model.errors import JobCancelled, ToolFailed, ToolTimeout
from orchestrator.model.ports import Event
from orchestrator.model.scan import PLACE_BYTES, Stretch
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import SECTOR_BYTES

_BLOCK_SECTORS = (1 << 20) // SECTOR_BYTES
_PLACE_SECTORS = PLACE_BYTES // SECTOR_BYTES
RETRIES_S = 7.0
"""Rack seconds that a disk tries to read one bad place (the usual limit of error recovery control)."""


class SimulatedSurfaces:
    """`Surfaces` over drive models. `find` raises DriveRemoved for a presence that is over."""

    def __init__(self, find: Callable[[Presence], DriveModel], clock: RackClock, *, deadline_s: float = 60.0) -> None:
        """`deadline_s`: host seconds that a hanging drive is waited for."""
        self._find, self._clock, self._deadline_s = find, clock, deadline_s

    def open(self, presence: Presence, *, stop: Event) -> "SimulatedSurface":
        model = self.reach(presence, stop)
        if "unreadable" in model.faults:
            raise ToolFailed(
                f"{presence.drive.serial} cannot be opened: Input/output error",
                remedy="look at its cable and power; plug it in again",
                serial=presence.drive.serial,
            )
        return SimulatedSurface(self, presence, stop, model.profile.sectors)

    def reach(self, presence: Presence, stop: Event) -> DriveModel:
        """The model, if it still is there; as long as a hanging drive makes one wait."""
        model = self._find(presence)
        if "hang" in model.faults:
            self._wait(self._deadline_s, stop)
            self._find(presence)  # pulled meanwhile says more than silent
            text = f"a read of {presence.drive.serial} gave no answer within {self._deadline_s:g} s and was killed"
            raise ToolTimeout(text, serial=presence.drive.serial)
        return model

    def spend(self, rack_s: float, stop: Event) -> None:
        self._wait(self._clock.host_s(rack_s), stop)

    def _wait(self, seconds: float, stop: Event) -> None:
        if stop.is_set() or (seconds > 0 and stop.wait(seconds)):
            raise JobCancelled("the job was cancelled while its drive was read")


@dataclass(frozen=True, slots=True)
class SimulatedSurface:
    _surfaces: SimulatedSurfaces
    _presence: Presence
    _stop: Event
    sectors: int
    sector_bytes: int = SECTOR_BYTES

    def read(self, lba: int, end_lba: int) -> Stretch:
        surfaces, stop = self._surfaces, self._stop
        end = min(end_lba, lba + -(-self.sectors // 100))
        model = surfaces.reach(self._presence, stop)
        model.command()
        bad = sorted({max(lba, wrong - wrong % _PLACE_SECTORS) for wrong in model.bad_lbas if lba <= wrong < end})
        speed = model.bytes_per_s(lba)
        seconds = (end - lba) * SECTOR_BYTES / speed + RETRIES_S * len(bad)
        surfaces.spend(seconds, stop)
        surfaces.reach(self._presence, stop)
        block_ms = min(end - lba, _BLOCK_SECTORS) * SECTOR_BYTES / speed * 1e3
        model.uncorrectable += len(bad)
        return Stretch(end, seconds, tuple(bad), ((lba, block_ms), *((place, RETRIES_S * 1e3) for place in bad)))

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class SimulatedLamp:
    _model: DriveModel
    how: str = "ses"

    def off(self) -> None:
        self._model.lamp_lit = False


@dataclass(frozen=True, slots=True)
class SimulatedLamps:
    """`Lamps` of a chassis whose every slot has an LED: `DriveModel.lamp_lit` is what one would see."""

    _find: Callable[[Presence], DriveModel]

    def light(self, presence: Presence, *, stop: Event) -> SimulatedLamp:  # noqa: ARG002
        model = self._find(presence)
        model.lamp_lit = True
        return SimulatedLamp(model)
