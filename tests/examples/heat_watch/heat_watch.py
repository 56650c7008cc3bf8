"""One operation of our own: how hot does this drive get?"""

from typing import Annotated

from orchestrator import Bench, Between, Drive, Reason, Verdict, VerdictStatus, errors, operation


@operation(pausable=True)
def watch_temperature(
    drive: Drive,
    bench: Bench,
    *,
    minutes: Annotated[int, Between(1, 1440)] = 10,
    limit_celsius: Annotated[int, Between(20, 90)] = 60,
) -> bool:
    """Look at the drive's temperature once a minute; False if it got hotter than the limit.

    Args:
        minutes: rack minutes to watch.
        limit_celsius: the highest temperature that is still good.
    Raises:
        NoAnswer: the drive tells no temperature.
    """
    hottest = 0
    for minute in range(minutes):
        bench.checkpoint()
        celsius = bench.read(drive, quick=True).temperature_celsius
        if celsius is None:
            raise errors.NoAnswer("the drive tells no temperature")
        hottest = max(hottest, celsius)
        bench.progress(100 * minute / minutes, remaining_s=60.0 * (minutes - minute))
        bench.sleep(60)
    if hottest <= limit_celsius:
        bench.conclude(Verdict(VerdictStatus.PASS))
        return True
    text = f"it was {hottest} °C hot"
    bench.conclude(Verdict(VerdictStatus.FAIL, (Reason("heat", text, f"{hottest}", f"{limit_celsius}"),)))
    return False
