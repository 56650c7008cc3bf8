"""Builds the parts of a rack, starts them in order and stops them in reverse. Introduces actors and adapters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pykka

from orchestrator.actors import take_up
from orchestrator.actors.allowance import Allowance
from orchestrator.actors.directory import Arrange, Close, JobDirectory
from orchestrator.actors.door import Door
from orchestrator.actors.hotplug import HotplugActor, Places
from orchestrator.actors.post import Key, Post
from orchestrator.actors.recorder import Recorder, Wake
from orchestrator.actors.slot import Introduce, Shut, SlotActor
from orchestrator.actors.supervisor import Fell, Supervisor, Sweep
from orchestrator.actors.tables import Tables
from orchestrator.actors.workplace import Workplace
from orchestrator.model.budget import NO_BUDGET, Budget
from orchestrator.model.clock import RackClock
from orchestrator.model.heat import HeatLimits
from orchestrator.model.place import Matcher
from orchestrator.model.plan import Plan
from orchestrator.model.ports import DriveAccess, Lamps, Ports, Sighting, Source, Store, Suites, Surfaces
from orchestrator.model.recipe import Recipe
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.operations.declare import Operations

STOP_S = 9.0
"""Host seconds for the workers to leave their drives; a rack stops within 10, whatever hangs."""
ENTER_S = 60.0
"""Host seconds that the first enumeration may take."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a rack is built from."""

    ports: Ports
    clock: RackClock
    labels: Mapping[int, str]
    """The chassis's labels by slot id."""
    keys: Mapping[str, int]
    """Which slot a sighting's key means, where the key says it."""
    make_source: Callable[[], Source]
    access: DriveAccess
    operations: Operations
    store: Store | None = None
    surfaces: Surfaces | None = None
    lamps: Lamps | None = None
    suites: Suites | None = None
    plans: Mapping[int, Plan] = field(default_factory=dict)
    """What starts by itself, by slot id."""
    budget: Budget = NO_BUDGET
    controllers: Mapping[int, str] = field(default_factory=dict)
    """What a slot shares with others, by slot id; one that is not in here shares nothing."""
    close: Callable[[], object] = lambda: None
    """Called last, when the rack has stopped."""
    heat: Mapping[int, HeatLimits] = field(default_factory=dict)
    """When a job stands still for heat, by slot id, where it is not left to the drive."""
    recipes: Callable[[], Mapping[str, Recipe]] = dict
    """By name; the first call may read files."""
    rearrange: Callable[[Any], "Parts"] | None = None
    """The parts of a changed rack file, from its settings; None where nothing can change."""
    matcher: Matcher = field(default_factory=partial(Matcher, {}))
    """Which slots a sighting's place means, where its key does not say it."""

    def find_slots(self, sighting: Sighting) -> tuple[int, ...]:
        slot_id = self.keys.get(sighting.key)
        if slot_id is not None:
            return (slot_id,)
        return self.matcher.find(sighting.place) if sighting.place is not None else ()


