"""Who answers at the nodes where drives may be: asked once a stay, and all at once, so that none delays another.

    Asker.ask(key) ──a thread each──▶ Nodes.look ──▶ Smartctl.identify ──▶ Sighting        the silent ones' come later

A drive that is known stays known while it cannot be asked; only "no such device" takes it away. A node whose DISKSEQ
has not changed is not asked again: the kernel says that it is the same stay, and a command could end a self-test or
wake the drive. `NodesSource` is discovery without udev: the nodes that a rack file names.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.adapters.tool import is_behind_raid
from orchestrator.adapters.udev_block import diskseq_now
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.errors import DriveRemoved, OrchestratorError, ToolMissing
from orchestrator.model.place import Place
from orchestrator.model.ports import Event, Ports, Sighting

LISTING_S = 10.0
"""Host seconds that a listing waits for the slowest node."""


class Identifier(Protocol):
    def identify(self, node: str, device_type: str = "", *, stop: Event) -> tuple[Drive, str]: ...


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where one drive may be."""

    node: str
    device_type: str = ""
    """smartctl's -d; "" lets it find one."""
    block: str = ""
    """The kernel name of the block device whose DISKSEQ numbers the stay; "" = the node's own."""
    place: Place | None = None
    """As the sightings carry it."""
    diskseq: int | None = None
    """From the event, for a kernel that does not show it in sysfs."""
    mark: str = ""
    """Without a DISKSEQ: equal marks are one stay. "" = ask each time."""


@dataclass(frozen=True, slots=True)
class _Stay:
    presence: Presence
    diskseq: int | None
    mark: str


class Nodes:
    """What is known of the nodes. Lives as long as the rack, so that numbers survive a new source.

    Args:
        places: by the key that the sightings shall carry. More come and go by `put` and `forget`.
        sys: where sysfs is.
    """

    def __init__(
        self, places: Mapping[str, NodePlace], identifier: Identifier, ports: Ports, *, sys: Path = Path("/sys")
    ) -> None:
        self.places = dict(places)
        self.fixed = tuple(places)
        self.sys = sys
        self._identifier, self._ports = identifier, ports
        self._lock = ports.lock()
        self._stays: dict[str, _Stay] = {}
        self._number = 0

    def make_source(self) -> "NodesSource":
        return NodesSource(self, self._ports)

    def put(self, key: str, place: NodePlace) -> None:
        """A drive is here. What is still being asked about the key's place before is not listened to any more."""
        with self._lock:
            if self.places.get(key) != place:
                self.places[key] = place
                if (stay := self._stays.get(key)) is not None and not self._lasts(stay, place):
                    del self._stays[key]

    def forget(self, key: str) -> Sighting | None:
        """Nothing is here any more; what is to be said of it, if anything was known."""
        with self._lock:
            place, stay = self.places.pop(key, None), self._stays.pop(key, None)
        return Sighting("remove", key, stay.presence if stay else None, place=place.place) if place else None

    def same_stay(self, key: str) -> Presence | None:
        """The known presence, where the kernel says that it still lasts."""
        stay, place = self._stays.get(key), self.places[key]
        return stay.presence if stay is not None and self._lasts(stay, place) else None

    def _lasts(self, stay: _Stay, place: NodePlace) -> bool:
        diskseq = self._diskseq(place)
        return stay.diskseq == diskseq if diskseq is not None else bool(place.mark) and stay.mark == place.mark

    def look(self, key: str, place: NodePlace, stop: Event) -> Sighting | None:
        """Ask the node. Blocks at most smartctl's deadline and 2 s; raises ToolMissing. None: the place is outdated."""
        diskseq = self._diskseq(place)  # before the drive is asked: an older number is noticed, a newer would not be
        before = self._stays.get(key)
        try:
            drive, found = self._identifier.identify(place.node, place.device_type, stop=stop)
        except DriveRemoved:
            with self._lock:
                if self.places.get(key) is not place:
                    return None
                self._stays.pop(key, None)
            return Sighting("remove", key, before.presence if before else None, place=place.place)
        except ToolMissing:
            raise
        except OrchestratorError as exc:
            return self.unread(key, f"{exc}; {exc.remedy}" if exc.remedy else str(exc))
        if not drive.serial and not drive.wwn:
            reason = f"the drive at {place.node} tells neither serial number nor WWN: it cannot be told from another"
            return Sighting("add", key, None, reason, place.place)
        with self._lock:
            if self.places.get(key) is not place:
                return None
            known = self._stays.get(key)
            if known is not None and known.presence.drive == drive and known.diskseq == diskseq:
                return Sighting("add", key, known.presence, place=place.place)
            own = known.presence.number if known else 0
            number = diskseq if diskseq is not None and diskseq > own else self._number + 1
            self._number = max(self._number, number)
            presence = Presence(number, drive, place.node, place.device_type or found)
            self._stays[key] = _Stay(presence, diskseq, place.mark)
        return Sighting("add", key, presence, place=place.place)

    def unread(self, key: str, reason: str) -> Sighting | None:
        """It did not answer: a drive that is known stays."""
        with self._lock:
            place, stay = self.places.get(key), self._stays.get(key)
        if place is None:
            return None
        return Sighting("add", key, stay.presence if stay else None, "" if stay else reason, place.place)

    def _diskseq(self, place: NodePlace) -> int | None:
        """The kernel's number of this stay (Linux 5.15); None where it has none, as for an NVMe controller's node."""
        if is_behind_raid(place.device_type):  # the number is of the volume
            return None
        found = diskseq_now(place.block or Path(place.node).resolve().name, self.sys)
        return place.diskseq if found is None else found


