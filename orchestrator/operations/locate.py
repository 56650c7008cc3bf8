"""Which drive is it? Its slot's locate LED is lit for a while; where there is none, its own activity LED blinks."""

from typing import Annotated

from orchestrator.model.drive import Drive
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Between, operation

_BLINK_S = 0.5  # rack seconds, dark and lit: slower than any drive's own work, quick enough to be seen as a rhythm
_READS = 64  # of 1 MiB in one blink
_BLOCK_BYTES = 1 << 20


@operation(sends=("its slot's LED, or reads of 1 MiB",), estimate=lambda *_, seconds: seconds)
def locate(drive: Drive, bench: Bench, *, seconds: Annotated[float, Between(1, 3600)] = 15.0) -> str:
    """Show which drive it is: "ses" or "ledctl" lit the slot's LED, "reads" made the drive's own one blink.

    Args:
        seconds: how long, in rack seconds.
    Raises:
        DriveRemoved, DriveChanged: the drive left its slot, or another serial answers in its place.
    Source: Linux ses driver (sysfs class enclosure), ledctl(8).
    """
    bench.read(drive, quick=True)
    until = bench.clock() + seconds
    with bench.lamp(drive) as lamp:
        if lamp is not None:
            bench.progress(0, remaining_s=seconds)
            bench.sleep(seconds)
            return lamp.how
    with bench.surface(drive) as surface:
        wide = max(1, min(_READS * _BLOCK_BYTES // surface.sector_bytes, surface.sectors))
        lba = 0
        while (left := until - bench.clock()) > 0:
            bench.progress(100 * (1 - left / seconds), remaining_s=left)
            if lba + wide > surface.sectors:
                lba = 0
            lba = surface.read(lba, lba + wide).end_lba
            bench.sleep(min(_BLINK_S, max(0.0, until - bench.clock())))
    return "reads"
