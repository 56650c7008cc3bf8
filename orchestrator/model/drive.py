"""Who a drive is, and one stay of it in a slot. A kernel name is never an identity."""

from dataclasses import dataclass
from enum import StrEnum


class Protocol(StrEnum):
    """What a drive speaks, however it is cabled: a SATA drive behind a SAS expander or a USB bridge is ATA."""

    ATA = "ata"
    NVME = "nvme"
    SCSI = "scsi"


@dataclass(frozen=True, slots=True)
class Drive:
    """Who a drive is, whatever name the kernel gives it today."""

    serial: str
    """As smartctl prints it; for SAS not udev's ID_SERIAL_SHORT, which is the WWN."""
    wwn: str = ""
    """WWN, EUI-64 or NGUID as lower-case hex without 0x; "" if the drive gives none."""
    model: str = ""
    capacity_bytes: int | None = None
    """Of namespace 1 for NVMe; None if it cannot be read."""
    protocol: Protocol | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """One stay of one drive in one slot. The same drive plugged in again is another presence."""

    number: int
    """The kernel's DISKSEQ (Linux 5.15), else a counter of ours: grows, never reused on one host."""
    drive: Drive
    node: str
    """The node that reaches it, such as /dev/sda or /dev/nvme0: good for this presence only."""
    device_type: str = ""
    """smartctl's -d: sat, scsi, nvme, or a bridge's; "" lets smartctl find it."""
