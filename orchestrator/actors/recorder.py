"""Writes every change to the store, in order, many at a time.

The journal is the queue and the ring of a bell is all that is sent: a fallen recorder's successor goes on behind the
last event that the store has.
"""

import logging
from dataclasses import dataclass

import pykka

from orchestrator.actors.tables import Journal
from orchestrator.model.job import EventKind
from orchestrator.model.ports import Store

log = logging.getLogger("orchestrator")


@dataclass(frozen=True, slots=True)
class Wake:
    """From the journal's bell, or the supervisor: there is something to write."""


class Recorder(pykka.ThreadingActor):
    def __init__(self, journal: Journal, store: Store) -> None:
        super().__init__()
        self._journal, self._store = journal, store

    def on_receive(self, _: Wake) -> None:
        events = self._journal.since(self._store.last_sequence())
        if events and events[0].kind is EventKind.GAP:
            log.error("the store is behind the journal: events up to %d are lost to it", events[0].sequence)
        if events:
            self._store.append(events)
