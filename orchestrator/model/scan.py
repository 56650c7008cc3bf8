"""What reading a drive's surface found, and what that proves.

    Stretch, Stretch, ... ──Tally──▶ ScanResult ──judge_scan──▶ Verdict: unreadable fails, far slower warns

Zones are fixed parts of the whole drive, whatever range was read: so two scans compare zone by zone, and a hard disk's
outer zones (low LBAs, about twice as fast as the inner ones) stand beside its inner ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from statistics import median
from typing import ClassVar

from orchestrator.model.judge import judge_report
from orchestrator.model.measurement import Measurement
from orchestrator.model.report import SmartReport
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

PLACE_BYTES = 4096
"""How exactly an unreadable place is found."""
ZONES = 20
SLOWEST = 10
FAR_BELOW_OUTER = 1 / 3
"""Of its outer zones' speed. A sound hard disk's innermost zone keeps about half."""
FAR_BELOW_PEERS = 2 / 3
"""Of the peers' speed. Drives of one model lie within some percent of each other; sick ones take twice as long."""
_LEAST_S = 1.0  # a zone read in less time says nothing about speed
_ALIGNED = 2048  # sectors: zones begin where blocks of 1 MiB begin


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one call of `Surface.read` found."""

    end_lba: int
    """Read up to here."""
    seconds: float
    """Rack seconds of reading."""
    bad_lbas: tuple[int, ...] = ()
    """The first LBA of each PLACE_BYTES that could not be read."""
    slowest: tuple[tuple[int, float], ...] = ()
    """LBA and milliseconds of single reads of at most 1 MiB."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a read scan found."""

    MEASURES: ClassVar = (
        "unreadable_places", "mean_mb_per_s", "slowest_zone_mb_per_s", "slowest_read_ms", "hottest_celsius",
    )  # fmt: skip
    """All names of `measurements`."""
    start_lba: int
    end_lba: int
    """The first LBA that was not read; the whole range was, unless `gave_up`."""
    sector_bytes: int
    """An LBA's size."""
    sectors_read: int
    """Without the unreadable ones."""
    bad_lbas: tuple[int, ...]
    """The first LBA of each unreadable 4 KiB (of its part in the range), ascending."""
    slowest: tuple[tuple[int, float], ...]
    """The slowest single reads of at most 1 MiB: LBA and milliseconds, slowest first."""
    mb_per_s: tuple[tuple[int, float], ...]
    """By zone: its first LBA that was read, and 10^6 bytes a rack second."""
    temperatures: tuple[tuple[int, int], ...]
    """Along the way: at which LBA, and degrees Celsius."""
    seconds: float
    """Rack seconds of reading; pauses do not count."""
    zone_seconds: tuple[float, ...] = ()
    """As `mb_per_s`: how long each zone took."""
    gave_up: bool = False
    """It stopped early: too many places were unreadable."""

    @property
    def coolest_celsius(self) -> int | None:
        return min((celsius for _, celsius in self.temperatures), default=None)

    @property
    def hottest_celsius(self) -> int | None:
        return max((celsius for _, celsius in self.temperatures), default=None)

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What limits can be set on; without what this scan cannot say."""
        speeds = [speed for _, speed in self.mb_per_s]
        known = (
            Measurement("unreadable_places", len(self.bad_lbas)),
            Measurement("mean_mb_per_s", round(self._mean, 1), "MB/s") if self.seconds else None,
            Measurement("slowest_zone_mb_per_s", min(speeds), "MB/s") if speeds else None,
            Measurement("slowest_read_ms", self.slowest[0][1], "ms") if self.slowest else None,
            Measurement("hottest_celsius", hottest, "C") if (hottest := self.hottest_celsius) is not None else None,
        )
        return tuple(measured for measured in known if measured is not None)

    @property
    def _mean(self) -> float:
        return self.sectors_read * self.sector_bytes / self.seconds / 1e6


def zones(start_lba: int, end_lba: int, sectors: int) -> Iterator[tuple[int, int]]:
    """The parts of the range, cut where the drive's zones are."""
    wide = -(-sectors // ZONES // _ALIGNED) * _ALIGNED
    while start_lba < end_lba:
        stop = min(end_lba, (start_lba // wide + 1) * wide)
        yield start_lba, stop
        start_lba = stop


@dataclass(slots=True)
class Tally:
    """A scan on its way; also what it needs to go on after a restart."""

    start_lba: int
    sector_bytes: int
    lba: int
    """Everything below it has been read."""
    seconds: float = 0.0
    bad_lbas: list[int] = field(default_factory=list)
    temperatures: list[tuple[int, int]] = field(default_factory=list)
    bad_bytes: int = 0
    slowest: list[tuple[int, float]] = field(default_factory=list)
    zones: list[tuple[int, int, float]] = field(default_factory=list)
    """First LBA, sectors, seconds."""

    def enter_zone(self) -> None:
        self.zones.append((self.lba, 0, 0.0))

    def add(self, stretch: Stretch) -> None:
        first, sectors, seconds = self.zones[-1]
        self.zones[-1] = (first, sectors + stretch.end_lba - self.lba, seconds + stretch.seconds)
        self.bad_lbas += stretch.bad_lbas
        place = PLACE_BYTES // self.sector_bytes or 1
        self.bad_bytes += sum(min(stretch.end_lba, (lba // place + 1) * place) - lba for lba in stretch.bad_lbas)
        self.slowest = sorted((*self.slowest, *stretch.slowest), key=lambda read: -read[1])[:SLOWEST]
        self.seconds += stretch.seconds
        self.lba = stretch.end_lba

    def feel(self, report: SmartReport) -> None:
        if report.temperature_celsius is not None:
            self.temperatures.append((self.lba, report.temperature_celsius))

    def result(self, *, gave_up: bool = False) -> ScanResult:
        done = [zone for zone in self.zones if zone[2] > 0]
        return ScanResult(
            start_lba=self.start_lba,
            end_lba=self.lba,
            sector_bytes=self.sector_bytes,
            sectors_read=self.lba - self.start_lba - self.bad_bytes,
            bad_lbas=tuple(self.bad_lbas),
            slowest=tuple((lba, round(ms, 3)) for lba, ms in self.slowest),
            mb_per_s=tuple((lba, round(n * self.sector_bytes / s / 1e6, 1)) for lba, n, s in done),
            temperatures=tuple(self.temperatures),
            seconds=round(self.seconds, 3),
            zone_seconds=tuple(round(s, 3) for _, _, s in done),
            gave_up=gave_up,
        )


def judge_scan(result: ScanResult, peers: Iterable[ScanResult], after: SmartReport) -> Verdict:
    """The verdict of a scan; `after` is a whole read of the drive made after it, `peers` are of the same model.

    Unreadable places fail; else what the drive says of itself stands, and slowness makes a pass a warn.
    """
    own = judge_report(after)
    slow = (*_below_its_outer_zones(result), *_below_its_peers(result, tuple(peers)))
    if result.bad_lbas:
        return Verdict(VerdictStatus.FAIL, (_unreadable(result), *own.reasons, *slow))
    status = VerdictStatus.WARN if slow and own.status is VerdictStatus.PASS else own.status
    return replace(own, status=status, reasons=(*own.reasons, *slow))


def _unreadable(result: ScanResult) -> Reason:
    shown = ", ".join(map(str, result.bad_lbas[:5])) + (", ..." if len(result.bad_lbas) > 5 else "")
    count = len(result.bad_lbas)
    text = f"{count} {'place' if count == 1 else 'places'} of 4 KiB cannot be read, at LBA {shown}"
    if result.gave_up:
        text += f"; the scan gave up at LBA {result.end_lba}"
    return Reason("unreadable", text, str(count), "0", "read scan")


def _speeds(result: ScanResult) -> dict[int, float]:
    """Of the zones that were read long enough to say something."""
    return {
        lba: speed
        for (lba, speed), seconds in zip(result.mb_per_s, result.zone_seconds, strict=True)
        if seconds >= _LEAST_S
    }


def _below_its_outer_zones(result: ScanResult) -> Iterator[Reason]:
    speeds = _speeds(result)
    outermost = sorted(speeds)[: max(1, len(speeds) // 4)]
    if len(speeds) < 2:
        return
    outer = median(speeds[lba] for lba in outermost)
    slow = {lba: speed for lba, speed in speeds.items() if speed < FAR_BELOW_OUTER * outer}
    if slow:
        lba, worst = min(slow.items(), key=lambda zone: zone[1])
        text = (
            f"{len(slow)} of {len(speeds)} zones are far slower than the outer ones: {worst:g} MB/s from LBA {lba} on, "
            f"{outer:g} MB/s outside"
        )
        yield Reason("slow_zones", text, f"{worst:g} MB/s", f"{FAR_BELOW_OUTER * outer:.4g} MB/s", "read scan")


def _below_its_peers(result: ScanResult, peers: tuple[ScanResult, ...]) -> Iterator[Reason]:
    mine, others = _speeds(result), [_speeds(peer) for peer in peers]
    shared = {lba: [speeds[lba] for speeds in others if lba in speeds] for lba in mine}
    pairs = [(mine[lba], median(found)) for lba, found in shared.items() if found]
    if not pairs:
        return
    own, usual = (len(pairs) / sum(1 / pair[side] for pair in pairs) for side in (0, 1))
    if own < FAR_BELOW_PEERS * usual:
        count = max(len(found) for found in shared.values())
        told = "the other drive" if count == 1 else f"{count} other drives"
        text = f"it reads {own:.4g} MB/s, and {told} of its model here {usual:.4g} MB/s"
        yield Reason("slower_than_peers", text, f"{own:.4g} MB/s", f"{FAR_BELOW_PEERS * usual:.4g} MB/s", "read scan")
