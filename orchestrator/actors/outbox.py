"""What is to be kept, until it is: numbered changes, and who waits for theirs to be durable.

    door, directory, plans, bench ──put──▶ Outbox ──pending──▶ recorder ──Store.append──▶ Outbox.kept ──▶ who waits

Without a store nothing is put here, and everything counts as durable at once. It outlives the recorder: what a fallen
one had not written, its successor finds, and the store passes over what it has already.
"""

import itertools
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from orchestrator.model.errors import StoreUnavailable
from orchestrator.model.history import Change
from orchestrator.model.job import EventKind
from orchestrator.model.ports import Event, Ports

ACCEPT_S = 30.0
"""Host seconds that a start waits for its row; a store that takes longer is as good as none."""
CALM_S = 5.0
"""Host seconds that running work waits for its memo."""


class Outbox:
    def __init__(self, ports: Ports) -> None:
        self.keeping = False
        """Whether there is a store."""
        self.trouble = ""
        """Why the store cannot be written now, and the way out; "" while it can."""
        self.bell: Callable[[], object] = lambda: None
        """Rung once for many changes: the recorder's."""
        self._ports = ports
        self._lock: AbstractContextManager[Any] = ports.lock()
        self._changes: deque[Change] = deque()
        self._rung = False
        self._number = self._kept = 0
        self._then: dict[int, list[Callable[[], object]]] = {}
        self._starts: dict[int, Event] = {}
        """Accepted jobs whose callers wait, by number."""
        self._refused: dict[int, StoreUnavailable] = {}

    def begin(self, number: int) -> None:
        """Keep from now on, behind this number."""
        self.keeping, self._number, self._kept = True, number, number

    def put(self, kind: EventKind, who: str, **fields: Any) -> int:
        """Its number; 0 without a store. Who puts something rings afterwards."""
        if not self.keeping:
            return 0
        with self._lock:
            self._number += 1
            self._changes.append(Change(self._number, self._ports.now(), kind, who, **fields))
            return self._number

    def ring(self) -> None:
        if not self._rung:
            self._rung = True
            self.bell()

    # -- who waits

    def when_kept(self, number: int, call: Callable[[], object]) -> None:
        """Call it once this change is durable, on the recorder's thread; at once where it is already."""
        with self._lock:
            if number > self._kept:
                self._then.setdefault(number, []).append(call)
                return
        call()

    def wait(self, number: int) -> bool:
        """Blocks until this change is durable, CALM_S at most; whether it is. Does not wait for a store in trouble."""
        if number <= self._kept or self.trouble:
            return number <= self._kept
        bell = self._ports.event()
        self.when_kept(number, bell.set)
        bell.wait(CALM_S)
        return number <= self._kept

    def accept(self, number: int) -> bool:
        """Blocks until this start is durable; False when that is open after ACCEPT_S.

        Raises StoreUnavailable when it was not written and will not be.
        """
        bell = self._ports.event()
        with self._lock:
            if number <= self._kept:
                return True
            self._starts[number] = bell
        bell.wait(ACCEPT_S)
        with self._lock:
            del self._starts[number]
            refused = self._refused.pop(number, None)
        if refused is not None:
            raise refused
        return number <= self._kept

    # -- the recorder's

    def pending(self) -> tuple[Change, ...]:
        self._rung = False  # before they are read: what comes later rings again
        with self._lock:
            return tuple(self._changes)

    def kept(self, number: int) -> None:
        """All up to this one are durable."""
        with self._lock:
            before, self._kept = self._kept, max(number, self._kept)
            while self._changes and self._changes[0].number <= number:
                self._changes.popleft()
            numbers = range(before + 1, number + 1)
            calls = [call for n in numbers for call in self._then.pop(n, ())]
            bells = [bell for n in numbers if (bell := self._starts.get(n)) is not None]
        for call in calls:
            call()
        for bell in bells:
            bell.set()

    def refuse(self, changes: tuple[Change, ...], error: StoreUnavailable) -> None:
        """These could not be written. The starts among them for which someone waits are taken back; the rest stays."""
        with self._lock:
            asked = {change.number for change in changes if change.number in self._starts}
            self._changes = deque(itertools.filterfalse(lambda change: change.number in asked, self._changes))
            for number in asked:
                self._then.pop(number, None)
                self._refused[number] = error
            bells = [self._starts[number] for number in asked]
        for bell in bells:
            bell.set()