class System:
    def __init__(self, parts: Parts) -> None:
        self.parts, self._ports = parts, parts.ports
        empty = {
            slot_id: SlotInfo(slot_id, parts.labels[slot_id], SlotState.UNKNOWN, None, None, "not seen yet")
            for slot_id in sorted(parts.labels)
        }
        self.post = Post()
        self.tables = Tables(parts.ports, empty, parts.store)
        self._allot(parts)
        if parts.store is not None:
            take_up.restore(self.tables, parts.store.unfinished(), parts.operations, parts.clock)
        self.door = Door(parts.ports, self.post, self.tables, parts.operations)
        self._place = Workplace(
            parts.ports,
            self.post,
            self.tables,
            parts.clock,
            parts.access,
            self.door,
            Allowance(self.tables, parts.clock, parts.ports.lock()),
            parts.surfaces,
            parts.lamps,
            parts.suites,
        )
        self._places = Places(tuple(empty), parts.find_slots, self.tables.unheard)

    def start(self) -> None:
        """Returns when the first enumeration has reached every slot, or ENTER_S later."""
        keys: list[Key] = ["directory", *self.tables.slots, "hotplug"]
        if self.parts.store is not None:
            keys.insert(0, "recorder")
            self.tables.journal.outbox.bell = partial(self.post.tell, "recorder", Wake())
        for key in keys:
            self.post.publish(key, self._make(key))
            if isinstance(key, int):
                self.post.tell(key, Introduce())
            elif key == "recorder":
                self.post.tell(key, Wake())  # for what was put into the outbox before it came
        self._supervise()
        self.tables.settled.wait(ENTER_S)

    def _allot(self, parts: Parts) -> None:
        tables = self.tables
        tables.plans, tables.budget, tables.heat = dict(parts.plans), parts.budget, dict(parts.heat)
        tables.controllers, tables.recipes = dict(parts.controllers), parts.recipes

    def rearrange(self, parts: Parts) -> None:
        """Other slots, labels, plans and limits, while jobs run. A slot that goes must have no open job.

        Discovery begins anew, with the new places; a slot that stays is told nothing but what changes.
        """
        tables, before = self.tables, self.tables.labels
        self.parts = parts
        self._allot(parts)
        for slot_id in parts.labels.keys() - before.keys():
            tables.claims.setdefault(slot_id, {})
        tables.labels = dict(parts.labels)
        self._places = Places(tuple(sorted(parts.labels)), parts.find_slots, tables.unheard)
        self.post.tell("directory", Arrange())
        for slot_id in sorted(parts.labels.keys() - before.keys()):
            self.post.publish(slot_id, self._make(slot_id))
            self.post.tell(slot_id, Introduce())
        gone: list[Key] = [*sorted(before.keys() - parts.labels.keys()), "hotplug"]
        for key in gone:
            if (ref := self.post.ref(key)) is not None and ref.is_alive():
                ref.stop(block=False)  # the supervisor starts discovery again; a slot that has left it leaves alone
            if isinstance(key, int):
                self.post.withdraw(key)

    def stop(self, *, abort: bool = False) -> None:
        """Ends open jobs as Interrupted, but for those that the store's next process can take up; waits for the workers
        at most STOP_S, and leaves what hangs."""
        self.tables.closed = True
        until = self._ports.monotonic() + STOP_S
        for slot_id in self.tables.slots:
            self.post.tell(slot_id, Shut(abort))
        self._wait(lambda: not any(self.tables.claims.values()), until)
        self._end("supervisor", "hotplug", *self.tables.slots, until=until + 0.3)
        self.post.tell("directory", Close())
        self._end("directory", until=until + 0.6)
        self.post.tell("recorder", Wake())
        self._end("recorder", until=until + 0.9)
        if (store := self.parts.store) is not None:
            for job_id in list(self.tables.waiters):
                self.tables.hang_up(job_id)
            recorder = self.post.ref("recorder")
            if recorder is None or not recorder.is_alive():  # else it hangs in the disk, and the file is its
                store.close()
        self.tables.journal.close()
        self.parts.close()

    def _end(self, *keys: Key, until: float) -> None:
        """What one of them still has in its inbox is done first; what hangs is left."""
        refs = [ref for key in keys if (ref := self.post.ref(key)) is not None and ref.is_alive()]
        for ref in refs:
            ref.stop(block=False)
        self._wait(lambda: not any(ref.is_alive() for ref in refs), until)

    def _wait(self, done: Callable[[], bool], until: float) -> None:
        pause = self._ports.event()
        while not done() and self._ports.monotonic() < until:
            pause.wait(0.005)

    def _make(self, key: Key) -> pykka.ActorRef[Any]:
        start = partial(self._ports.start, on_end=partial(self._ended, key))
        ref: pykka.ActorRef[Any]
        match key:
            case int():
                ref = start(SlotActor, self._place, key)
            case "directory":
                open_job, allowance, clock = self.door.open_job, self._place.allowance, self.parts.clock
                ref = start(JobDirectory, self._ports, self.post, self.tables, clock, open_job, allowance)
            case "hotplug":
                make_source, clock = self.parts.make_source, self.parts.clock
                ref = start(HotplugActor, self._ports, self.post, clock, self._places, make_source)
            case "recorder":
                tell = partial(self.post.tell, "recorder")
                ref = start(Recorder, self._ports, self.tables.journal.outbox, self.parts.store, tell)
            case _:
                ref = start(Supervisor, self._ports, self.post, self.tables, self._make)
        return ref

    def _supervise(self) -> None:
        self.post.publish("supervisor", self._make("supervisor"))
        self.post.tell("supervisor", Sweep())

    def _ended(self, key: Key) -> None:
        """In the dying actor's own thread."""
        if self.tables.closed:
            return
        if key == "supervisor":
            self._ports.after(0.1, self._supervise)
        else:
            self.post.tell("supervisor", Fell(key))
