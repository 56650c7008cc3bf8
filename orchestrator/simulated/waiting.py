"""What waits in a world, all at its scheduler: events, actors' inboxes and futures."""

import queue
import sys
from collections import deque
from types import TracebackType
from typing import Any, ClassVar, Protocol

import pykka


class Token:
    """One wait of one task, or a timer's call (None: test code)."""

    __slots__ = ("who", "woken")

    def __init__(self, who: Any) -> None:
        self.who = who
        self.woken: bool | None = None


class Scheduler(Protocol):
    """What a world is to those who wait in it."""

    messages: int

    def park(self, waiters: list[Token] | None, timeout: float | None) -> bool: ...
    def wake(self, waiters: list[Token]) -> None: ...
    def breathe(self) -> None: ...
    def note(self, who: str, what: object) -> None: ...


class SimEvent:
    def __init__(self, world: Scheduler) -> None:
        self._world, self._flag = world, False
        self._waiters: list[Token] = []

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        self._flag = True
        self._world.wake(self._waiters)

    def clear(self) -> None:
        self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        return self._flag or self._world.park(self._waiters, timeout) or self._flag


class SimInbox:
    def __init__(self, world: Scheduler) -> None:
        self.name = "?"
        self._world = world
        self._items: deque[Any] = deque()
        self._waiters: list[Token] = []

    def put(self, envelope: Any, /) -> None:
        self._items.append(envelope)
        self._world.wake(self._waiters)
        self._world.breathe()

    def get(self) -> Any:
        while not self._items:
            self._world.park(self._waiters, None)
        envelope = self._items.popleft()
        self._world.messages += 1
        self._world.note(self.name, envelope.message)
        return envelope

    def empty(self) -> bool:
        return not self._items


class SimFuture(pykka.Future[Any]):
    """Only pykka's public Future is subclassed. The world is bound on a class: pykka calls `type(future)()`."""

    world: ClassVar[Scheduler]

    def __init__(self) -> None:
        super().__init__()
        self._cell: tuple[Any, BaseException | None] | None = None
        self._waiters: list[Token] = []

    def get(self, *, timeout: float | None = None) -> Any:
        try:
            return super().get(timeout=timeout)  # a get hook: stop(), map(), join()
        except NotImplementedError:
            pass
        if self._cell is None and not self.world.park(self._waiters, timeout) and self._cell is None:
            raise pykka.Timeout(f"{timeout} seconds")
        assert self._cell is not None  # noqa: S101
        value, exc = self._cell
        if exc is not None:
            raise exc
        return value

    def set(self, value: Any | None = None) -> None:
        self._put(value, None)

    def set_exception(
        self,
        exc_info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None] | None = None,
    ) -> None:
        kind, exc, _ = exc_info or sys.exc_info()
        self._put(None, exc if exc is not None else (kind or Exception)())

    def _put(self, value: Any, exc: BaseException | None) -> None:
        if self._cell is not None:
            raise queue.Full
        self._cell = (value, exc)
        self.world.wake(self._waiters)
