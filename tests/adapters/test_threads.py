"""Time and threads in production, and the same promises of the simulated world: what pykka's hooks must do for us."""

import importlib.metadata
import logging
import threading
import time

import pykka
import pytest

from orchestrator.adapters.threads import Fell, Threads
from orchestrator.simulated.world import Deadlock, World


class Echo(pykka.ThreadingActor):
    def __init__(self, peer=None):
        super().__init__()
        self.peer = peer

    def on_start(self):
        if self.peer == "bad start":
            raise LookupError

    def on_receive(self, message):
        if message == "exit":
            raise SystemExit
        if message == "raise":
            raise LookupError
        return self.peer.ask(message, timeout=5) if self.peer else message

    def shout(self):
        return "!"


@pytest.fixture(params=["threads", "world"])
def ports(request, caplog):
    caplog.set_level(logging.CRITICAL + 1)
    if request.param == "world":
        with World(3) as world:
            yield world
    else:
        threads = Threads()
        yield threads
        threads.close()


def start(ports, *args):
    ended = ports.event()
    ref = ports.start(Echo, *args, on_end=ended.set)
    return ref, ended


def test_pykkas_hooks_are_what_we_override():
    assert importlib.metadata.version("pykka").startswith("4.5."), (
        "read its _actor.py and _ref.py again, then move this"
    )
    for hook in ("_create_actor_inbox", "_create_future", "_start_actor_loop", "_actor_loop", "_handle_receive"):
        assert callable(getattr(pykka.Actor, hook))


def test_an_actor_answers_from_outside_and_from_inside_a_handler(ports):
    far, _ = start(ports)
    near, _ = start(ports, far)
    assert near.ask("x", timeout=5) == "x"
    assert near.proxy().shout().map(str.upper).get(timeout=5) == "!"
    assert near.stop(timeout=5) and far.stop(timeout=5)
    with pytest.raises(pykka.ActorDeadError):
        near.ask("x", timeout=5)


def test_system_exit_fells_one_actor_only(ports):
    (one, _), (other, _) = start(ports), start(ports)
    with pytest.raises(Fell):
        one.ask("exit", timeout=5)
    assert other.ask("x", timeout=5) == "x"
    one.stop(), other.stop()


@pytest.mark.parametrize("how", ["tell", "exit", "stop", "bad start"])
def test_whatever_ends_an_actor_is_told(ports, how):
    ref, ended = start(ports, "bad start") if how == "bad start" else start(ports)
    match how:
        case "tell":
            ref.tell("raise")
        case "exit":
            ref.tell("exit")
        case "stop":
            ref.stop(block=False)
    assert ended.wait(5)


def test_a_timer_calls_once_and_not_before_its_time(ports):
    rang, began = ports.event(), ports.monotonic()
    ports.after(0.05, rang.set)
    assert rang.wait(5)
    assert ports.monotonic() - began >= 0.05


def test_an_event_wakes_all_who_wait_and_can_be_cleared(ports):
    event, passed = ports.event(), [ports.event() for _ in range(3)]
    for gate in passed:
        ports.spawn("waiter", lambda gate=gate: (event.wait(5), gate.set()))
    event.set()
    assert all(gate.wait(5) for gate in passed)
    event.clear()
    assert not event.is_set() and not event.wait(0.01)


def test_spawned_work_never_waits_for_other_work():
    threads, hold, done = Threads(), threading.Event(), threading.Semaphore(0)
    for _ in range(20):
        threads.spawn("hanging", hold.wait, 10)
    for _ in range(20):
        threads.spawn("quick", done.release)
    assert all(done.acquire(timeout=5) for _ in range(20))
    hold.set()
    threads.close()


def test_a_pooled_thread_is_used_again_and_survives_an_exception(caplog):
    threads, names, gate = Threads(), [], threading.Semaphore(0)

    def work():
        names.append(threading.get_ident())
        gate.release()
        raise LookupError("a bug in spawned work")

    for _ in range(5):
        threads.spawn("work", work)
        assert gate.acquire(timeout=5)
        until = time.monotonic() + 5
        while not threads._idle and time.monotonic() < until:
            threading.Event().wait(0.001)
    threads.close()
    assert len(set(names)) == 1
    assert "a bug in spawned work" in caplog.text


def test_a_broken_timer_stops_no_other():
    threads, rang = Threads(), threading.Event()
    threads.after(0.0, lambda: 1 / 0)
    threads.after(0.01, rang.set)
    assert rang.wait(5)
    threads.close()


def test_a_world_needs_no_thread_and_leaves_nothing_behind():
    before = threading.active_count()
    with World(1) as world:
        start(world)
        with pytest.raises(pykka.Timeout):
            world._future().get(timeout=86400)
        assert world.time >= 86400
        with pytest.raises(Deadlock):
            world.event().wait()
        assert threading.active_count() == before
    assert not pykka.ActorRegistry.get_all()


def test_two_worlds_side_by_side_do_not_touch():
    with World(1) as one, World(1) as two:
        (a, _), (b, _) = start(one), start(two)
        assert a.ask(1, timeout=1) == b.ask(1, timeout=1) and one.time == two.time
