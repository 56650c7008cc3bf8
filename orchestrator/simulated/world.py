"""A world in one thread: the real actors and operations under a seeded scheduler, in virtual time.

    test code ──wait──▶ hub: pick one ready task at random ──switch──▶ actor, worker or client ──wait──▶ hub
                        nobody ready: move the clock to the next timer

Every task is a greenlet. Same seed, same code: same trace, whatever PYTHONHASHSEED and the machine's load. What finds
the bugs, by measurement: preemption at every tell and start, lag (a woken task comes late), and that each seed draws
how much of both there is.
"""

import hashlib
import heapq
import itertools
import logging
import queue
import random
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, ClassVar, Self

import greenlet
import pykka

from orchestrator.adapters.threads import guard
from orchestrator.model import ports

log = logging.getLogger("orchestrator")


class Deadlock(Exception):
    """Test code waits, and nothing can ever happen again."""


class Injected(Exception):
    """Thrown into a handler by the world."""


class Broken(Exception):
    """Something that must hold did not."""


class _Token:
    """One wait of one task (None: test code; a plain callable: a timer)."""

    __slots__ = ("who", "woken")

    def __init__(self, who: "_Task | Callable[[], object] | None") -> None:
        self.who = who
        self.woken: bool | None = None


class _Task:
    def __init__(self, world: "World", name: str, work: Callable[[], object]) -> None:
        self.name = name
        self.greenlet = greenlet.greenlet(lambda: world.run_task(self, work), parent=world.hub)


class SimEvent:
    def __init__(self, world: "World") -> None:
        self._world, self._flag = world, False
        self._waiters: list[_Token] = []

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        self._flag = True
        self._world.wake(self._waiters)

    def clear(self) -> None:
        self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        return self._flag or self._world.park(self._waiters, timeout) or self._flag


class _Inbox:
    def __init__(self, world: "World") -> None:
        self.name = "?"
        self._world = world
        self._items: deque[Any] = deque()
        self._waiters: list[_Token] = []

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


class _Future(pykka.Future[Any]):
    """Only pykka's public Future is subclassed. The world is bound on a class: pykka calls `type(future)()`."""

    world: ClassVar["World"]

    def __init__(self) -> None:
        super().__init__()
        self._cell: tuple[Any, BaseException | None] | None = None
        self._waiters: list[_Token] = []

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


