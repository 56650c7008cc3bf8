"""Every block of the surface is read once, nothing is written: what is unreadable, what is slow, how warm it got."""

from typing import Annotated, Any

from orchestrator.model.budget import Load
from orchestrator.model.drive import Drive
from orchestrator.model.errors import InvalidArgument, Refused
from orchestrator.model.report import SmartReport
from orchestrator.model.scan import ScanResult, Tally, judge_scan, zones
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Between, operation

_HIGHEST = 2**63
_SECTOR_BYTES = 512
_USUAL_BYTES_PER_S = 200e6  # for an estimate only
NOTE_S = 30.0
"""Rack seconds of reading that a restart may cost."""


def _check(*, start_lba: int, end_lba: int | None, **_: Any) -> None:
    if end_lba is not None and end_lba <= start_lba:
        raise InvalidArgument(f"end_lba is {end_lba}; it takes a number above start_lba, which is {start_lba}")


def _sends(*, start_lba: int, end_lba: int | None, **_: Any) -> tuple[str, ...]:
    upto = "the end" if end_lba is None else f"LBA {end_lba}"
    return ("smartctl -a", f"reads of 1 MiB from LBA {start_lba} to {upto}, past the page cache")


def _estimate(
    drive: Drive, report: SmartReport | None, *, start_lba: int, end_lba: int | None, **_: Any
) -> float | None:
    """As long as the drive says that its extended self-test takes, which reads it all; else by the usual speed."""
    if drive.capacity_bytes is None:
        return None
    size = drive.capacity_bytes if end_lba is None else end_lba * _SECTOR_BYTES
    part = max(0.0, size - start_lba * _SECTOR_BYTES) / drive.capacity_bytes
    minutes = dict(report.self_test_minutes).get("extended") if report is not None else None
    return part * (60.0 * minutes if minutes else drive.capacity_bytes / _USUAL_BYTES_PER_S)


@operation(pausable=True, resumable=True, check=_check, load=Load.FULL_READ, sends=_sends, estimate=_estimate)
def read_scan(
    drive: Drive,
    bench: Bench,
    *,
    start_lba: Annotated[int, Between(0, _HIGHEST)] = 0,
    end_lba: Annotated[int | None, Between(1, _HIGHEST)] = None,
    most_bad: Annotated[int, Between(1, 1_000_000)] = 10_000,
) -> ScanResult:
    """Read the drive's whole surface, or a part of it; what cannot be read fails it. Minutes to days.

    Args:
        start_lba: the first LBA to read.
        end_lba: the first LBA not to read; None = all, up to the drive's end.
        most_bad: give up when so many places of 4 KiB are unreadable.
    Raises:
        Refused: the drive ends before the range, or is behind a controller and cannot be read block by block.
        DriveRemoved, DriveChanged: the drive left its slot, or another serial answers in its place.
        ToolTimeout: a read hangs; the reader was killed.
    """
    with bench.surface(drive) as surface:
        bench.read(drive)  # who it is; from here on its node is held open
        end = surface.sectors if end_lba is None else end_lba
        if end > surface.sectors or start_lba >= end:
            asked = f"LBA {start_lba} to {end} were asked for"
            raise Refused(f"the drive has {surface.sectors} LBAs, and {asked}", serial=drive.serial)
        tally = bench.kept(Tally)
        if tally is None:
            tally = Tally(start_lba, surface.sector_bytes, start_lba)
        else:
            bench.new_attempt(f"goes on at LBA {tally.lba} after a restart")
        noted = bench.clock()
        for _, zone_end in zones(tally.lba, end, surface.sectors):
            if len(tally.bad_lbas) >= most_bad:
                break
            tally.enter_zone()
            tally.feel(bench.read(drive, quick=True))
            while tally.lba < zone_end and len(tally.bad_lbas) < most_bad:
                bench.checkpoint()
                stretch = surface.read(tally.lba, zone_end)
                if stretch.bad_lbas:
                    bench.read(drive, quick=True)  # a drive that is gone has no bad places: it raises
                tally.add(stretch)
                if bench.clock() - noted >= NOTE_S:
                    bench.keep(tally)
                    noted = bench.clock()
                done = (tally.lba - start_lba) / (end - start_lba)
                bench.progress(100 * done, remaining_s=tally.seconds * (1 - done) / done if done else None)
    after = bench.read(drive)
    tally.feel(after)
    result = tally.result(gave_up=tally.lba < end)
    bench.conclude(judge_scan(result, bench.peers(drive), after))
    return result
