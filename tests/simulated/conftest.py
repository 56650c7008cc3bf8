"""Drives under a clock that stands still until it is told to go on."""

from collections.abc import Callable

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import load_profiles


class HandClock:
    """Rack seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class CountingStop:
    """An event that notes how long it was waited for, and never makes anyone wait."""

    def __init__(self, *, set_during_wait: bool = False) -> None:
        self.waits: list[float | None] = []
        self._set = False
        self._set_during_wait = set_during_wait

    def set(self) -> None:
        self._set = True

    def clear(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        self._set = self._set or self._set_during_wait
        return self._set


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def stop() -> CountingStop:
    return CountingStop()


@pytest.fixture
def stop_in_the_wait() -> CountingStop:
    return CountingStop(set_during_wait=True)


@pytest.fixture
def make_drive(clock: HandClock) -> Callable[..., DriveModel]:
    """A drive of the first profile that speaks the protocol."""

    def make(protocol: Protocol = Protocol.ATA, serial: str = "SIM1", *, ssd: bool = False, **more) -> DriveModel:
        profile = next(p for p in load_profiles() if p.protocol is protocol and (p.is_ssd or not ssd))
        return DriveModel(profile, serial, clock, **more)

    return make
