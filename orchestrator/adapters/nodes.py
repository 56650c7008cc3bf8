"""Discovery without udev: the nodes a rack file names, and who answers at each.

    open() ──one thread a node──▶ Smartctl.identify ──▶ Sighting        the silent ones' sighting comes later, by get()

All nodes are asked at once, so that one hanging drive delays no other. A drive that is known stays known while it
cannot be asked; only "no such device" takes it away. A node whose DISKSEQ has not changed is not asked again: the
kernel says that it is the same stay, and a command could end a self-test or wake the drive.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.model.drive import Drive, Presence
from orchestrator.model.errors import DriveRemoved, OrchestratorError, ToolMissing
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


@dataclass(frozen=True, slots=True)
class _Stay:
    presence: Presence
    diskseq: int | None


class Nodes:
    """What is known of the nodes. Lives as long as the rack, so that numbers survive a new source.

    Args:
        places: by the key that the sightings shall carry.
        sys: where sysfs is.
    """

    def __init__(
        self, places: Mapping[str, NodePlace], identifier: Identifier, ports: Ports, *, sys: Path = Path("/sys")
    ) -> None:
        self.places = dict(places)
        self._identifier, self._ports, self._sys = identifier, ports, sys
        self._lock = ports.lock()
        self._stays: dict[str, _Stay] = {}
        self._number = 0

    def make_source(self) -> "NodesSource":
        return NodesSource(self, self._ports)

    def same_stay(self, key: str) -> Presence | None:
        """The known presence, where the kernel says that it still lasts."""
        stay, diskseq = self._stays.get(key), self._diskseq(key)
        return stay.presence if stay is not None and diskseq is not None and stay.diskseq == diskseq else None

    def look(self, key: str, stop: Event) -> Sighting:
        """Ask the node. Blocks at most smartctl's deadline and 2 s; raises ToolMissing."""
        place, before = self.places[key], self._stays.get(key)
        diskseq = self._diskseq(key)  # before the drive is asked: an older number is noticed, a newer would not be
        try:
            drive, found = self._identifier.identify(place.node, place.device_type, stop=stop)
        except DriveRemoved:
            self._stays.pop(key, None)
            return Sighting("remove", key, before.presence if before else None)
        except ToolMissing:
            raise
        except OrchestratorError as exc:
            return self.unread(key, f"{exc}; {exc.remedy}" if exc.remedy else str(exc))
        if not drive.serial and not drive.wwn:
            reason = f"the drive at {place.node} tells neither serial number nor WWN: it cannot be told from another"
            return Sighting("add", key, None, reason)
        device_type = place.device_type or found
        if before is not None and before.presence.drive == drive and before.diskseq == diskseq:
            return Sighting("add", key, before.presence)
        with self._lock:
            own = self._stays[key].presence.number if key in self._stays else 0
            number = diskseq if diskseq is not None and diskseq > own else self._number + 1
            self._number = max(self._number, number)
            presence = Presence(number, drive, place.node, device_type)
            self._stays[key] = _Stay(presence, diskseq)
        return Sighting("add", key, presence)

    def unread(self, key: str, reason: str) -> Sighting:
        """It did not answer: a drive that is known stays."""
        stay = self._stays.get(key)
        return Sighting("add", key, None, reason) if stay is None else Sighting("add", key, stay.presence)

    def _diskseq(self, key: str) -> int | None:
        """The kernel's number of this stay (Linux 5.15); None where it has none, as for an NVMe controller's node."""
        place = self.places[key]
        if "," in place.device_type:  # behind a RAID controller: the number is of the volume
            return None
        try:
            return int((self._sys / "class/block" / Path(place.node).resolve().name / "diskseq").read_text())
        except (OSError, ValueError):
            return None


class NodesSource:
    """`Source` over the nodes. `close` may be called from any thread, and ends what it asked for."""

    def __init__(self, nodes: Nodes, ports: Ports) -> None:
        self._nodes, self._ports = nodes, ports
        self._stop, self._bell = ports.event(), ports.event()
        self._asked: dict[str, Event] = {}
        """Nodes that have not answered yet, each with its bell."""
        self._answers: dict[str, Sighting | ToolMissing] = {}
        self._late: deque[Sighting] = deque()
        self._listing = False

    def open(self) -> tuple[Sighting, ...]:
        """Ask every node whose stay is not known to last; wait LISTING_S at most. Raises ToolMissing."""
        self._answers, self._listing = {}, True
        self._late.clear()  # what it says is in the listing, or is asked anew
        kept = {key: presence for key in self._nodes.places if (presence := self._nodes.same_stay(key)) is not None}
        for key in self._nodes.places:
            if key not in kept and key not in self._asked:
                self._asked[key] = self._ports.event()
                self._ports.spawn(f"look-{key}", self._look, key, self._asked[key])
        until = self._ports.monotonic() + LISTING_S
        for bell in list(self._asked.values()):
            bell.wait(max(0.0, until - self._ports.monotonic()))
        self._listing = False
        return tuple(
            sighting for key in self._nodes.places if (sighting := self._listed(key, kept.get(key))).action != "remove"
        )

    def _listed(self, key: str, kept: Presence | None) -> Sighting:
        if kept is not None:
            return Sighting("add", key, kept)
        answer = self._answers.get(key)
        if isinstance(answer, ToolMissing):
            raise ToolMissing(f"{answer}; {answer.remedy}", remedy=answer.remedy) from answer
        node = self._nodes.places[key].node
        return answer or self._nodes.unread(key, f"{node} has not answered within {LISTING_S:g} s; it may hang")

    def get(self, timeout: float) -> Sighting | None:
        if not self._late and not self._stop.is_set():
            self._bell.wait(timeout)
        self._bell.clear()
        try:
            return self._late.popleft()
        except IndexError:
            return None
        finally:
            if self._late or self._stop.is_set():
                self._bell.set()

    def close(self) -> None:
        self._stop.set()
        self._bell.set()

    def _look(self, key: str, bell: Event) -> None:
        try:
            self._answers[key] = answer = self._nodes.look(key, self._stop)
            if not self._listing:
                self._late.append(answer)
                self._bell.set()
        except ToolMissing as exc:
            self._answers[key] = exc
        finally:
            del self._asked[key]
            bell.set()
