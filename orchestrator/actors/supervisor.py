"""Starts fallen actors again under their own key, and says so to those who need to know.

More than 3 falls of a slot in 60 s: it is QUARANTINED until `release_slot`; the rack lives on. The directory, the
recorder and discovery have no substitute and are always started again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never

import pykka

from orchestrator.actors.directory import Slate
from orchestrator.actors.hotplug import Acquaint
from orchestrator.actors.post import Key, Post
from orchestrator.actors.recorder import Wake
from orchestrator.actors.slot import Introduce
from orchestrator.actors.tables import Tables
from orchestrator.model.ports import Ports
from orchestrator.model.slot import SlotState

FALLS = 3
WINDOW_S = 60.0
BACKOFF_S = 0.1
"""Before the first new start; doubled for each further fall in the window, at most 1 s."""

log = logging.getLogger("orchestrator")


@dataclass(frozen=True, slots=True)
class Fell:
    """From a dying actor's own thread."""

    key: Key


@dataclass(frozen=True, slots=True)
class Again:
    """From a timer: start this one now."""

    key: Key


@dataclass(frozen=True, slots=True)
class Release:
    """From the facade: give a quarantined slot another try."""

    slot_id: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """From the system, to a new supervisor: see whom you find dead."""


Message = Fell | Again | Release | Sweep


class Supervisor(pykka.ThreadingActor):
    def __init__(self, ports: Ports, post: Post, tables: Tables, make: Callable[[Key], pykka.ActorRef[Any]]) -> None:
        super().__init__()
        self._ports, self._post, self._tables, self._make = ports, post, tables, make
        self._falls: dict[Key, list[float]] = {}
        self._coming: set[Key] = set()
        self._quarantined: dict[int, str] = {}

    def on_receive(self, message: Message) -> None:
        match message:
            case Fell(key):
                if not self._is_alive(key) and key not in self._coming:
                    self._fallen(key)
            case Again(key):
                self._coming.discard(key)
                self._start(key)
            case Release(slot_id):
                if not self._is_alive(slot_id) and slot_id not in self._coming:
                    self._falls.pop(slot_id, None)
                    self._quarantined.pop(slot_id, None)
                    self._start(slot_id)
            case Sweep():
                for key in self._post.known():
                    slot = self._tables.slots.get(key) if isinstance(key, int) else None
                    quarantined = slot is not None and slot.state is SlotState.QUARANTINED
                    if not quarantined and not self._is_alive(key):
                        self._fallen(key)
            case _:
                assert_never(message)

    def _fallen(self, key: Key) -> None:
        if self._tables.closed or (isinstance(key, int) and key not in self._tables.labels):
            return
        now = self._ports.monotonic()
        falls = self._falls[key] = [at for at in self._falls.get(key, ()) if now - at < WINDOW_S] + [now]
        if isinstance(key, int) and len(falls) > FALLS:
            reason = f"its actor fell {len(falls)} times in {WINDOW_S:.0f} s; `release` gives it another try"
            log.error("slot %d is quarantined: %s", key, reason)
            self._quarantined[key] = reason
            self._report(key, reason)
            return
        wait_s = min(1.0, BACKOFF_S * 2 ** (len(falls) - 1))
        log.warning("%s fell and is started again in %.1f s", key, wait_s)
        self._coming.add(key)
        self._ports.after(wait_s, lambda: self._post.tell("supervisor", Again(key)))

    def _start(self, key: Key) -> None:
        """The introduction comes after the address is published: what is told in between must reach the new one."""
        gone = isinstance(key, int) and key not in self._tables.labels
        if self._tables.closed or gone or self._is_alive(key):
            return
        self._post.publish(key, self._make(key))
        if isinstance(key, int):
            self._post.tell(key, Introduce())
            self._post.tell("hotplug", Acquaint(key))
        elif key == "directory":
            for slot_id in self._tables.slots:
                self._post.tell(slot_id, Introduce())
            for slot_id, reason in self._quarantined.items():
                self._report(slot_id, reason)
        elif key == "recorder":
            self._post.tell(key, Wake())

    def _report(self, slot_id: int, reason: str) -> None:
        presence = self._tables.presences.get(slot_id)
        self._post.tell("directory", Slate(slot_id, SlotState.QUARANTINED, presence, reason, live=()))

    def _is_alive(self, key: Key) -> bool:
        ref = self._post.ref(key)
        return ref is not None and ref.is_alive()
