"""Settles what discovery sees into one truth per slot: which drive is in it now.

    source ──watch()──▶ Listed, Saw ──▶ HotplugActor ──Present──▶ slot

The events are hints, the enumeration is the truth: the source is listed again every RESYNC_S and after lost events.
A change is told after DEBOUNCE_S of quiet; the first enumeration at once.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

import pykka

from orchestrator.actors.post import Post
from orchestrator.actors.slot import Present, Unseen
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Presence
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
    change: int


@dataclass(frozen=True, slots=True)
class Acquaint:
    """From the supervisor: this slot has a new actor."""

    slot_id: int


Message = Listed | Saw | Blind | Settle | Acquaint


@dataclass(frozen=True, slots=True)
class Places:
    """Which slot a sighting's key means, and which slots there are."""

    ids: tuple[int, ...]
    find: Callable[[str], int | None]


class HotplugActor(pykka.ThreadingActor):
    def __init__(
        self, ports: Ports, post: Post, clock: RackClock, places: Places, make_source: Callable[[], Source]
    ) -> None:
        super().__init__()
        self._ports, self._post, self._clock, self._places = ports, post, clock, places
        self._source = make_source()
        self._ended = ports.event()
        self._now: dict[int, Presence | str] = {}
        """What the newest sightings say; a text says why the drive there cannot be identified."""
        self._told: dict[int, Presence | str | None] = {}
        """What the slots were told."""
        self._changes: dict[int, int] = {}
        """How often a slot changed since it was last settled."""

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
            case Settle(slot_id, change):
                if self._changes.get(slot_id) == change:
                    self._tell(slot_id)
            case Acquaint(slot_id):
                if self._told.pop(slot_id, self) is not self:
                    self._tell(slot_id)
            case Blind(reason):
                self._now = dict.fromkeys(self._places.ids, reason)
                for slot_id in self._places.ids:
                    self._tell(slot_id)
            case _:
                assert_never(message)

    def _list(self, sightings: tuple[Sighting, ...]) -> None:
        found = dict[int, Presence | str]()
        for sighting in sightings:
            slot_id = self._places.find(sighting.key)
            if slot_id is not None:
                found[slot_id] = sighting.presence or sighting.reason or "its drive cannot be identified"
        self._now = found
        for slot_id in self._places.ids:
            if not isinstance(self._told.get(slot_id, ""), Presence | None):
                self._tell(slot_id)
            elif found.get(slot_id) != self._told[slot_id]:
                self._touch(slot_id)

    def _see(self, sighting: Sighting) -> None:
        slot_id = self._places.find(sighting.key)
        if slot_id is None:
            return
        held, seen = self._now.get(slot_id), sighting.presence
        earlier = isinstance(held, Presence) and seen is not None and seen.number < held.number
        if sighting.action != "remove" and not earlier:
            self._now[slot_id] = seen or sighting.reason or "its drive cannot be identified"
        elif sighting.action == "remove" and not earlier:  # else the remove of an earlier presence came late
            self._now.pop(slot_id, None)
        if self._now.get(slot_id) != held:
            self._touch(slot_id)

    def _touch(self, slot_id: int) -> None:
        change = self._changes[slot_id] = self._changes.get(slot_id, 0) + 1
        settle_s = self._clock.host_s(DEBOUNCE_S)
        self._ports.after(settle_s, lambda: self._post.tell("hotplug", Settle(slot_id, change)))

    def _tell(self, slot_id: int) -> None:
        self._changes.pop(slot_id, None)
        now = self._now.get(slot_id)
        if slot_id not in self._told or self._told[slot_id] != now:
            self._told[slot_id] = now
            self._post.tell(slot_id, Unseen(now) if isinstance(now, str) else Present(now))


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
