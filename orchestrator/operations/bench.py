"""What an operation may touch: the drive of its job, and nothing else.

Every call blocks, and raises the reason when the job is to stop: JobCancelled, DriveRemoved, DriveChanged,
Interrupted, SlotCrashed. An operation lets these pass, after putting the drive right.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from orchestrator.model.drive import Drive
from orchestrator.model.job import AsyncJob
from orchestrator.model.ports import Lamp, Surface
from orchestrator.model.recipe import Recipe
from orchestrator.model.report import SmartReport
from orchestrator.model.suite_talk import Said
from orchestrator.model.verdict import Verdict

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of a job's progress one of its steps is."""

    begin: float
    """Percent."""
    end: float
    then_s: float | None = None
    """Rack seconds that the job needs after it; None = unknown."""


@dataclass(frozen=True, slots=True)
class Done:
    """A child job that has ended."""

    job: AsyncJob
    answer: Any
    """None where it has an error."""
    seconds: float
    """Rack seconds of running; pauses longer than a minute or so do not count."""
    timed_out: bool = False
    """It was cancelled for that."""


class Bench(Protocol):
    def read(self, drive: Drive, *, quick: bool = False) -> SmartReport:
        """One read of the drive. `quick` leaves smartctl's drive database out: right for polls, not for verdicts.

        Raises:
            DriveRemoved, DriveChanged: it is not there any more, or another serial answers.
            ToolFailed, ToolTimeout, ToolMissing: smartctl could not say.
        """

    def start_self_test(self, drive: Drive, kind: str, *, spans: str | None = None) -> None:
        """Raises DriveBusy when one runs already, Refused when the drive does not take this kind, or its spans."""

    def abort_self_test(self, drive: Drive) -> None:
        """End the drive's self-test. Works while the job is being stopped too, within 5 s of host time.

        Does nothing, and says nothing, when the drive is gone, cannot be reached, or when the rack closes and is to
        leave the drives' own work alone.
        """

    def surface(self, drive: Drive) -> AbstractContextManager[Surface]:
        """The drive, held open for reading while the context lasts. Who answers there, only `read` says.

        Raises DriveRemoved, ToolFailed, ToolTimeout, and Refused for a drive without a node of its own.
        """

    def lamp(self, drive: Drive) -> AbstractContextManager[Lamp | None]:
        """Its slot's locate LED, lit while the context lasts; None where there is none."""

    def peers(self, drive: Drive, operation: str | None = None) -> tuple[Any, ...]:
        """This operation's newest answer for each other drive of the same model in this rack; or another one's."""

    def sleep(self, seconds: float) -> None:
        """Rack seconds."""

    def clock(self) -> float:
        """Rack seconds since some moment; never falls."""

    def checkpoint(self) -> None:
        """Where a pausable operation may be held: blocks while the job is PAUSED."""

    def progress(self, percent: float, *, remaining_s: float | None = None) -> None:
        """0 to 100; 100 is shown as 99 until the job is COMPLETED. `remaining_s`: rack seconds, for the ETA."""

    def note(self, text: str) -> None:
        """Say what the job does now: the job's message, and an event."""

    def kept(self, kind: type[T]) -> T | None:
        """What this job last noted in an earlier process, of a resumable operation; None at its first beginning.

        ValueError where it was none of this kind.
        """

    def keep(self, memo: object, *, wait: bool = False) -> None:
        """Note what is needed to take this job up after a restart: a frozen dataclass. The last one counts.

        Args:
            wait: until it is durable, at most 5 s; not while the store is in trouble.
        Without a store it is forgotten.
        """

    def new_attempt(self, why: str) -> None:
        """The work, or the rest of it, is done once more: the job's attempt grows, and its progress begins anew."""

    def conclude(self, verdict: Verdict) -> None:
        """State the verdict that stands beside the answer. The last one counts; a False needs a fail."""

    def run(self, operation: Callable[..., Any] | str, **options: Any) -> Any:
        """Run another operation as a child of this job, and return its answer or raise its error."""

    def step(
        self,
        nth: int,
        operation: Callable[..., Any] | str,
        options: dict[str, Any],
        *,
        timeout_s: float | None = None,
        share: Share | None = None,
    ) -> Done:
        """The job's n-th child, from 0, and what became of it: opened where there is none yet.

        For operations that can be taken up: after a restart each step is asked for again, in the same order, and what
        was done is told from the history. A child that the restart itself ended is done once more.

        Args:
            timeout_s: rack seconds of running, after which it is cancelled; pauses do not count.
            share: which part of this job's progress it is.
        Raises what a start raises, and the reason when this job is to stop; a failed child is told, not raised.
        """

    def suite(
        self, drive: Drive, path: str, args: tuple[str, ...], *, timeout_s: float
    ) -> AbstractContextManager[Iterator[Said]]:
        """A pytest suite in a process of its own, and what it says, up to its Ended; it lives as long as the context.

        It reaches the drive through this rack alone: what it starts is a child of this job.

        Args:
            timeout_s: host seconds.
        Raises ToolMissing without pytest; ToolTimeout; ToolFailed when it cannot be started, or died unasked.
        """

    def find(self, operation: Callable[..., Any] | str) -> Any:
        """The operation's declaration. Raises UnknownOperation."""

    def recipe(self, name: str) -> Recipe:
        """Of this rack. Raises InvalidArgument, with the names there are."""
