"""A line over time, or over the drive's surface, as the numbers an inline SVG needs. templates/parts.html draws it.

The drawing is stretched to the page's width, so it has no text: what is to be read stands around it as HTML.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 100
MOST_POINTS = 500
"""More than these cannot be told apart on a screen; each stretch keeps its least and its greatest value."""


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    unit: str
    line: str
    """The points of an SVG polyline."""
    dots: str
    """The same as an SVG path of dots; "" where they would run together."""
    low: float
    """The value at the drawing's lower edge."""
    high: float
    least: float
    greatest: float
    latest: float
    first_x: float
    last_x: float
    count: int


def chart(name: str, points: Sequence[tuple[float, float]], unit: str = "") -> Chart | None:
    """`points`: x and y, by x. None for fewer than two, or where a number is not finite."""
    if len(points) < 2 or not all(math.isfinite(number) for point in points for number in point):
        return None
    values = [y for _, y in points]
    low, high = _edges(min(values), max(values))
    first, last = points[0][0], points[-1][0]
    wide = (last - first) or 1.0
    drawn = [
        (f"{WIDTH * (x - first) / wide:.1f}", f"{HEIGHT * (1 - (y - low) / (high - low)):.1f}") for x, y in thin(points)
    ]
    return Chart(
        name=name,
        unit=unit,
        line=" ".join(f"{x},{y}" for x, y in drawn),
        dots="".join(f"M{x} {y}h0" for x, y in drawn) if len(drawn) <= 60 else "",
        low=low,
        high=high,
        least=min(values),
        greatest=max(values),
        latest=values[-1],
        first_x=first,
        last_x=last,
        count=len(points),
    )


def thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MOST_POINTS of them, none of the peaks left out."""
    if len(points) <= MOST_POINTS:
        return list(points)
    wide = -(-len(points) // (MOST_POINTS // 2))
    kept: list[tuple[float, float]] = []
    for begin in range(0, len(points), wide):
        part = points[begin : begin + wide]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        kept.extend(sorted(ends))
    return kept


def _edges(least: float, greatest: float) -> tuple[float, float]:
    """Round numbers below and above, so that the axis can be read."""
    if least == greatest:
        room = max(abs(least) * 0.05, 1.0)
        return math.floor(least - room), math.ceil(greatest + room)
    step = 10 ** math.floor(math.log10(greatest - least))
    for part in (0.1, 0.2, 0.5, 1.0):
        if (greatest - least) / (step * part) <= 10:
            step *= part
            break
    return math.floor(least / step) * step, math.ceil(greatest / step) * step
