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
import random
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import greenlet
import pykka

from orchestrator.adapters.threads import guard
from orchestrator.model import ports
from orchestrator.simulated.waiting import SimEvent, SimFuture, SimInbox, Token

log = logging.getLogger("orchestrator")


class Deadlock(Exception):
    """Test code waits, and nothing can ever happen again."""


class Injected(Exception):
    """Thrown into a handler by the world."""


class Broken(Exception):
    """Something that must hold did not."""


class _Call:
    """What a timer is to call."""

    __slots__ = ("call", "process")

    def __init__(self, call: Callable[[], object], process: int | None) -> None:
        self.call, self.process = call, process


class _Task:
    def __init__(self, world: "World", name: str, work: Callable[[], object], process: int | None) -> None:
        self.name = name
        self.process = process
        """What it began in dies with it; None: test code's own."""
        self.greenlet = greenlet.greenlet(lambda: world.run_task(self, work), parent=world.hub)


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
        self._closed = self._in_timer = self._dying = False
        self._ready: list[_Task | _Call] = []
        self._timers: list[tuple[float, int, Token]] = []
        self._order = itertools.count()
        self._tasks: dict[_Task, None] = {}
        self._current: _Task | _Call | None = None
        self._error: BaseException | None = None
        self._refs: list[tuple[int | None, pykka.ActorRef[Any]]] = []
        self._bound: dict[type[pykka.ThreadingActor], type[pykka.ThreadingActor]] = {}
        self._names: Counter[str] = Counter()
        self.broken = ""
        """What did not hold, for those who run days in worlds."""
        self._future = type("SimFuture", (SimFuture,), {"world": self})

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
        heapq.heappush(self._timers, (self.time + seconds, next(self._order), Token(_Call(call, self._process))))

    def spawn(self, name: str, work: Callable[..., object], *args: Any) -> None:
        self._add(name, lambda: work(*args))
        self.breathe()

    def start(self, actor: type[pykka.ThreadingActor], *args: Any, on_end: Callable[[], object]) -> Any:
        if actor not in self._bound:
            self._bound[actor] = guard(self._hooked(actor), **self._hooks())
        ref = self._bound[actor].start(*args, on_end=lambda: None if self._closed or self._dying else on_end())
        self._refs.append((self._process, ref))
        self.breathe()
        return ref

    def _hooks(world) -> dict[str, Any]:  # noqa: N805
        def start_actor_loop(actor: Any) -> None:
            actor.actor_inbox.name = world._add(type(actor).__name__, actor._actor_loop).name

        return {
            "_create_actor_inbox": staticmethod(lambda: SimInbox(world)),
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

    @property
    def _process(self) -> int | None:
        return self._current.process if self._current is not None else None

    def begin(self, process: int, work: Callable[[], object]) -> None:
        """As `spawn`, and all that comes of it can be killed together."""
        self._add(f"process-{process}", work, process)

    def kill(self, process: int) -> None:
        """As kill -9: nothing of it runs again, no timer of it fires. For test code and timers' calls."""
        self._dying = True
        for owner, ref in self._refs:
            if owner == process:
                pykka.ActorRegistry.unregister(ref)
        self._ready = [who for who in self._ready if who.process != process]
        for _, _, token in self._timers:
            if token.who is not None and token.who.process == process:
                token.woken = True
        for task in [task for task in self._tasks if task.process == process]:
            while not task.greenlet.dead:
                task.greenlet.throw(greenlet.GreenletExit)
            self._tasks.pop(task, None)
        self._dying = False

    def _add(self, name: str, work: Callable[[], object], process: int | None = None) -> _Task:
        self._names[name] += 1
        process = self._process if process is None else process
        task = _Task(self, f"{name}-{self._names[name]}", work, process)
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

    def _make_ready(self, who: "_Task | _Call") -> None:
        if self.lag and self.rng.random() < self.lag:  # a busy machine: this one gets its turn later
            heapq.heappush(self._timers, (self.time + self.rng.random() ** 3, next(self._order), Token(who)))
        else:
            self._ready.append(who)

    def _fire(self, token: Token, woken: bool) -> None:
        if token.woken is None:
            token.woken = woken
            if token.who is not None:
                self._make_ready(token.who)

    def wake(self, waiters: list[Token]) -> None:
        for token in waiters:
            self._fire(token, True)
        waiters.clear()

    def park(self, waiters: list[Token] | None, timeout: float | None) -> bool:
        """Wait for wake(waiters) or the timeout; True if woken. The only place where anything waits."""
        if self._closed or self._dying:
            raise greenlet.GreenletExit
        if self._in_timer:
            raise RuntimeError("a timer's call must not wait")
        token = Token(self._current)
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
        over = self._closed or self._dying
        if isinstance(self._current, _Task) and not over and self.rng.random() < self.preempt:
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
            if not who.greenlet.dead:
                self._current = who
                who.greenlet.switch()
                self._current = None
        else:
            self._in_timer, self._current = True, who
            try:
                who.call()
            finally:
                self._in_timer, self._current = False, None

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
        for _, ref in self._refs:
            pykka.ActorRegistry.unregister(ref)  # the registry is global to the process
        for task in list(self._tasks):
            while not task.greenlet.dead:
                task.greenlet.throw(greenlet.GreenletExit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
