"""An operation of one's own: read for a while, and say how much warmer the drive got.

pip install examples/own_operation
orchestrator run warm-up 3 --minutes 5 --simulated
python examples/own_operation/use_it.py                # from Python
"""

from dataclasses import dataclass
from typing import Annotated

from orchestrator import Bench, Between, Drive, Reason, Verdict, VerdictStatus, errors, operation


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What was found. It is stored, sent, and stands in reports."""

    first_celsius: int
    last_celsius: int


@operation(pausable=True, sends=("smartctl -a", "reads of 1 MiB"))
def warm_up(
    drive: Drive,
    bench: Bench,
    *,
    minutes: Annotated[int, Between(1, 600)] = 10,
    at_most_celsius: Annotated[int, Between(20, 90)] = 60,
) -> WarmUp:
    """Read from the drive's beginning for some minutes; fail if it gets hotter than the limit.

    Args:
        minutes: rack minutes to read.
        at_most_celsius: the highest temperature that is still good.
    Raises:
        NoAnswer: the drive tells no temperature.
    """
    first = last = bench.read(drive, quick=True).temperature_celsius
    with bench.surface(drive) as surface:
        for minute in range(minutes):
            bench.checkpoint()  # a pause, or heat, holds it here
            bench.progress(100 * minute / minutes, remaining_s=60.0 * (minutes - minute))
            surface.read(0, min(65_536, surface.sectors))
            bench.sleep(60)
            last = bench.read(drive, quick=True).temperature_celsius
    if first is None or last is None:
        raise errors.NoAnswer("the drive tells no temperature")
    hot = last > at_most_celsius
    reasons = (Reason("warm_up", f"it got {last} °C warm", f"{last}", f"{at_most_celsius}"),) if hot else ()
    bench.conclude(Verdict(VerdictStatus.FAIL if hot else VerdictStatus.PASS, reasons))
    return WarmUp(first, last)
