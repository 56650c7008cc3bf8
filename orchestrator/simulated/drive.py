"""A drive as a state machine: what all three kinds have in common, whatever wire they are asked over.

    idle ──start──▶ running ──▶ idle, with one more entry in the log: passed, failed at an LBA, or aborted

Nothing ticks: what has happened meanwhile is worked out from the clock when somebody looks. The same model, seed and
looks give the same answers, in real time and in virtual time. Sickness comes only from `inject`, or from a test that
sets a figure by hand.
"""

import errno
import hashlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.errors import DriveBusy, Refused
from orchestrator.simulated.profile import SECTOR_BYTES, Profile
from orchestrator.simulated.spans import Span, first_met, place_of, sectors_of

FAULTS: Final = (
    "self_test_failure",
    "health_failed",
    "hang",
    "unreadable",
    "garbage",
    "wrong_serial",
    "slow",
    "bad_sector",
    "hot",
)
SLOW_S: Final = 1.0
"""Host seconds that one call on a "slow" drive takes."""
SLOWNESS: Final = 5.0
"""A "slow" drive reads so many times slower than it did."""
_SSD_BYTES_PER_S: Final = 500e6
_DISK_BYTES_PER_S: Final = 200e6  # outermost
LOG_ENTRIES: Final = {Protocol.ATA: 21, Protocol.NVME: 20, Protocol.SCSI: 20}
"""How many self-tests a drive remembers: ACS-4, NVM Express Base 2.0, SPC-5."""


class Ending(StrEnum):
    """How a self-test ended."""

    PASSED = "passed"
    READ_FAILURE = "read failure"
    ABORTED = "aborted"
    """By a host's command."""
    RESET = "reset"
    """By a loss of power or a reset."""


@dataclass(frozen=True, slots=True)
class SelfTestRecord:
    """One entry of the drive's own log."""

    kind: str
    ending: Ending
    power_on_hours: int
    """When it ended."""
    remaining_percent: int = 0
    lba: int | None = None


@dataclass(frozen=True, slots=True)
class AttributeState:
    """One ATA attribute now."""

    id: int
    name: str
    flags: int
    value: int
    worst: int
    threshold: int
    raw: int
    """48 bits."""
    format: str


