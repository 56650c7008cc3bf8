"""Writes every change to the store, in order, many at a time: the only writer.

    outbox ──pending──▶ Recorder ──Store.append──▶ disk ──▶ Outbox.kept ──▶ the slot may act, the result may be told

While the store cannot be written, starts are refused, what runs goes on, and its changes wait here for the disk.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import pykka

from orchestrator.actors.outbox import Outbox
from orchestrator.model.errors import StoreUnavailable
from orchestrator.model.ports import Ports, Store

RETRY_S = 1.0
"""Host seconds between two tries to write to a store in trouble."""
PRUNE_S = 3600.0
"""Host seconds between two looks for what is no longer to be kept."""
MOST = 2000
"""Changes of one commit."""

log = logging.getLogger("orchestrator")


@dataclass(frozen=True, slots=True)
class Wake:
    """From the outbox's bell or the supervisor: there is something to write."""


@dataclass(frozen=True, slots=True)
class Retry:
    """From a timer: the store was in trouble, try again."""


@dataclass(frozen=True, slots=True)
class Prune:
    """From a timer: remove what is no longer to be kept."""


Message = Wake | Retry | Prune


class Recorder(pykka.ThreadingActor):
    def __init__(self, ports: Ports, outbox: Outbox, store: Store, tell: Callable[[Message], object]) -> None:
        super().__init__()
        self._ports, self._outbox, self._store, self._tell = ports, outbox, store, tell
        self._retrying = False

    def on_start(self) -> None:
        self._ports.after(1.0, lambda: self._tell(Prune()))

    def on_receive(self, message: Message) -> None:
        match message:
            case Wake():
                self._write()
            case Retry():
                self._retrying = False
                self._write()
            case Prune():
                self._prune()
            case _:
                assert_never(message)

    def _write(self) -> None:
        changes = self._outbox.pending()
        if not changes and not self._outbox.trouble:
            return
        try:
            for first in range(0, max(len(changes), 1), MOST):
                part = changes[first : first + MOST]
                self._store.append(part)
                if part:
                    self._outbox.kept(part[-1].number)
        except StoreUnavailable as exc:
            self._suffer(exc)
            return
        if self._outbox.trouble:
            log.warning("the history can be written again")
            self._outbox.trouble = ""

    def _suffer(self, exc: StoreUnavailable) -> None:
        told = f"{exc.text}; {exc.remedy}" if exc.remedy else exc.text
        if told != self._outbox.trouble:
            log.error("the history cannot be written, no new job is accepted: %s", told)
        self._outbox.trouble = told
        self._outbox.refuse(self._outbox.pending(), exc)
        if not self._retrying:
            self._retrying = True
            self._ports.after(RETRY_S, lambda: self._tell(Retry()))

    def _prune(self) -> None:
        try:
            if gone := self._store.prune():
                log.info("%d jobs are no longer kept", gone)
        except StoreUnavailable as exc:
            log.warning("the history could not be made shorter: %s", exc)
        self._ports.after(PRUNE_S, lambda: self._tell(Prune()))