class Asker:
    """Asks any number of nodes at the same time, each on a thread of its own. `ring` is called when one came late."""

    def __init__(self, nodes: Nodes, ports: Ports, ring: Callable[[], None]) -> None:
        self._nodes, self._ports, self._ring = nodes, ports, ring
        self._stop = ports.event()
        self._asked: dict[str, tuple[NodePlace, Event]] = {}
        """Nodes that have not answered yet, each with its bell."""
        self._answers: dict[str, Sighting | ToolMissing] = {}
        self._late: deque[tuple[NodePlace, Sighting]] = deque()
        self._listing = False

    def ask(self, key: str) -> None:
        """Once: a node that is still silent is not asked a second time."""
        place = self._nodes.places[key]
        if (asked := self._asked.get(key)) is None or asked[0] is not place:
            bell = self._ports.event()
            self._asked[key] = place, bell
            self._ports.spawn(f"look-{key}", self._look, key, place, bell)

    def list(self, wait_s: float) -> tuple[Sighting, ...]:
        """All that is there. Asks each node whose stay is not known to last. Raises ToolMissing."""
        self._answers, self._listing = {}, True
        self._late.clear()  # what it says is in the listing, or is asked anew
        keys = list(self._nodes.places)
        kept = {key: presence for key in keys if (presence := self._nodes.same_stay(key)) is not None}
        for key in keys:
            if key not in kept:
                self.ask(key)
        until = self._ports.monotonic() + wait_s
        for _, bell in list(self._asked.values()):
            bell.wait(max(0.0, until - self._ports.monotonic()))
        self._listing = False
        found = [self._listed(key, kept.get(key)) for key in keys]
        return tuple(sighting for sighting in found if sighting is not None and sighting.action != "remove")

    def take(self) -> Sighting | None:
        """The oldest late answer that is still about what is there; None where there is none. On the source's thread:
        what it has said to be gone since must not come back by an answer that was on its way."""
        while self._late:
            place, sighting = self._late.popleft()
            if self._nodes.places.get(sighting.key) is place:
                return sighting
        return None

    def stop(self) -> None:
        """End what was asked. From any thread."""
        self._stop.set()

    def _listed(self, key: str, kept: Presence | None) -> Sighting | None:
        place = self._nodes.places[key]
        if kept is not None:
            return Sighting("add", key, kept, place=place.place)
        answer = self._answers.get(key)
        if isinstance(answer, ToolMissing):
            raise ToolMissing(f"{answer}; {answer.remedy}", remedy=answer.remedy) from answer
        return answer or self._nodes.unread(key, f"{place.node} has not answered yet; it may hang")

    def _look(self, key: str, place: NodePlace, bell: Event) -> None:
        try:
            answer = self._nodes.look(key, place, self._stop)
            if answer is not None:
                self._answers[key] = answer
                if not self._listing:
                    self._late.append((place, answer))
                    self._ring()
        except ToolMissing as exc:
            self._answers[key] = exc
        finally:
            if self._asked.get(key, (None,))[0] is place:
                del self._asked[key]
            bell.set()


class NodesSource:
    """`Source` over the fixed nodes. `close` may be called from any thread, and ends what it asked for."""

    def __init__(self, nodes: Nodes, ports: Ports) -> None:
        self._bell, self._closed = ports.event(), ports.event()
        self._asker = Asker(nodes, ports, self._bell.set)

    def open(self) -> tuple[Sighting, ...]:
        """Ask every node whose stay is not known to last; wait LISTING_S at most. Raises ToolMissing."""
        return self._asker.list(LISTING_S)

    def get(self, timeout: float) -> Sighting | None:
        found = self._asker.take()
        if found is None and not self._closed.is_set():
            self._bell.wait(timeout)
            self._bell.clear()
            found = self._asker.take()
        if self._closed.is_set():
            self._bell.set()
        return found

    def close(self) -> None:
        self._closed.set()
        self._asker.stop()
        self._bell.set()
