"""Live events: one thread reads the rack's event stream, and everybody who listens gets the same bytes.

    rack.events() ──thread──▶ Feed ──at most every 100 ms, encoded once──▶ each listener's bounded queue ──▶ socket

What is sent (server-sent events; each has the id `<life of this service>-<sequence of the rack>`):

    snapshot   {"sequence", "simulated", "slots": [all], "jobs": [those that are open]}    first, and after a gap
    delta      {"sequence", "slots": [...], "jobs": [...], "progress": [[id, progress, eta?], ...]}

In a delta, `slots` and `jobs` are whole records, as they are after the last of their changes; a job of which only
progress and eta moved stands in `progress` instead (eta as ISO 8601, left out where the job has none). A comment comes
every 15 s. With Last-Event-ID a listener gets what changed since, or a snapshot where that is no longer known. A
listener that does not read is dropped when its queue is full, and nobody waits for it.

The Feed belongs to the event loop: only `_follow` runs in a thread of its own, and it hands over what it reads.
"""

import asyncio
import contextlib
import logging
import secrets
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from orchestrator.interfaces.web import encode
from orchestrator.model.job import AsyncJob, AsyncJobStatus, Event, EventKind, ListInfo
from orchestrator.model.slot import SlotInfo

if TYPE_CHECKING:
    from orchestrator.rack import Rack

EVERY_S = 0.1
HEARTBEAT_S = 15.0
MOST_FRAMES = 100
"""That one listener may be behind: 10 s of deltas."""
MOST_BYTES = 4 << 20
MOST_LISTENERS = 1_000
REMEMBERED = 20_000
"""Changed records, for those who come back with Last-Event-ID; also the ended jobs that are known to be counted."""
HANDED_OVER = 1_000
"""Events that may wait for the event loop; behind them the rack's own journal is the buffer."""
_log = logging.getLogger(__name__)
Key = tuple[str, int]


class Listener:
    """One who reads the stream: its queue, and the task that empties it."""

    def __init__(self) -> None:
        self.frames: deque[bytes] = deque()
        self.bell = asyncio.Event()
        self.task: asyncio.Task[object] | None = None
        self.over = False
        self.dropped = False
        self._bytes = 0

    def put(self, frame: bytes) -> bool:
        """False when it is too far behind, and was dropped."""
        if len(self.frames) >= MOST_FRAMES or (self.frames and self._bytes + len(frame) > MOST_BYTES):
            self.dropped = True
            self.frames.clear()
            if self.task is not None:
                self.task.cancel()
            return False
        self.frames.append(frame)
        self._bytes += len(frame)
        self.bell.set()
        return True

    def take(self) -> bytes:
        found = b"".join(self.frames)
        self.frames.clear()
        self._bytes = 0
        return found

    def end(self) -> None:
        self.over = True
        self.bell.set()


