"""The last events of a rack, numbered, for any number of readers; each goes into the outbox too, to be kept.

whoever changes something ──append──▶ Journal ──▶ readers (events(), one gap where they are too slow)
                                         └──▶ outbox ──▶ recorder
"""

import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from orchestrator.actors.outbox import Outbox
from orchestrator.model import job as nouns
from orchestrator.model.job import AsyncJob, EventKind
from orchestrator.model.ports import Event, Ports
from orchestrator.model.slot import SlotInfo

JOURNAL_EVENTS = 10_000


class Journal:
    """The last events, numbered. Any thread may append; readers come and go."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock: AbstractContextManager[Any] = ports.lock()
        self._events: deque[nouns.Event] = deque(maxlen=JOURNAL_EVENTS)
        self._sequence = 0
        self._readers: dict[Event, None] = {}
        self._closed = False
        self.outbox = Outbox(ports)

    @property
    def sequence(self) -> int:
        """Of the newest event; 0 before the first."""
        return self._sequence

    def now(self) -> datetime:
        return self._ports.now()

    def begin(self, sequence: int) -> None:
        """Number on behind an earlier process's events."""
        self._sequence = sequence

    def append(
        self, kind: EventKind, who: str, *, job: AsyncJob | None = None, slot: SlotInfo | None = None, **kept: Any
    ) -> int:
        """Tell it to everyone, and put it into the outbox: its number there, or 0.

        Args:
            who, kept: as model/history.py's Change has them.
        """
        with self._lock:
            self._sequence += 1
            self._events.append(nouns.Event(self._sequence, self._ports.now(), kind, job, slot))
            readers = tuple(self._readers)
            number = 0
            if kind is not EventKind.PROGRESS:
                number = self.outbox.put(kind, who, sequence=self._sequence, job=job, slot=slot, **kept)
        for reader in readers:
            reader.set()
        if number:
            self.outbox.ring()
        return number

    def since(self, sequence: int) -> tuple[nouns.Event, ...]:
        """The events after `sequence`; begins with a gap where some are lost."""
        with self._lock:
            missing = min(self._sequence - sequence, len(self._events))
            found = tuple(itertools.islice(reversed(self._events), missing)) if missing > 0 else ()
        found = found[::-1]
        if found and found[0].sequence > sequence + 1:
            gap = nouns.Event(found[0].sequence - 1, found[0].time, EventKind.GAP)
            return (gap, *found)
        return found

    def follow(self, after: int | None) -> Iterator[nouns.Event]:
        """Blocks for the next event; ends when the journal closes."""
        return self._follow(self._sequence if after is None else after)

    def _follow(self, sequence: int) -> Iterator[nouns.Event]:
        bell = self._ports.event()
        with self._lock:
            self._readers[bell] = None
        try:
            while True:
                bell.clear()
                found = self.since(sequence)
                yield from found
                if found:
                    sequence = found[-1].sequence
                elif self._closed:
                    return
                else:
                    bell.wait()
        finally:
            with self._lock:
                self._readers.pop(bell, None)

    def close(self) -> None:
        self._closed = True
        with self._lock:
            readers = tuple(self._readers)
        for reader in readers:
            reader.set()
