"""Settles what discovery sees into one truth per slot: which drive is in it now.

    source ──watch()──▶ Listed, Saw ──▶ HotplugActor ──Present, Unseen──▶ slot

The events are hints, the enumeration is the truth: the source is listed again every RESYNC_S and after lost events.
A change is told after DEBOUNCE_S of quiet; the first enumeration at once. What a slot holds is concluded from all
sightings together (model/contents.py): two drives for one slot, or two slots for one drive, are told as a conflict.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

import pykka

from orchestrator.actors.post import Post
from orchestrator.actors.slot import Present, Unseen
from orchestrator.model.clock import RackClock
from orchestrator.model.contents import EMPTY, Contents, contents_of, is_same
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.ports import Event, Ports, Sighting, Source

RESYNC_S = 45.0
"""Host seconds; a lost event is made good within 60 s (I10)."""
RETRY_S = 5.0
"""Host seconds between two tries to open a source that cannot see."""
DEBOUNCE_S = 1.0
"""Rack seconds; a live swap gives remove, add and two changes within 0.7 s (measured in a guest)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """From the watch: everything that is there."""

    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Saw:
    """From the watch: one event."""

    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Blind:
    """From the watch: the source cannot see."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settle:
    """From a timer: has this slot been quiet since?"""

    slot_id: int
    since: float
    """Rack time of the change: no two actors' timers are taken for each other's."""


@dataclass(frozen=True, slots=True)
class Acquaint:
    """From the supervisor: this slot has a new actor."""

    slot_id: int


Message = Listed | Saw | Blind | Settle | Acquaint


@dataclass(frozen=True, slots=True)
class Places:
    """Which slots a sighting is in, several if their rules contradict each other, and which slots there are."""

    ids: tuple[int, ...]
    find: Callable[[Sighting], tuple[int, ...]]
    unheard: AbstractSet[int]
    """Those that nobody has told anything yet, also no predecessor: they are told at once."""


class HotplugActor(pykka.ThreadingActor):
    def __init__(
        self, ports: Ports, post: Post, clock: RackClock, places: Places, make_source: Callable[[], Source]
    ) -> None:
        super().__init__()
        self._ports, self._post, self._clock, self._places = ports, post, clock, places
        self._source = make_source()
        self._ended = ports.event()
        self._here: dict[int, dict[str, Sighting]] = {slot_id: {} for slot_id in places.ids}
        """By slot: the newest sighting of each key there."""
        self._slots: dict[str, tuple[int, ...]] = {}
        """By key: the slots it is in."""
        self._named: dict[str, set[str]] = {}
        """By serial number: the keys whose drive has it."""
        self._now = dict.fromkeys(places.ids, EMPTY)
        """What the newest sightings say."""
        self._told: dict[int, Contents] = {}
        """What the slots were told."""
        self._changed: dict[int, float] = {}
        """When each slot that is not settled changed last."""

    def on_start(self) -> None:
        self._ports.spawn("watch", watch, self._ports, self._hear, self._source, self._ended)

    def _hear(self, message: Message) -> None:
        """On the watch's thread. Not by post: the first listing may come before this actor's address is published."""
        with suppress(pykka.ActorDeadError):
            self.actor_ref.tell(message)

    def on_stop(self) -> None:
        self._ended.set()
        self._source.close()

    def on_failure(self, *_: object) -> None:
        self.on_stop()

    def on_receive(self, message: Message) -> None:
        match message:
            case Listed(sightings):
                self._list(sightings)
            case Saw(sighting):
                self._see(sighting)
            case Settle(slot_id, since):
                if self._changed.get(slot_id) == since:
                    self._tell(slot_id)
            case Acquaint(slot_id):
                if (told := self._told.get(slot_id)) is not None:  # what has settled; a change since is on its way
                    self._post.tell(slot_id, _news(told))
            case Blind(reason):
                self._forget()
                self._now = dict.fromkeys(self._places.ids, Contents(reason=reason))
                for slot_id in self._places.ids:
                    self._tell(slot_id)
            case _:
                assert_never(message)

    def _list(self, sightings: tuple[Sighting, ...]) -> None:
        self._forget()
        for sighting in sightings:
            self._put(sighting.key, sighting)
        for slot_id in self._places.ids:
            now = self._now[slot_id] = self._conclude(slot_id)
            told = self._told.get(slot_id)
            if told.reason if told else slot_id in self._places.unheard:
                self._tell(slot_id)
            elif told != now:
                self._touch(slot_id)

    def _see(self, sighting: Sighting) -> None:
        held, seen = self._held(sighting.key), sighting.presence
        if held is not None and held.presence is not None and seen is not None and seen.number < held.presence.number:
            return  # late news of an earlier presence
        for slot_id in self._put(sighting.key, None if sighting.action == "remove" else sighting):
            now = self._conclude(slot_id)
            if now != self._now[slot_id]:
                self._now[slot_id] = now
                self._touch(slot_id)

    def _held(self, key: str) -> Sighting | None:
        return next((self._here[slot_id].get(key) for slot_id in self._slots.get(key, ())), None)

    def _forget(self) -> None:
        self._here = {slot_id: {} for slot_id in self._places.ids}
        self._slots, self._named = {}, {}

    def _put(self, key: str, sighting: Sighting | None) -> set[int]:
        """Note what is at this key now; the slots for which that may matter."""
        mattering = set(self._slots.get(key, ()))
        if (held := self._held(key)) is not None and (name := _name(held)) in self._named:
            mattering |= self._slots_of(self._named[name])
            self._named[name].discard(key)
        for slot_id in self._slots.pop(key, ()):
            del self._here[slot_id][key]
        if sighting is not None and (slots := self._places.find(sighting)):
            self._slots[key] = slots
            for slot_id in slots:
                self._here[slot_id][key] = sighting
            if name := _name(sighting):
                self._named.setdefault(name, set()).add(key)
                mattering |= self._slots_of(self._named[name])
            mattering.update(slots)
        return mattering

    def _slots_of(self, keys: set[str]) -> set[int]:
        return {slot_id for key in keys for slot_id in self._slots.get(key, ())}

    def _conclude(self, slot_id: int) -> Contents:
        here = self._here[slot_id]
        twins = {
            other
            for sighting in here.values()
            for key in self._named.get(_name(sighting), ())
            if key not in here and _are_same(sighting, self._held(key))
            for other in self._slots[key]
        }
        return contents_of(slot_id, [(one, self._slots[key]) for key, one in here.items()], sorted(twins))

    def _touch(self, slot_id: int) -> None:
        since = self._changed[slot_id] = self._clock.now()
        settle_s = self._clock.host_s(DEBOUNCE_S)
        if settle_s <= 0:
            self._tell(slot_id)
            return
        self._ports.after(settle_s, lambda: self._post.tell("hotplug", Settle(slot_id, since)))

    def _tell(self, slot_id: int) -> None:
        self._changed.pop(slot_id, None)
        now = self._now[slot_id]
        if self._told.get(slot_id) != now:
            self._told[slot_id] = now
            self._post.tell(slot_id, _news(now))


def _news(contents: Contents) -> Present | Unseen:
    return Unseen(contents.reason, contents.conflict) if contents.reason else Present(contents.presence)


def _name(sighting: Sighting) -> str:
    """What drives that may be the same have in common; "" where nothing is known."""
    drive = sighting.presence.drive if sighting.presence else None
    return (drive.serial or drive.wwn) if drive else ""


def _are_same(one: Sighting, other: Sighting | None) -> bool:
    if other is None or one.presence is None or other.presence is None:
        return False
    return is_same(one.presence.drive, other.presence.drive)


def watch(ports: Ports, tell: Callable[[Message], None], source: Source, stop: Event) -> None:
    """The thread that owns the source."""
    while not stop.is_set():
        try:
            tell(Listed(source.open()))
        except (OSError, OrchestratorError) as exc:
            tell(Blind(f"nothing can be seen: {exc}"))
            stop.wait(RETRY_S)
            continue
        again = ports.monotonic() + RESYNC_S
        while not stop.is_set() and (left := again - ports.monotonic()) > 0:
            try:
                sighting = source.get(left)
            except OSError:
                break  # events were lost: list anew
            if sighting is not None:
                tell(Saw(sighting))
