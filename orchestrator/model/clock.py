"""Rack time runs `speed` times faster than host time: self-tests, polls, debounce and temperatures live in it.

Tool deadlines, a caller's timeout, the supervisor's window and the stop limit are host time. A rack-time deadline is
judged only by a read that began after it: at speed 1e6 a day of the rack passes while one smartctl runs.
"""

from dataclasses import dataclass

from orchestrator.model.ports import Clock


@dataclass(frozen=True, slots=True)
class RackClock:
    host: Clock
    speed: float = 1.0
    """Rack seconds per host second."""

    def now(self) -> float:
        """Rack seconds since some moment."""
        return self.host.monotonic() * self.speed

    def host_s(self, rack_s: float) -> float:
        """So many host seconds pass meanwhile."""
        return rack_s / self.speed

    def rack_s(self, host_s: float) -> float:
        """So many rack seconds pass meanwhile."""
        return host_s * self.speed
