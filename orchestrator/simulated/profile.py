"""What kinds of drives there are: one profile a model, read from the small data files in profiles/.

A file describes a family: what its models share at the top, what differs in `models`. The figures are taken from
recorded smartctl outputs; where a family's other capacities were not recorded, test times are scaled by capacity.
A profile is a constant: it holds no state and knows no serial number.
"""

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from orchestrator.model.drive import Protocol

SECTOR_BYTES = 512
"""Logical. Every profile has 512; the physical sector is the profile's."""


@dataclass(frozen=True, slots=True)
class AttributeProfile:
    """One line of an ATA drive's SMART table."""

    id: int
    name: str
    """As smartctl's drive database names it."""
    flags: int
    """Bit 0 pre-fail, bit 1 updated online (ACS-2, attribute status flags)."""
    value: int | str
    """Normalised; or the name of a counter of `DriveModel`, such as "life"."""
    threshold: int
    raw: int | str = 0
    """A figure, or the name of a counter of `DriveModel` that stands here, such as "hours"."""
    noise: int = 0
    """A drive's own figure lies up to this far above `raw`."""
    format: str = "raw48"
    """How smartctl prints the raw bytes: raw48, tempminmax, raw16 (three words), msec24hour32."""
    worst: int | None = None
    """None = the value."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One drive model as it leaves the factory, plus a typical age."""

    protocol: Protocol
    model: str
    """As smartctl prints it; SCSI: vendor, blank, product."""
    capacity_bytes: int
    firmware: str
    serial_pattern: str
    """# stands for a digit, @ for a capital letter or digit."""
    oui: int
    """The maker's IEEE number, 24 bits: in the WWN or EUI-64."""
    family: str = ""
    """As smartctl's drive database names it; "" = not in it. ATA only."""
    short_minutes: int = 2
    extended_minutes: int = 60
    conveyance_minutes: int | None = None
    """None = the drive takes no conveyance test. ATA only."""
    rotation_rpm: int = 0
    """0 = no moving parts."""
    form_factor_inches: float = 0.0
    physical_block_bytes: int = 512
    temperature_celsius: int = 30
    """At rest in a rack."""
    temperature_limit_celsius: int = 60
    """Operating limit. SCSI: the trip point; NVMe: the warning threshold (WCTEMP)."""
    critical_celsius: int = 85
    """NVMe: CCTEMP."""
    power_on_hours: int = 1000
    hours_noise: int = 20_000
    power_cycles: int = 20
    spare_threshold_percent: int = 10
    """NVMe."""
    pci_vendor: int = 0
    """NVMe."""
    major_version: int = 0
    """ATA: IDENTIFY word 80."""
    minor_version: int = 0
    """ATA: IDENTIFY word 81."""
    sata_version: int = 0
    """ATA: IDENTIFY word 222."""
    attributes: tuple[AttributeProfile, ...] = ()
    """ATA."""

    @property
    def sectors(self) -> int:
        return self.capacity_bytes // SECTOR_BYTES

    @property
    def is_ssd(self) -> bool:
        return self.rotation_rpm == 0

    def minutes(self, kind: str) -> int | None:
        """The drive's own estimate for a self-test of this kind; None = it takes none."""
        return {
            "short": self.short_minutes,
            "extended": self.extended_minutes,
            "conveyance": self.conveyance_minutes,
        }.get(kind)

    def make_serial(self, rng: random.Random) -> str:
        """A serial number in the maker's fashion."""
        alphabets = {"#": "0123456789", "@": "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"}
        return "".join(rng.choice(alphabets[c]) if c in alphabets else c for c in self.serial_pattern)


def _of_family(family: dict[str, Any]) -> list[Profile]:
    models = family.pop("models")
    attributes = tuple(AttributeProfile(**line) for line in family.pop("attributes", ()))
    protocol = Protocol(family.pop("protocol"))
    return [Profile(protocol=protocol, attributes=attributes, **{**family, **model}) for model in models]


@cache
def load_profiles() -> tuple[Profile, ...]:
    """Every profile that ships, ordered by file and place in it. Read once a process, in a few milliseconds."""
    folder = files("orchestrator.simulated") / "profiles"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(profile for name in names for profile in _of_family(tomllib.loads((folder / name).read_text("utf-8"))))
