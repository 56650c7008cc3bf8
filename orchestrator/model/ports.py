"""What actors and operations may ask of the world. The answers: adapters/ in production, simulated/ in simulation.

Nothing in actors/ or operations/ imports time, threading, queue, random or subprocess: so the same code runs on
threads and under the seeded scheduler in virtual time.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from orchestrator.model.drive import Presence
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.history import Change, DriveHistory, EndedJob, JobHistory, Unfinished
from orchestrator.model.job import AsyncJob, AsyncJobStatus, ListInfo, ResultSet
from orchestrator.model.place import Place
from orchestrator.model.report import SmartReport
from orchestrator.model.scan import Stretch
from orchestrator.model.suite_talk import Asked, Said


class Event(Protocol):
    """As threading.Event."""

    def set(self) -> None: ...
    def clear(self) -> None: ...
    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class Clock(Protocol):
    """Host time."""

    def monotonic(self) -> float: ...
    def now(self) -> datetime: ...


class Ports(Clock, Protocol):
    """Time and threads. Seconds are host seconds; rack time is `model.clock.RackClock` on top."""

    def event(self) -> Event: ...

    def lock(self) -> AbstractContextManager[Any]:
        """For a few plain statements on shared memory; nothing may wait inside."""

    def after(self, seconds: float, call: Callable[[], object]) -> None:
        """Call it once, on the timers' thread: a tell, never a wait."""

    def spawn(self, name: str, work: Callable[..., object], *args: Any) -> None:
        """Run it on a thread of its own; it may block."""

    def start(self, actor: type[Any], *args: Any, on_end: Callable[[], object]) -> Any:
        """Start an actor, by nobody else's start; `on_end` is called in its thread when it stops or falls."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child process ended."""

    exit_status: int
    """-N when it died of signal N."""
    output: bytes
    """Standard output, at most the limit that was given."""
    errors: bytes = b""
    """Standard error, at most the limit that was given."""
    ended_by: str = ""
    """"deadline", "stop" or "flood" when we killed it; "deaf" when it could not be killed and was left; else ""."""


class Processes(Protocol):
    """Child processes. Blocks the caller; never raises for what the child does."""

    def run(self, argv: tuple[str, ...], *, deadline_s: float, stop: Event) -> Finished:
        """Run it to its end, its deadline (host seconds), or `stop`. A missing program is exit status 127."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What discovery saw at one node: copied out of udev, so that no foreign object travels."""

    action: str
    """"add", "change" or "remove"; "add" for what an enumeration found."""
    key: str
    """The source's name for what holds at most one drive at a time: a kernel name, a fixed node, a simulated slot."""
    presence: Presence | None
    """None on a remove whose drive nobody knows any more, and for a drive that is there and cannot be identified."""
    reason: str = ""
    """Why it cannot be identified."""
    place: Place | None = None
    """What the slots' rules are held against; None where the key alone names the slot."""


class Source(Protocol):
    """Where sightings come from: real udev, fixed nodes, or the simulation. Belongs to one thread."""

    def open(self) -> tuple[Sighting, ...]:
        """Begin to listen, then list everything that is there. Called again for each new listing.

        OSError or OrchestratorError: nothing can be seen, for the reason it gives.
        """

    def get(self, timeout: float) -> Sighting | None:
        """The next event, or None when the time (host seconds) is up. OSError: events were lost, open again."""

    def close(self) -> None: ...