class Feed:
    """What changed, for all who listen or wait. Its methods belong to the event loop in which `start` was called."""

    def __init__(self, rack: "Rack") -> None:
        self._rack = rack
        self.life = secrets.token_hex(4)
        """Sequence numbers of another life of this service mean nothing here."""
        self.sequence = 0
        self.open: dict[int, AsyncJob] = {}
        self.ended: Counter[tuple[str, str]] = Counter()
        """Ends that were heard of, by name and verdict ("none" without one, "no_answer" when FAILED)."""
        self.listeners: set[Listener] = set()
        self.dropped = 0
        self._newest_id = 0
        self._counted: OrderedDict[int, None] = OrderedDict()
        self._slots: set[int] = set()
        self._jobs: dict[int, AsyncJob] = {}
        self._progress: dict[int, AsyncJob] = {}
        self._recent: OrderedDict[Key, tuple[int, AsyncJob | None]] = OrderedDict()
        self._forgotten = 0
        """Changes up to this sequence are no longer remembered."""
        self._waiting: dict[int, set[asyncio.Event]] = {}
        self._kept: tuple[tuple[int, int], bytes] = ((-1, -1), b"")
        self._incoming: deque[Event] = deque()
        self._rung, self._taken = False, threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._flushed = 0.0
        self.over = False
        self._loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]  # until `start`

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reread()
        self._beat()
        follow = self._rack.events(after=0)
        threading.Thread(target=self._follow, args=(follow,), name="web-events", daemon=True).start()

    def end(self) -> None:
        """Every stream ends, and whoever waits for a job is told to look again. The thread ends with the rack."""
        self.over = True
        for handle in (self._timer, self._heartbeat):
            if handle is not None:
                handle.cancel()
        for listener in list(self.listeners):
            listener.end()
        for job_id in list(self._waiting):
            self._wake(job_id)

    def end_soon(self) -> None:
        """As `end`, from any thread."""
        with contextlib.suppress(RuntimeError):  # the event loop has ended already
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self.end)

    # -- who listens, who waits

    def listen(self, last_event_id: str = "") -> Listener:
        listener = Listener()
        self.listeners.add(listener)
        listener.put(self._since(last_event_id) or self._snapshot())
        if self.over:
            listener.end()
        return listener

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)

    async def wait_for_end(self, job_id: int, timeout: float) -> None:
        """Returns when the job has ended, or `timeout` seconds later. Holds no thread. Raises UnknownJob."""
        bell = asyncio.Event()
        bells = self._waiting.setdefault(job_id, set())
        bells.add(bell)
        try:
            async with asyncio.timeout(timeout):
                while not self.over and not self._rack.get_job_status(job_id).has_ended:
                    await bell.wait()
                    bell.clear()
        except TimeoutError:
            pass
        finally:
            bells.discard(bell)
            if not bells:
                self._waiting.pop(job_id, None)

    @property
    def waiting(self) -> int:
        """How many wait for a job's end."""
        return sum(map(len, list(self._waiting.values())))

    def _wake(self, job_id: int) -> None:
        for bell in self._waiting.get(job_id, ()):
            bell.set()

    # -- what comes in

    def _follow(self, events: Iterator[Event]) -> None:
        """In its own thread. When the event loop is behind, it waits: the rack's journal then says what was lost."""
        try:
            for event in events:
                self._incoming.append(event)
                if not self._rung:
                    self._rung = True
                    self._loop.call_soon_threadsafe(self._take)
                while len(self._incoming) >= HANDED_OVER and not self._loop.is_closed():
                    self._taken.clear()
                    self._taken.wait(1.0)
            self._loop.call_soon_threadsafe(self.end)
        except RuntimeError:
            pass  # the event loop has ended before the rack

    def _take(self) -> None:
        self._rung = False  # first: what comes now rings again
        while self._incoming:
            self._note(self._incoming.popleft())
        self._taken.set()
        if self._timer is None and not self.over and (self._slots or self._jobs or self._progress):
            self._timer = self._loop.call_at(max(self._loop.time(), self._flushed + EVERY_S), self._flush)

    def _note(self, event: Event) -> None:
        self.sequence = event.sequence
        if event.kind is EventKind.GAP:
            self._reread()
            self._send(self._snapshot())
        elif event.slot is not None:
            self._touch(event.slot.id)
        elif (job := event.job) is not None:
            self._note_job(event.kind, job)

    def _note_job(self, kind: EventKind, job: AsyncJob) -> None:
        if kind is EventKind.PROGRESS and job.id not in self._jobs:
            self._progress[job.id] = job
        else:
            self._jobs[job.id] = job
            self._progress.pop(job.id, None)
        self._remember(("job", job.id), job)
        self._newest_id = max(self._newest_id, job.id)
        if job.has_ended:
            self._count(job)
            self._wake(job.id)
        elif job.id not in self._counted:
            self.open[job.id] = job
        if kind is EventKind.STATUS and job.parent_id is None:
            self._touch(job.slot_id)  # its `job`, and READY or BUSY, follow from it without an event of their own

    def _touch(self, slot_id: int) -> None:
        self._slots.add(slot_id)
        self._remember(("slot", slot_id), None)

    def _remember(self, key: Key, job: AsyncJob | None) -> None:
        self._recent[key] = (self.sequence, job)
        self._recent.move_to_end(key)
        if len(self._recent) > REMEMBERED:
            _, (self._forgotten, _) = self._recent.popitem(last=False)

    def _count(self, job: AsyncJob) -> None:
        """Once: behind a gap, an end that was read from the tables is told by its event again."""
        self.open.pop(job.id, None)
        if job.id in self._counted:
            return
        self._counted[job.id] = None
        if len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)
        without = "no_answer" if job.status is AsyncJobStatus.FAILED else "none"
        self.ended[job.name, job.verdict.status.value if job.verdict else without] += 1

    def _reread(self) -> None:
        """From the tables, since events are lost."""
        before, self.open = self.open, {job.id: job for job in self._rack.open_jobs()}
        for job_id in before.keys() - self.open.keys():
            if (job := self._rack.get_job_status(job_id)).has_ended:
                self._count(job)
        if self._newest_id:  # else it is the first look, and nothing was seen yet
            for job in self._rack.get_jobs_list(ListInfo(after_id=self._newest_id)):
                self._newest_id = job.id
                if job.has_ended:
                    self._count(job)
        self._newest_id = max((self._newest_id, *self.open))
        self._slots, self._jobs, self._progress = set(), {}, {}
        self._recent.clear()
        self._forgotten = self.sequence
        for job_id in list(self._waiting):
            self._wake(job_id)

    # -- what goes out

    def _flush(self) -> None:
        self._timer, self._flushed = None, self._loop.time()
        jobs, progress = list(self._jobs.values()), list(self._progress.values())
        slots = self._slots_of(self._slots) if self._slots and self.listeners else ()
        self._slots, self._jobs, self._progress = set(), {}, {}
        if self.listeners:
            self._send(self._delta(slots, jobs, progress))

    def _beat(self) -> None:
        self._send(b":\n\n")
        self._heartbeat = self._loop.call_later(HEARTBEAT_S, self._beat)

    def _send(self, frame: bytes) -> None:
        for listener in [one for one in self.listeners if not one.put(frame)]:
            self.listeners.discard(listener)
            self.dropped += 1
            _log.warning("a listener to the events does not read, and was dropped")

    def _slots_of(self, ids: set[int]) -> tuple[SlotInfo, ...]:
        return tuple(slot for slot in self._rack.slots() if slot.id in ids)

    def _snapshot(self) -> bytes:
        """Encoded once between two changes: a hundred pages may come back at the same moment."""
        state = (self._rack.sequence, self.sequence)
        if self._kept[0] != state:
            data = {
                "simulated": self._rack.is_simulated,
                "slots": [encode.slot(slot) for slot in self._rack.slots()],
                "jobs": [encode.job(job) for job in sorted(self.open.values(), key=lambda job: job.id)],
            }
            self._kept = (state, self._frame("snapshot", data))
        return self._kept[1]

    def _delta(self, slots: tuple[SlotInfo, ...], jobs: list[AsyncJob], progress: list[AsyncJob]) -> bytes:
        return self._frame(
            "delta",
            {
                "slots": [encode.slot(slot) for slot in slots],
                "jobs": [encode.job(job) for job in jobs],
                "progress": [
                    [job.id, job.progress, encode.moment(job.eta)] if job.eta else [job.id, job.progress]
                    for job in progress
                ],
            },
        )

    def _since(self, last_event_id: str) -> bytes:
        """What changed after it; nothing where that is not known."""
        life, _, number = last_event_id.partition("-")
        if life != self.life or not number.isdecimal() or not self._forgotten <= int(number) <= self.sequence:
            return b""
        slots, jobs = set[int](), []
        for (kind, record_id), (sequence, job) in reversed(self._recent.items()):
            if sequence <= int(number):
                break
            if kind == "slot":
                slots.add(record_id)
            elif job is not None:
                jobs.append(job)
        return self._delta(self._slots_of(slots), jobs, [])

    def _frame(self, name: str, data: encode.Json) -> bytes:
        text = encode.to_bytes({"sequence": self.sequence, **data})
        return f"event: {name}\nid: {self.life}-{self.sequence}\ndata: ".encode() + text + b"\n\n"


class EventStream(Response):
    """The answer to one listener: sends what its queue holds until it leaves, is dropped, or the rack closes."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, last_event_id: str) -> None:
        super().__init__()
        self._feed, self._last_event_id = feed, last_event_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        listener = self._feed.listen(self._last_event_id)
        listener.task = asyncio.current_task()
        leaving = asyncio.ensure_future(_left(receive, listener))
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while not listener.over:
                if chunk := listener.take():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await listener.bell.wait()
                listener.bell.clear()
            await send({"type": "http.response.body", "body": listener.take()})
        except asyncio.CancelledError:
            if not listener.dropped:
                raise
        finally:
            leaving.cancel()
            self._feed.leave(listener)


async def _left(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()
