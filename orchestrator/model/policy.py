"""How strict a rack is: the limits that are a matter of taste, not of evidence. No policy turns a failed drive good."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits are the highest value that draws no warning. The defaults warn at the first sign of wear or damage."""

    pending_sectors: int = 0
    """ATA attribute 197: sectors that could not be read and wait to be written."""
    offline_uncorrectable: int = 0
    """ATA attribute 198."""
    reallocated_sectors: int = 0
    """ATA attribute 5."""
    reported_uncorrectable: int = 0
    """ATA attribute 187: errors the drive could not hide from the host."""
    grown_defects: int = 0
    """SCSI: elements in the grown defect list."""
    uncorrected_errors: int = 0
    """SCSI: read + write + verify."""
    media_errors: int = 0
    """NVMe: media and data integrity errors."""
    percentage_used: int = 99
    """NVMe and SCSI SSDs: percent of the rated endurance; the counters go on past 100, up to 255."""
    plausible_count: int = 1_000_000
    """ATA: a raw count above it was packed by the vendor, or has underflown. It is named and not believed."""
    ignore: tuple[str, ...] = ()
    """Warning rules to leave out, by their names in `model.judge.WARNINGS`."""
    fail_on: tuple[str, ...] = ()
    """Warning rules that fail a drive here, by the same names."""


DEFAULT = Policy()