class Store(Protocol):
    """Where the history is kept. The first four belong to one thread at a time; what reads may be called from any."""

    def unfinished(self) -> Unfinished:
        """What an earlier process left open, and where the numbers go on. Once, before the first append."""

    def append(self, changes: tuple[Change, ...]) -> None:
        """Keep them, all or none, durably, before this returns. Those that are kept already are passed over.

        StoreUnavailable: it cannot be written now, and nothing was kept. Without changes: only tries whether it could.
        """

    def last_number(self) -> int:
        """Of the newest change that is kept; 0 before the first."""

    def prune(self) -> int:
        """Remove what is older, or more, than is to be kept; how many jobs went. In short transactions."""

    def find(self, job_id: int) -> EndedJob | None:
        """The job as kept; None for one that never was here, or was removed."""

    def why_missing(self, job_id: int) -> str:
        """What became of a job that `find` does not find; "" where it never was here."""

    def select(self, info: ListInfo, live: Sequence[AsyncJob]) -> ResultSet:
        """As `info.select` over `live` and all ended jobs that are kept; `live` stands for those in both."""

    def counts(self) -> Mapping[tuple[str, int, AsyncJobStatus], int]:
        """The ended jobs that are kept, by name, slot and status. From memory."""

    def answers(self, name: str, model: str) -> tuple[tuple[str, str], ...]:
        """For each drive of this model: serial and the newest answer (JSON) of this operation."""

    def history(self, serial: str, *, jobs: int = 100, samples: int = 1000) -> tuple[DriveHistory, ...]:
        """Of every drive that has this serial number; none where nobody has."""

    def job_history(self, job_id: int) -> JobHistory | None:
        """None for one that never was here, or was removed."""

    def raw_report(self, job_id: int, moment: str) -> bytes:
        """smartctl's document; empty where none is kept."""

    def close(self) -> None: ...


class DriveAccess(Protocol):
    """The only way from an operation to a drive. Blocks; raises NoAnswer or Refused; ends early when `stop` is set.

    Each call names the presence it means. A call on a drive that is no longer there raises DriveRemoved or
    DriveChanged and has sent nothing that changes a drive.
    """

    def read(self, presence: Presence, *, quick: bool, stop: Event) -> SmartReport:
        """One read. `quick` leaves smartctl's drive database out: right for polls, not for verdicts."""

    def start_self_test(self, presence: Presence, kind: str, *, stop: Event, spans: str | None = None) -> None:
        """Ask the drive to begin. DriveBusy if one runs; Refused if the drive does not take this kind, or its spans."""

    def abort_self_test(self, presence: Presence, *, stop: Event) -> None:
        """Ask the drive to end its self-test."""


class Surface(Protocol):
    """A drive that is held open for reading, and for nothing else. Belongs to one thread."""

    @property
    def sectors(self) -> int: ...

    @property
    def sector_bytes(self) -> int:
        """An LBA's size."""

    def read(self, lba: int, end_lba: int) -> Stretch:
        """Read on from `lba`: for about a second (simulated: a percent of the drive), at the latest to `end_lba`.

        What the medium cannot read is in the answer. DriveRemoved, ToolTimeout, ToolFailed where no answer comes.
        """

    def close(self) -> None:
        """May be called twice. ToolStuck when what reads cannot be killed."""


class Surfaces(Protocol):
    """The way to the drives' surfaces."""

    def open(self, presence: Presence, *, stop: Event) -> Surface:
        """Reads of it end early, with JobCancelled, when `stop` is set. Raises as `Surface.read`; Refused for a drive
        that has no node of its own."""


class Lamp(Protocol):
    """A locate LED that is lit."""

    @property
    def how(self) -> str:
        """What lit it: "ses" or "ledctl"."""

    def off(self) -> None:
        """Never raises; a drive that is gone has its lamp too."""


class Lamps(Protocol):
    """The locate LEDs beside the slots."""

    def light(self, presence: Presence, *, stop: Event) -> Lamp | None:
        """None where this drive's slot has none that we can reach."""


class Suite(Protocol):
    """A pytest suite that runs in a process of its own. Belongs to one thread."""

    def next(self) -> Said | Asked:
        """What it says next; blocks until then. An Asked is to be answered before the next one.

        Raises JobCancelled when `stop` was set, ToolTimeout at the deadline; ToolFailed when it says what it must not,
        or has gone without saying how it ended.
        """

    def answer(self, value: Any = None, error: OrchestratorError | None = None) -> None:
        """To what it asked: a plain value or a record, or why not. Does not wait: ToolFailed when it does not read."""

    def close(self, why: OrchestratorError | None = None) -> None:
        """End it, with all that it started; within 6 s. May be called twice. ToolStuck where it cannot be killed.

        What it asks meanwhile is answered with `why`, so that its own clean-up knows.
        """


class Suites(Protocol):
    """The way to a team's own pytest suites."""

    @property
    def simulated(self) -> bool:
        """The drives are models."""

    def begin(self, path: str, args: tuple[str, ...], *, deadline_s: float, stop: Event) -> Suite:
        """`deadline_s`: host seconds for all of it. ToolMissing where there is no pytest, ToolFailed where no process
        can be started."""
