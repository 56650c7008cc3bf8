"""Where a job's worker stands: what it shares with the other workers, and how its slot reaches it."""

from dataclasses import dataclass

from orchestrator.actors.allowance import Allowance
from orchestrator.actors.directory import Ended
from orchestrator.actors.door import Door
from orchestrator.actors.post import Post
from orchestrator.actors.tables import Tables
from orchestrator.model.clock import RackClock
from orchestrator.model.errors import NoAnswer
from orchestrator.model.ports import DriveAccess, Event, Lamps, Ports, Suites, Surfaces


class Control:
    """What the slot tells the worker: to stop, with the reason, or to stand still at the next checkpoint."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.stop = ports.event()
        self.go: Event | None = None
        """While the job is held: what lets it go on."""
        self.why: NoAnswer | None = None
        self.halted = ""
        """Why it does stand still; "" while it works. Kept by the slot."""
        self.leave_drive = False
        """The drive's own self-test is not to be ended."""
        self.left_open = False
        """The next process takes the job up: its end here is nobody's news."""
        self.unanswered = False
        """Taken up from an earlier process, and its drive has not answered yet. Kept by the slot."""

    def end(self, why: NoAnswer, *, leave_drive: bool = False) -> None:
        """The first reason stands."""
        if self.why is None:
            self.why, self.leave_drive = why, leave_drive
        self.stop.set()
        if self.go is not None:
            self.go.set()

    def hold(self, held: bool) -> None:
        if held:
            self.go = self.go or self._ports.event()
        elif self.go is not None:
            go, self.go = self.go, None
            go.set()

    def check(self) -> None:
        if self.why is not None:
            raise self.why


@dataclass(frozen=True, slots=True)
class Finished:
    """To the slot: the operation has ended and no longer touches the drive; the directory has been told the same."""

    end: Ended
    tool_left: bool = False
    """It left a tool behind that cannot be killed."""


@dataclass(frozen=True, slots=True)
class Halted:
    """To the slot: the operation stands at a checkpoint for this reason, or goes on from it ("")."""

    job_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every worker of a rack shares."""

    ports: Ports
    post: Post
    tables: Tables
    clock: RackClock
    access: DriveAccess
    door: Door
    allowance: Allowance
    surfaces: Surfaces | None = None
    lamps: Lamps | None = None
    suites: Suites | None = None
