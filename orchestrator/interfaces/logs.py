"""The log of `serve`: a line for each event and each warning, as text or as JSON, written by a thread of its own.

    rack.events() ──thread──▶ LineView ─┐
    logging, whoever it is ─────────────┴─▶ Log, bounded: who logs never waits ──thread──▶ stdout

A line stays one line and a terminal obeys nothing in it, whatever a drive calls itself. The standard logging with one
formatter does it: structlog would be a dependency more, for its processors that nobody here needs.
"""

import contextlib
import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TextIO

from orchestrator.interfaces import outcome
from orchestrator.interfaces.opening import title
from orchestrator.model.job import AsyncJob, Event, EventKind
from orchestrator.model.slot import SlotInfo

if TYPE_CHECKING:
    from orchestrator.rack import Rack

MOST_LINES = 10_000
"""That wait for a reader who does not read; further ones are lost, and counted."""
LAST_S = 2.0
"""Host seconds that the last lines may take."""
FIELDS = ("kind", "slot", "label", "job", "operation", "status", "verdict", "serial")
"""What a record may carry besides its text: keys of a JSON line."""

_log = logging.getLogger("orchestrator")


class Log(logging.Handler):
    """A context: all that is logged while it lasts goes to `stream`, warnings of whomever and our own news."""

    def __init__(self, stream: Callable[[], TextIO], *, as_json: bool = False, level: int = logging.INFO) -> None:
        """`stream`: asked for at each line, since a live table puts itself in front of standard error."""
        super().__init__(level)
        self._stream = stream
        self.setFormatter(JsonLines() if as_json else Lines())
        self._lines: deque[str] = deque()
        self._lost, self._over = 0, False
        self._bell = threading.Event()
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._sources: list[threading.Thread] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._lines) >= MOST_LINES:
            self._lost += 1
            return
        try:
            self._lines.append(self.format(record))
        except Exception:
            self.handleError(record)  # a wrong record is the log's trouble, and not that of who wrote it
        self._bell.set()

    def attend(self, source: threading.Thread) -> None:
        """The end of the log waits for this thread, which has last words."""
        self._sources.append(source)

    def __enter__(self) -> Self:
        self._before = _log.level
        _log.setLevel(logging.INFO)
        logging.getLogger().addHandler(self)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for source in self._sources:
            source.join(LAST_S)
        logging.getLogger().removeHandler(self)
        _log.setLevel(self._before)
        self._over = True
        self._bell.set()
        self._thread.join(LAST_S)

    def _write(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more: the rack goes on without a log
            while not self._over or self._lines:
                self._bell.wait()
                self._bell.clear()
                stream = self._stream()
                encoding = getattr(stream, "encoding", None) or "utf-8"
                while self._lines:
                    line = self._lines.popleft()
                    stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
                stream.flush()
                if self._lost:
                    lost, self._lost = self._lost, 0
                    told = {"levelno": logging.WARNING, "levelname": "WARNING", "name": _log.name}
                    self.emit(logging.makeLogRecord({**told, "msg": f"{lost} lines of this log were lost"}))


class Lines(logging.Formatter):
    """Time and text; a level from WARNING up; a traceback below it, indented, so that no line of it looks like ours."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname} " if record.levelno > logging.INFO else ""
        line = f"{_time(record):%Y-%m-%d %H:%M:%S} {level}{outcome.printable(record.getMessage())}"
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([line, *(f"    {_shown(part)}" for part in trace)])


class JsonLines(logging.Formatter):
    """One object a line, in ASCII: time (ISO 8601), level, logger, message, and FIELDS where they are known."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name in FIELDS if (value := getattr(record, name, None)) is not None},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _time(record: logging.LogRecord) -> datetime:
    """The event's own, or when it was logged."""
    given = getattr(record, "happened", None)
    return given if isinstance(given, datetime) else datetime.fromtimestamp(record.created, UTC)


class LineView:
    """What the rack does, into the log. A context."""

    def __init__(self, rack: "Rack", log: Log) -> None:
        self._rack, self._log, self._events = rack, log, rack.events()
        self._slots = {slot.id: slot for slot in rack.slots()}
        self._thread = threading.Thread(target=self._tell, daemon=True, name="log-events")

    def __enter__(self) -> Self:
        if head := title(self._rack):
            self.say(head)
        for slot in self._slots.values():
            _log.info(_slot_line(slot), extra=_of_slot(slot))
        self._thread.start()
        self._log.attend(self._thread)
        return self

    def __exit__(self, *_: object) -> None: ...

    def look(self) -> None: ...

    def serving(self, url: str, note: str) -> None:
        """The last word before the events begin."""
        if note:
            self.say(note)
        self.say(f"serving{f' at {url}' if url else ''}; SIGTERM stops, SIGHUP reads the rack file again")

    def say(self, text: str) -> None:
        _log.info(text)

    def _tell(self) -> None:
        for event in self._events:
            if event.slot is not None:
                self._slots[event.slot.id] = event.slot
            if text := event_text(event, self._slots):
                _log.info(text, extra={"happened": event.time, "kind": event.kind.value, **_of(event, self._slots)})


def event_text(event: Event, slots: dict[int, SlotInfo]) -> str:
    """What happened, for the person at the rack; "" for what is no news."""
    if event.kind is EventKind.GAP:
        return "events were lost to this log"
    if event.slot is not None:
        return _slot_line(event.slot)
    job = event.job
    if job is None or event.kind is EventKind.PROGRESS:
        return ""
    slot = slots.get(job.slot_id)
    said = " ".join(part for part in (job.status.name, _verdict(job), what(job)) if part)
    return f"slot {slot.label if slot else job.slot_id}: job {job.id} {job.name}: {said}"


def _slot_line(slot: SlotInfo) -> str:
    more = [text for text in (slot.reason, slot.plan) if text]
    drive = f", {outcome.drive_text(slot.drive)}" if slot.drive else ""
    return "; ".join([f"slot {slot.label}: {slot.state}{drive}", *more])


def _verdict(job: AsyncJob) -> str:
    verdict = outcome.verdict_of(job) if job.has_ended else None
    return verdict.status.value if verdict else ""


def what(job: AsyncJob) -> str:
    """What it says for itself: while it runs its message, or why it waits; at the end its reasons."""
    if job.has_ended:
        return outcome.reasons_text(outcome.verdict_of(job))
    return outcome.printable(job.reason or job.message)


def _of(event: Event, slots: dict[int, SlotInfo]) -> dict[str, Any]:
    if event.slot is not None:
        return _of_slot(event.slot)
    job = event.job
    if job is None:
        return {}
    slot = slots.get(job.slot_id)
    return {
        "slot": job.slot_id,
        "label": slot.label if slot else None,
        "job": job.id,
        "operation": job.name,
        "status": job.status.name,
        "verdict": _verdict(job) or None,
        "serial": job.drive.serial if job.drive else None,
    }


def _of_slot(slot: SlotInfo) -> dict[str, Any]:
    serial = slot.drive.serial if slot.drive else None
    return {"slot": slot.id, "label": slot.label, "status": slot.state.value, "serial": serial}
