"""Addresses by key: a fallen actor's successor has a new ref and inbox, so nobody keeps refs.

Keys are a slot's id, or "directory", "hotplug", "recorder", "supervisor". A tell to a dead actor is no error: what
matters is in the tables, and the successor finds it there.
"""

import contextlib
from typing import Any

import pykka
from pykka.messages import ProxyGetAttr

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

    def answers(self, key: Key, timeout: float) -> bool:
        """Whether this actor takes a message from its inbox within `timeout` host seconds. Blocks so long at most."""
        ref = self._refs.get(key)
        if ref is None:
            return False
        try:
            ref.ask(ProxyGetAttr(attr_path=("actor_urn",)), timeout=timeout)  # pykka's own: no actor has to know it
        except (pykka.ActorDeadError, pykka.Timeout):
            return False
        return True

    def known(self) -> tuple[Key, ...]:
        return tuple(self._refs)
