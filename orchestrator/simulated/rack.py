"""A rack without hardware: numbered slots to pull drives from and plug drives into, and the source that sees them.

    Simulation ──sightings──▶ SimulatedSource(s) ──▶ hotplug      Simulation.find(presence) ──▶ DriveModel

Same seed, same rack: models and serials are drawn from it. Sickness comes only from `inject`.
"""

import itertools
import random
from collections import deque
from collections.abc import Callable

from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Presence, Protocol
from orchestrator.model.errors import DriveRemoved, InvalidArgument, UnknownSlot
from orchestrator.model.ports import Event, Ports, Sighting
from orchestrator.simulated.drive import FAULTS, DriveModel
from orchestrator.simulated.profile import Profile, load_profiles

_TYPES = {Protocol.ATA: "sat", Protocol.NVME: "nvme", Protocol.SCSI: "scsi", None: ""}


def place(slot_id: int) -> str:
    """The key of a simulated slot, as ID_PATH is one of a real slot."""
    return f"sim-rack0-slot-{slot_id}"


class Simulation:
    """What stands behind the slots: `rack.simulation`. Its calls take effect at once, and discovery notices."""

    def __init__(
        self,
        ports: Ports,
        clock: RackClock,
        slots: int,
        seed: int = 0,
        *,
        announce: Callable[[Sighting], tuple[Sighting, ...]] = lambda sighting: (sighting,),
    ) -> None:
        """`announce` says which events a change gives: none (lost), two (doubled), an old one."""
        self._ports, self._clock, self._announce = ports, clock, announce
        self._rng = random.Random(f"{seed}/rack")
        self._numbers = itertools.count(1)
        self._slots: dict[int, DriveModel | None] = dict.fromkeys(range(1, slots + 1))
        self._presences: dict[int, Presence] = {}
        self._pulled: dict[str, DriveModel] = {}
        self._serials: set[str] = set()
        self._sources: dict[SimulatedSource, None] = {}
        self._profiles = [p for p in load_profiles() if p.minutes("short") and p.minutes("extended")]
        self._rng.shuffle(self._profiles)
        for slot_id in self._slots:
            self._put(slot_id, self._new_drive(slot_id - 1))

    # -- for people

    def pull(self, slot_id: int) -> str:
        """Take the drive out; its serial. A running self-test inside it is lost, as power is."""
        model = self.drive(slot_id)
        presence = self._presences.pop(slot_id)
        self._slots[slot_id] = None
        self._pulled[model.serial] = model
        model.unplug()
        self._tell(Sighting("remove", place(slot_id), presence))
        return model.serial

    def insert(self, slot_id: int, serial: str | None = None) -> str:
        """Put a drive in: another one, or with `serial` one that was pulled before. Its serial."""
        if self._known(slot_id) is not None:
            raise InvalidArgument(f"simulated slot {slot_id} holds a drive; pull it first")
        if serial is None:
            model = self._new_drive(self._rng.randrange(len(self._profiles)))
        elif (pulled := self._pulled.pop(serial, None)) is not None:
            model = pulled
            model.plug()
        else:
            raise InvalidArgument(f"no pulled drive {serial!r}; there are: {', '.join(self._pulled) or 'none'}")
        self._put(slot_id, model)
        self._tell(Sighting("add", place(slot_id), self._presences[slot_id]))
        return model.serial

    def inject(self, slot_id: int, fault: str) -> None:
        """Make the drive sick: self_test_failure, health_failed, hang, unreadable, garbage, wrong_serial, slow,
        bad_sector or hot (simulated/drive.py says what each does)."""
        if fault not in FAULTS:
            raise InvalidArgument(f"no fault {fault!r}; there are: {', '.join(FAULTS)}")
        self.drive(slot_id).inject(fault)

    def clear(self, slot_id: int, fault: str) -> None:
        """Make it well again; what the fault left in its log and counters stays."""
        if fault not in FAULTS:
            raise InvalidArgument(f"no fault {fault!r}; there are: {', '.join(FAULTS)}")
        self.drive(slot_id).clear(fault)

    def drive(self, slot_id: int) -> DriveModel:
        """The model in a slot; InvalidArgument where it is empty."""
        model = self._known(slot_id)
        if model is None:
            raise InvalidArgument(f"simulated slot {slot_id} is empty")
        return model

    # -- for the program

    def find(self, presence: Presence) -> DriveModel:
        """The drive of this very presence. DriveRemoved when it is over."""
        for slot_id, now in list(self._presences.items()):
            model = self._slots.get(slot_id)
            if now.number == presence.number and model is not None:
                return model
        raise DriveRemoved(f"{presence.drive.serial} is not there any more", serial=presence.drive.serial)

    def find_by_node(self, node: str) -> DriveModel | None:
        """As the kernel finds a drive: by a name that says nothing of whose it is."""
        for slot_id, now in list(self._presences.items()):
            if now.node == node:
                return self._slots.get(slot_id)
        return None

    def slot_ids(self) -> tuple[int, ...]:
        return tuple(self._slots)

    def make_source(self) -> "SimulatedSource":
        return SimulatedSource(self, self._ports.event())

    def sightings(self) -> tuple[Sighting, ...]:
        return tuple(Sighting("add", place(slot_id), now) for slot_id, now in list(self._presences.items()))

    def listen(self, source: "SimulatedSource") -> None:
        self._sources[source] = None

    def leave(self, source: "SimulatedSource") -> None:
        self._sources.pop(source, None)

    def _known(self, slot_id: int) -> DriveModel | None:
        if slot_id not in self._slots:
            raise UnknownSlot(f"no slot {slot_id!r} in this simulated rack")
        return self._slots[slot_id]

    def _new_drive(self, n: int) -> DriveModel:
        profile: Profile = self._profiles[n % len(self._profiles)]
        serial = profile.make_serial(self._rng)
        while serial in self._serials:
            serial = profile.make_serial(self._rng)
        self._serials.add(serial)
        return DriveModel(profile, serial, self._clock.now, rng_seed=self._rng.randrange(2**32))

    def _put(self, slot_id: int, model: DriveModel) -> None:
        number, drive = next(self._numbers), model.identity()
        node = f"/dev/nvme{slot_id}" if drive.protocol is Protocol.NVME else f"/dev/sim{slot_id}"
        self._slots[slot_id] = model
        self._presences[slot_id] = Presence(number, drive, node, _TYPES[drive.protocol])

    def _tell(self, sighting: Sighting) -> None:
        for told in self._announce(sighting):
            for source in list(self._sources):
                source.put(told)


class SimulatedSource:
    """`Source` over a simulation: a queue and a bell."""

    def __init__(self, simulation: Simulation, bell: Event) -> None:
        self._simulation, self._bell = simulation, bell
        self._events: deque[Sighting] = deque()
        self._closed = False

    def put(self, sighting: Sighting) -> None:
        self._events.append(sighting)
        self._bell.set()

    def open(self) -> tuple[Sighting, ...]:
        self._simulation.listen(self)  # before the listing: nothing is lost in between
        return self._simulation.sightings()

    def get(self, timeout: float) -> Sighting | None:
        if not self._events and not self._closed:
            self._bell.wait(timeout)
        self._bell.clear()
        try:
            return self._events.popleft()
        except IndexError:
            return None
        finally:
            if self._events:
                self._bell.set()

    def close(self) -> None:
        self._closed = True
        self._simulation.leave(self)
        self._bell.set()
