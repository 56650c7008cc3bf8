"""When a drive is too hot to go on, and when it is cool enough again.

What the rack file says rules; else the drive's own limit, where it makes sense; else what is usual for its kind.
"""

from dataclasses import dataclass

from orchestrator.model.drive import Protocol

SANE_CELSIUS = range(50, 111)
"""Own limits outside are not believed: some drives report a trip point of 40 C (nwipe #524)."""
BELOW_OWN = 5
"""Degrees below the drive's own limit: it is not to be reached."""
HYSTERESIS = 7
"""Degrees; drive-testing pauses at 55 and resumes at 48."""


@dataclass(frozen=True, slots=True)
class HeatLimits:
    pause_celsius: int
    resume_celsius: int


HOT = "hot: "
"""How the reason, or the message, of a job begins whose drive is too hot."""
_USUAL = {Protocol.NVME: HeatLimits(70, 70 - HYSTERESIS)}
"""NVMe drives warn near 70 to 85 C; disks are to be kept below 60."""
_DISK = HeatLimits(55, 55 - HYSTERESIS)


def limits_for(protocol: Protocol | None, own_celsius: int | None = None) -> HeatLimits:
    """`own_celsius`: the drive's own limit, if it tells one."""
    if own_celsius in SANE_CELSIUS and own_celsius is not None:
        return HeatLimits(own_celsius - BELOW_OWN, own_celsius - BELOW_OWN - HYSTERESIS)
    return _USUAL.get(protocol, _DISK) if protocol is not None else _DISK


def is_hot(limits: HeatLimits, celsius: int | None, before: bool) -> bool:
    """Whether it is now, if it was `before`. An unknown temperature changes nothing."""
    if celsius is None:
        return before
    return celsius >= limits.pause_celsius or (before and celsius > limits.resume_celsius)
