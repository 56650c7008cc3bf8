"""Live events from a service: its stream of snapshots and deltas, told as the facade tells what changes.

    GET /events ──snapshot──▶ Tables, as they are
                ──delta─────▶ Tables ──▶ an Event for each record that changed, within 100 ms of it
                ── lost ────▶ again, with Last-Event-ID ──▶ what changed since, or a snapshot: then one GAP

Several changes of one record between two deltas are one event, with the record after the last of them.
"""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.model.errors import RackClosed
from orchestrator.model.job import AsyncJob, AsyncJobStatus, Event, EventKind, changed
from orchestrator.model.slot import SlotInfo
from orchestrator.remote import decode
from orchestrator.remote.connection import Connection, Stream

Found = tuple[EventKind, AsyncJob | None, SlotInfo | None]


@dataclass(frozen=True, slots=True)
class Frame:
    name: str
    """"snapshot" or "delta"."""
    id: str
    data: dict[str, Any]


class Tables:
    """Slots and open jobs as last told. `take` belongs to one thread; the rest may be read from any."""

    def __init__(self, find: Callable[[int], AsyncJob]) -> None:
        """`find`: asks for a job of which only its progress was told."""
        self._find = find
        self._slots: dict[int, SlotInfo] = {}
        self._jobs: dict[int, AsyncJob] = {}
        self.is_simulated = False
        self.settled = threading.Event()
        """Set when a snapshot has come."""
        self.over = threading.Event()
        """Set when nothing more will come."""

    def slots(self) -> tuple[SlotInfo, ...]:
        return tuple(slot for _, slot in sorted(self._slots.items()))

    def open_jobs(self) -> tuple[AsyncJob, ...]:
        return tuple(job for _, job in sorted(self._jobs.items()))

    def get_job_status(self, job_id: int) -> AsyncJob:
        """Asks the service for one that has ended."""
        return self._jobs.get(job_id) or self._find(job_id)

    def take(self, frame: Frame) -> list[Found]:
        """What a frame changes; nothing for a snapshot, which replaces everything."""
        data = frame.data
        slots, jobs = [decode.slot(found) for found in data["slots"]], [decode.job(found) for found in data["jobs"]]
        if frame.name == "snapshot":
            self._slots, self._jobs = {slot.id: slot for slot in slots}, {job.id: job for job in jobs}
            self.is_simulated = bool(data["simulated"])
            self.settled.set()
            return []
        found: list[Found] = [(self._kind(job), job, None) for job in jobs]
        found += [(EventKind.PROGRESS, self._moved(*told), None) for told in data["progress"]]
        found += [(EventKind.SLOT, None, slot) for slot in slots]
        for _, job, slot in found:
            if slot is not None:
                self._slots = self._slots | {slot.id: slot}  # replaced whole: others read it meanwhile
            elif job is not None and not job.has_ended:
                self._jobs = self._jobs | {job.id: job}
            elif job is not None:
                self._jobs = {job_id: other for job_id, other in self._jobs.items() if job_id != job.id}
        return found

    def _kind(self, job: AsyncJob) -> EventKind:
        before = self._jobs.get(job.id)
        if before is None:
            return EventKind.ACCEPTED if job.status is AsyncJobStatus.INIT else EventKind.STATUS
        return EventKind.STATUS if job.status is not before.status else EventKind.MESSAGE

    def _moved(self, job_id: int, progress: int, eta: str | None = None) -> AsyncJob:
        if (job := self._jobs.get(job_id)) is None:
            return self._find(job_id)
        return changed(job, progress=progress, eta=datetime.fromisoformat(eta) if eta else None)


class Follower:
    """One reader of the stream. Begins when it is made; iterated once, by one thread."""

    def __init__(self, connection: Connection, tables: Tables, last_event_id: str = "") -> None:
        """Raises Unreachable, NotPermitted."""
        self._connection, self._tables, self._last = connection, tables, last_event_id
        self._is_resumed = bool(last_event_id)
        self._sequence = int(last_event_id.rpartition("-")[2] or 0)
        self._stream = self._open()
        self._first: Frame | None = None  # read at once: the events begin here
        with suppress(OSError, http.client.HTTPException):  # lost already: the iteration takes it up again
            self._first = next(self._parts(), None)

    @property
    def life(self) -> str:
        """Of the service, in which its sequence numbers mean something."""
        return self._last.rpartition("-")[0]

    def __iter__(self) -> Iterator[Event]:
        """Blocks for the next event. Ends when the rack is closed, there or here.

        Raises Unreachable when the connection is lost and does not come back.
        """
        for number, frame in enumerate(self._frames()):
            yield from self._events(frame, is_begin=number == 0 and not self._is_resumed)
        self._stream.close()

    def close(self) -> None:
        self._stream.close()

    def _frames(self) -> Iterator[Frame]:
        if self._first is not None:
            yield self._first
        while not self._connection.closed:
            try:
                yield from self._parts()
                return
            except (OSError, http.client.HTTPException):
                self._stream.close()
            try:
                self._stream = self._open()
            except RackClosed:
                return

    def _events(self, frame: Frame, *, is_begin: bool) -> Iterator[Event]:
        sequence, now = frame.data["sequence"], datetime.now(UTC)
        before = self._sequence
        self._sequence = sequence
        found = self._tables.take(frame)
        if frame.name == "snapshot":
            if not is_begin:
                yield Event(sequence, now, EventKind.GAP)
            return
        for number, (kind, job, slot) in enumerate(found, start=1):
            # whoever goes on behind one of them gets the rest of this frame again, rather than missing it
            yield Event(sequence if number == len(found) else before, now, kind, job, slot)

    def _open(self) -> Stream:
        self._buffer = b""
        return self._connection.stream("/events", {"Last-Event-ID": self._last} if self._last else {})

    def _parts(self) -> Iterator[Frame]:
        """Until the end that the service meant."""
        while True:
            while (end := self._buffer.find(b"\n\n")) >= 0:
                part, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
                fields = dict(line.split(": ", 1) for line in part.decode().split("\n") if not line.startswith(":"))
                if "data" in fields:
                    self._last = fields["id"]
                    yield Frame(fields["event"], fields["id"], json.loads(fields["data"]))
            chunk = self._stream.read()
            if not chunk:
                return
            self._buffer += chunk