class DriveModel:
    """One drive. `clock` gives rack seconds; calls never block."""

    def __init__(self, profile: Profile, serial: str, clock: Callable[[], float], *, rng_seed: int = 0) -> None:
        self.profile = profile
        self.serial = serial
        self.faults: set[str] = set()
        self.gone = False
        """Unplugged: no command reaches it."""
        self.sleeping = False
        """In standby; any command that needs the medium wakes it."""
        self.aborts_on_command = False
        """Any command ends a running self-test: some drives say so of themselves (ACS-4, off-line capability bit 2)."""
        self.stuck_at: float | None = None
        """A running self-test never gets past this fraction."""
        self.failing_attribute: int | None = None
        """The ATA attribute with this id stands below its threshold."""
        self.spans: tuple[Span, ...] = ()
        """ATA: what a selective self-test reads, as a host wrote it last."""
        self.bad_lbas: set[int] = set()
        self.lamp_lit = False
        """The locate LED beside its slot."""
        self.tests: list[SelfTestRecord] = []
        """Newest first."""
        self._clock = clock
        self._lock = threading.RLock()
        self._rng = random.Random(f"{rng_seed}/{profile.model}/{serial}")
        self._born = clock()
        self._running: tuple[str, float] | None = None
        roll = self._rng.randrange
        self._first_hours = profile.power_on_hours + roll(profile.hours_noise + 1)
        self._base_celsius = profile.temperature_celsius + roll(-2, 4)
        self._noise = {line.id: roll(line.noise + 1) for line in profile.attributes}
        self.percentage_used = self._first_hours // 4000 if profile.is_ssd else 0
        """SSD: of its rated life; may pass 100."""
        self.available_spare_percent = 100
        self.power_cycles = profile.power_cycles + roll(10)
        self.reallocated = 0
        """SCSI: the grown defect list."""
        self.uncorrectable = 0
        """Reads that failed; NVMe: media errors."""
        self._io_rate = 20_000 + roll(200_000)
        self._fail_at = 0.2 + 0.6 * self._rng.random()
        self._reach = min(profile.sectors, 0xFFFF_FFF0) if profile.protocol is Protocol.ATA else profile.sectors
        """Faults lie below it: ATA's self-test log tells no LBA above 32 bits (ACS-4, SMART self-test log)."""
        self.fail_lba = int(self._reach * self._fail_at)
        """Where an injected self-test failure is found."""

    # -- who

    @property
    def protocol(self) -> Protocol:
        return self.profile.protocol

    @property
    def answering_serial(self) -> str:
        """The serial number it gives when asked: its own, but for the fault "wrong_serial"."""
        return self.serial[::-1] + "X" if "wrong_serial" in self.faults else self.serial

    @property
    def wwn(self) -> str:
        """NAA 5 for ATA and SCSI, EUI-64 for NVMe, in hex without 0x; made from the serial number it gives."""
        own = int.from_bytes(hashlib.sha256(self.answering_serial.encode()).digest()[:5], "big")
        if self.protocol is Protocol.NVME:
            return f"{self.profile.oui:06x}{own:010x}"
        return f"5{self.profile.oui:06x}{own & 0xFFFFFFFFF:09x}"

    def identity(self) -> Drive:
        return Drive(self.serial, self.wwn, self.profile.model, self.profile.capacity_bytes, self.protocol)

    # -- self-tests

    @property
    def kinds(self) -> tuple[str, ...]:
        """The self-tests it takes."""
        timed = tuple(kind for kind in ("short", "extended", "conveyance") if self.profile.minutes(kind) is not None)
        return (*timed, "selective") if self.protocol is Protocol.ATA else timed

    def start(self, kind: str) -> None:
        """Begin a self-test. DriveBusy if one runs, Refused if the drive has no such test."""
        with self._lock:
            if self.running_kind() is not None:
                raise DriveBusy(f"drive {self.serial} already runs a self-test", serial=self.serial)
            if kind not in self.kinds or (kind == "selective" and not sectors_of(self.spans)):
                raise Refused(f"drive {self.serial} takes no {kind} self-test", serial=self.serial)
            self.sleeping = False
            self._running = (kind, self._clock())

    def abort(self) -> None:
        """End the running self-test; nothing happens if none runs."""
        self._break_off(Ending.ABORTED)

    def running_kind(self) -> str | None:
        """The kind of the running self-test, or None."""
        with self._lock:
            self._settle()
            return self._running[0] if self._running else None

    def progress(self) -> float | None:
        """How much of the running self-test is done, 0 to below 1; None if none runs."""
        with self._lock:
            self._settle()
            return min(self._fraction(), 0.9999) if self._running else None  # the clock has moved since it settled

    def remaining_tens(self) -> int | None:
        """As ATA tells it: tens of percent left, 9 to 0; None if none runs (ACS-4, execution status)."""
        done = self.progress()
        return None if done is None else min(9, 10 - int(done * 10))

    def command(self, *, wakes: bool = True) -> None:
        """A command reached the drive: it may wake, and may give up a self-test over it."""
        with self._lock:
            self.sleeping = self.sleeping and not wakes
            if self.aborts_on_command:
                self.abort()

    def _fraction(self) -> float:
        assert self._running is not None  # noqa: S101
        kind, since = self._running
        done = (self._clock() - since) / self._duration_s(kind)
        return min(done, self.stuck_at) if self.stuck_at is not None else done

    def _duration_s(self, kind: str) -> float:
        if kind == "selective":  # it reads its spans as the extended test does
            part = sectors_of(self.spans) / self.profile.sectors
            return max(1.0, part * self.profile.extended_minutes * 60)
        return (self.profile.minutes(kind) or 1) * 60.0

    def under_test(self) -> tuple[int, int]:
        """The span (1 to 5) and LBA that a running selective test has reached; (0, 0) while none runs."""
        done = self.progress()
        return place_of(self.spans, done) if done is not None and self.running_kind() == "selective" else (0, 0)

    def _settle(self) -> None:
        if self._running is None:
            return
        kind, since = self._running
        done, (fails_at, lba) = self._fraction(), self._failing_point(kind)
        ended = min(fails_at, 1.0)
        if done < ended:
            return
        self._running = None
        hours = self._hours_at(since + ended * self._duration_s(kind))
        if fails_at <= 1.0:
            self.uncorrectable += 1
            self._log(SelfTestRecord(kind, Ending.READ_FAILURE, hours, int(10 - ended * 10) * 10, lba))
        else:
            self._log(SelfTestRecord(kind, Ending.PASSED, hours))

    def _failing_point(self, kind: str) -> tuple[float, int]:
        """At what fraction a self-test of this kind stops, and at which LBA; beyond 1 = it does not."""
        points = [(2.0, 0)]
        if "self_test_failure" in self.faults:
            lba = place_of(self.spans, self._fail_at)[1] if kind == "selective" else self.fail_lba
            points.append((self._fail_at, lba))
        if self.bad_lbas and kind == "extended":  # only the extended test reads the whole surface
            first = min(self.bad_lbas)
            points.append((first / self.profile.sectors, first))
        if kind == "selective" and (met := first_met(self.spans, self.bad_lbas)) is not None:
            points.append((met[0] / sectors_of(self.spans), met[1]))
        return min(points)

    def _break_off(self, ending: Ending) -> None:
        with self._lock:
            left = self.remaining_tens()
            if left is not None and self._running is not None:
                kind, self._running = self._running[0], None
                self._log(SelfTestRecord(kind, ending, self.power_on_hours, left * 10))

    def _log(self, record: SelfTestRecord) -> None:
        self.tests.insert(0, record)
        del self.tests[LOG_ENTRIES[self.protocol] :]

    # -- figures

    def _hours_at(self, moment: float) -> int:
        return self._first_hours + int((moment - self._born) / 3600)

    @property
    def power_on_hours(self) -> int:
        return self._hours_at(self._clock())

    @property
    def temperature_celsius(self) -> int:
        if "hot" in self.faults:
            return self.hot_celsius
        return self._base_celsius + (4 if self.running_kind() else 0)

    @property
    def hot_celsius(self) -> int:
        """What "hot" reads: 3 above the limit; NVMe: 3 below it, where no critical warning is given yet."""
        return self.profile.temperature_limit_celsius + (-3 if self.protocol is Protocol.NVME else 3)

    @property
    def health_failed(self) -> bool:
        return "health_failed" in self.faults

    @property
    def critical_warning(self) -> int:
        """NVMe, SMART log byte 0."""
        spare = self.available_spare_percent < self.profile.spare_threshold_percent
        hot = self.temperature_celsius >= self.profile.temperature_limit_celsius
        return spare * 0x01 | hot * 0x02 | self.health_failed * 0x04

    @property
    def pending(self) -> int:
        return len(self.bad_lbas)

    def figure(self, name: str) -> int:
        """The counter that a profile's attribute names."""
        match name:
            case "hours":
                return self.power_on_hours
            case "temperature":
                now, rest = self.temperature_celsius, self._base_celsius
                return now | (rest - 12) << 16 | max(rest + 10, now) << 32  # tempminmax: now, min, max
            case "cycles":
                return self.power_cycles
            case "reallocated":
                return self.reallocated
            case "pending":
                return self.pending
            case "uncorrectable":
                return self.uncorrectable
            case "life":
                return max(1, 100 - self.percentage_used)
            case "erases":
                return self.percentage_used * 15
            case "sectors_written":
                return self.power_on_hours * self._io_rate
            case "sectors_read":
                return self.power_on_hours * self._io_rate * 3
        raise ValueError(f"no figure {name!r} in a drive model")

    def attributes(self) -> tuple[AttributeState, ...]:
        """ATA: the SMART table as it stands."""
        lines = []
        for line in self.profile.attributes:
            value = line.value if isinstance(line.value, int) else self.figure(line.value)
            raw = line.raw + self._noise[line.id] if isinstance(line.raw, int) else self.figure(line.raw)
            worst = line.worst or value
            if line.id == self.failing_attribute or (self.health_failed and line.id == 5):
                value = worst = max(1, line.threshold - 1)
            lines.append(AttributeState(line.id, line.name, line.flags, value, worst, line.threshold, raw, line.format))
        return tuple(lines)

    # -- the surface

    def bytes_per_s(self, lba: int) -> float:
        """How fast it reads there: a disk's inner tracks (high LBAs) half as fast as its outer ones.

        A "slow" drive is a SLOWNESS-th of it, but for its outer quarter.
        """
        inward = lba / self.profile.sectors
        speed = _SSD_BYTES_PER_S if self.profile.is_ssd else _DISK_BYTES_PER_S * (1 - inward / 2)
        return speed / SLOWNESS if "slow" in self.faults and inward >= 0.25 else speed

    def pread(self, offset: int, length: int) -> bytes:
        """Read the medium: every sector holds its own number. OSError(EIO) over a bad sector, ENXIO when gone."""
        if self.gone:
            raise OSError(errno.ENXIO, "the simulated drive is gone")
        self.command()
        first, end = offset // SECTOR_BYTES, min(offset + length, self.profile.capacity_bytes)
        last = -(-end // SECTOR_BYTES)
        if "unreadable" in self.faults or any(first <= lba < last for lba in self.bad_lbas):
            self.uncorrectable += 1
            raise OSError(errno.EIO, f"unrecovered read error between LBA {first} and {last}")
        data = b"".join(lba.to_bytes(8, "little") * (SECTOR_BYTES // 8) for lba in range(first, last))
        return data[offset - first * SECTOR_BYTES : end - first * SECTOR_BYTES]

    # -- what happens to it

    def inject(self, fault: str) -> None:
        """Make it sick, in one of the ways of FAULTS; ValueError for any other. Twice is as once."""
        if fault not in FAULTS:
            raise ValueError(f"no fault {fault!r}; there are: {', '.join(FAULTS)}")
        with self._lock:
            done = self.progress()  # what ended before now ended well
            if fault in self.faults:
                return
            self.faults.add(fault)
            if fault == "self_test_failure" and done is not None:
                self._fail_at = max(self._fail_at, done)
            elif fault == "health_failed":
                self.reallocated += 2040
            elif fault == "bad_sector":
                wide = self.profile.physical_block_bytes // SECTOR_BYTES
                first = self._rng.randrange(self._reach // wide) * wide
                self.bad_lbas.update(range(first, first + wide))

    def clear(self, fault: str) -> None:
        """Make it well again. What a fault left in log and counters stays."""
        if fault not in FAULTS:
            raise ValueError(f"no fault {fault!r}; there are: {', '.join(FAULTS)}")
        with self._lock:
            self.progress()
            self.faults.discard(fault)
            if fault == "bad_sector":
                self.reallocated += len(self.bad_lbas)  # as a write over them would do
                self.bad_lbas.clear()

    def unplug(self) -> None:
        """Pull it out: it loses its power, and with it a running self-test."""
        with self._lock:
            self._break_off(Ending.RESET)
            self.gone = True

    def plug(self) -> None:
        """Put it in again."""
        with self._lock:
            self.gone, self.sleeping = False, False
            self.power_cycles += 1