class World:
    """`Ports` in simulation. Belongs to the thread that made it; close it, or use it as a context."""

    def __init__(
        self,
        seed: int,
        *,
        preempt: float | None = None,
        lag: float | None = None,
        trace: bool = True,
        keep: int | None = 40,
    ) -> None:
        """`preempt` and `lag` are probabilities; None: the seed draws them. `keep`: lines of the trace in `tail`."""
        self.seed = seed
        self.rng = random.Random(f"{seed}/schedule")
        self.hub = greenlet.getcurrent()
        self.preempt = self.rng.choice((0.0, 0.2, 0.8)) if preempt is None else preempt
        self.lag = self.rng.choice((0.0, 0.05, 0.3)) if lag is None else lag
        self.crash: Callable[[Any, Any], str | None] | None = None
        """Asked before each message: None, or "before", "after" or "exit" to throw there."""
        self.time = 0.0
        self.messages = self.steps = 0
        self.hash = hashlib.blake2b(digest_size=8)
        self.tail: deque[str] = deque(maxlen=keep)
        self._tracing = trace
        self._closed = self._in_timer = False
        self._ready: list[_Task | Callable[[], object]] = []
        self._timers: list[tuple[float, int, _Token]] = []
        self._order = itertools.count()
        self._tasks: dict[_Task, None] = {}
        self._current: _Task | None = None
        self._error: BaseException | None = None
        self._refs: list[pykka.ActorRef[Any]] = []
        self._bound: dict[type[pykka.ThreadingActor], type[pykka.ThreadingActor]] = {}
        self._names: Counter[str] = Counter()
        self.broken = ""
        """What did not hold, for those who run days in worlds."""
        self._future = type("SimFuture", (_Future,), {"world": self})

    # -- Ports

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def event(self) -> ports.Event:
        return SimEvent(self)

    def lock(self) -> AbstractContextManager[Any]:
        return nullcontext()  # nothing switches between two plain statements

    def after(self, seconds: float, call: Callable[[], object]) -> None:
        heapq.heappush(self._timers, (self.time + seconds, next(self._order), _Token(call)))

    def spawn(self, name: str, work: Callable[..., object], *args: Any) -> None:
        self._add(name, lambda: work(*args))
        self.breathe()

    def start(self, actor: type[pykka.ThreadingActor], *args: Any, on_end: Callable[[], object]) -> Any:
        if actor not in self._bound:
            self._bound[actor] = guard(self._hooked(actor), **self._hooks())
        ref = self._bound[actor].start(*args, on_end=lambda: None if self._closed else on_end())
        self._refs.append(ref)
        self.breathe()
        return ref

    def _hooks(world) -> dict[str, Any]:  # noqa: N805
        def start_actor_loop(actor: Any) -> None:
            actor.actor_inbox.name = world._add(type(actor).__name__, actor._actor_loop).name

        return {
            "_create_actor_inbox": staticmethod(lambda: _Inbox(world)),
            "_create_future": staticmethod(world._future),
            "_start_actor_loop": start_actor_loop,
        }

    def _hooked(world, actor: type[pykka.ThreadingActor]) -> type[pykka.ThreadingActor]:  # noqa: N805
        """The actor, with a door through which exceptions are thrown into any of its handlers."""

        class Hooked(actor):  # type: ignore[valid-type, misc]
            def _handle_receive(self, message: Any) -> Any:
                when = world.crash(self, message) if world.crash else None
                if when == "before":
                    raise Injected
                if when == "exit":
                    raise SystemExit
                answer = super()._handle_receive(message)
                if when == "after":
                    raise Injected
                return answer

        Hooked.__name__ = actor.__name__
        return Hooked

    # -- the scheduler

    def sleep(self, seconds: float) -> None:
        """For test code, and for clients that are tasks."""
        self.park(None, seconds)

    def _add(self, name: str, work: Callable[[], object]) -> _Task:
        self._names[name] += 1
        task = _Task(self, f"{name}-{self._names[name]}", work)
        self._tasks[task] = None
        self._make_ready(task)
        return task

    def run_task(self, task: _Task, work: Callable[[], object]) -> None:
        try:
            work()
        except greenlet.GreenletExit:
            pass
        except BaseException as exc:
            self._error = self._error or exc  # a thread of our own died: always a bug
        self._tasks.pop(task, None)

    def _make_ready(self, who: "_Task | Callable[[], object]") -> None:
        if self.lag and self.rng.random() < self.lag:  # a busy machine: this one gets its turn later
            heapq.heappush(self._timers, (self.time + self.rng.random() ** 3, next(self._order), _Token(who)))
        else:
            self._ready.append(who)

    def _fire(self, token: _Token, woken: bool) -> None:
        if token.woken is None:
            token.woken = woken
            if token.who is not None:
                self._make_ready(token.who)

    def wake(self, waiters: list[_Token]) -> None:
        for token in waiters:
            self._fire(token, True)
        waiters.clear()

    def park(self, waiters: list[_Token] | None, timeout: float | None) -> bool:
        """Wait for wake(waiters) or the timeout; True if woken. The only place where anything waits."""
        if self._closed:
            raise greenlet.GreenletExit
        if self._in_timer:
            raise RuntimeError("a timer's call must not wait")
        token = _Token(self._current)
        if waiters is not None:
            waiters.append(token)
        if timeout is not None:
            heapq.heappush(self._timers, (self.time + max(timeout, 0.0), next(self._order), token))
        if token.who is not None:
            self.hub.switch()
        else:
            while token.woken is None:
                self._step()
            if self._error:
                raise self._error
        if not token.woken and waiters is not None and token in waiters:
            waiters.remove(token)
        return bool(token.woken)

    def breathe(self) -> None:
        """A point where the machine might take the processor away: every tell, spawn and start."""
        if self._current is not None and not self._closed and self.rng.random() < self.preempt:
            self._make_ready(self._current)
            self.hub.switch()

    def _step(self) -> None:
        """Run one ready task to its next wait; with none ready, move the clock."""
        if self._error:
            raise self._error
        if not self._ready:
            self._move_clock()
            return
        i = int(self.rng.random() * len(self._ready))
        self._ready[i], self._ready[-1] = self._ready[-1], self._ready[i]
        who = self._ready.pop()
        self.steps += 1
        if isinstance(who, _Task):
            self._current = who
            who.greenlet.switch()
            self._current = None
        else:
            self._in_timer = True
            try:
                who()
            finally:
                self._in_timer = False

    def _move_clock(self) -> None:
        while self._timers and self._timers[0][2].woken is not None:
            heapq.heappop(self._timers)  # stale: must not move the clock
        if not self._timers:
            raise Deadlock
        self.time = self._timers[0][0]
        while self._timers and self._timers[0][0] <= self.time:
            self._fire(heapq.heappop(self._timers)[2], False)

    def note(self, who: str, what: object) -> None:
        if self._tracing:
            line = f"{self.time:12.3f} {who} {what}"
            self.tail.append(line)
            self.hash.update(line.encode())

    def fail(self, what: str) -> None:
        """Ends the run at the next step, so that the trace ends where it happened."""
        self._error = self._error or Broken(what)

    def close(self) -> None:
        self._closed = True
        for ref in self._refs:
            pykka.ActorRegistry.unregister(ref)  # the registry is global to the process
        for task in list(self._tasks):
            while not task.greenlet.dead:
                task.greenlet.throw(greenlet.GreenletExit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
