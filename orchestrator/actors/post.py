"""Addresses by key: a fallen actor's successor has a new ref and inbox, so nobody keeps refs.

Keys are a slot's id, or "directory", "hotplug", "recorder", "supervisor". A tell to a dead actor is no error: what
matters is in the tables, and the successor finds it there.
"""

import contextlib
from typing import Any

import pykka

Key = int | str


class Post:
    def __init__(self) -> None:
        self._refs: dict[Key, pykka.ActorRef[Any]] = {}

    def publish(self, key: Key, ref: pykka.ActorRef[Any]) -> None:
        self._refs[key] = ref

    def withdraw(self, key: Key) -> None:
        self._refs.pop(key, None)

    def tell(self, key: Key, message: object) -> None:
        ref = self._refs.get(key)
        if ref is None:
            return
        with contextlib.suppress(pykka.ActorDeadError):
            ref.tell(message)

    def ref(self, key: Key) -> pykka.ActorRef[Any] | None:
        return self._refs.get(key)

    def known(self) -> tuple[Key, ...]:
        return tuple(self._refs)
