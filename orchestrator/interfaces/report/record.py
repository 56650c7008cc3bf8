"""What a report tells: one ended run as one value. Every form is written from it alone, so a form made again is the
same bytes: no clock, no host, no release, no language or time zone of whoever makes it.

    Source ──gather──▶ Report ──▶ html, json, junit, csv
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict

from orchestrator.model.drive import Drive
from orchestrator.model.job import JobError, OpenedBy
from orchestrator.model.recipe import StepOutcome
from orchestrator.model.scan import ScanResult
from orchestrator.model.suite import CaseOutcome
from orchestrator.model.verdict import Reason

FORMAT: Literal[1] = 1
STATEMENT = "Passing proves nothing bad was seen."
_DESCRIBED = ConfigDict(use_attribute_docstrings=True)


class Conclusion(StrEnum):
    """What a job came to, in one word or two."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NO_ANSWER = "no answer"
    """It broke off; that says nothing about the drive."""
    CANCELLED = "cancelled"
    DONE = "done"
    """It ran to its end, and judges nothing."""


@dataclass(frozen=True, slots=True)
class Measured:
    __pydantic_config__: ClassVar[ConfigDict] = _DESCRIBED

    name: str
    value: float | None
    """null where it is no finite number."""
    unit: str
    at_least: float | None
    at_most: float | None
    within: bool | None
    """Whether it keeps to its limits; null without limits."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a recipe."""

    __pydantic_config__: ClassVar[ConfigDict] = _DESCRIBED

    step: str
    """As it is written: "run_smart_test (kind=short)"."""
    outcome: StepOutcome
    job_id: int | None
    """null for one that was skipped."""
    seconds: float
    """Rack seconds of running."""
    reasons: tuple[Reason, ...]
    measurements: tuple[Measured, ...]
    """A growth is named "grown_" and its counter."""
    not_checked: tuple[str, ...]
    """What had a limit, and was told by nobody."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a pytest suite."""

    __pydantic_config__: ClassVar[ConfigDict] = _DESCRIBED

    name: str
    """pytest's node id without the slot."""
    outcome: CaseOutcome
    seconds: float
    """Host seconds."""
    text: str
    """Why it did not pass."""
    measurements: tuple[Measured, ...]
    jobs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter of the drive, as it told it at the job's first and last whole read."""

    __pydantic_config__: ClassVar[ConfigDict] = _DESCRIBED

    name: str
    """Such as "temperature_celsius" or "attribute_5_raw"."""
    before: float | None
    """null where it was not told then."""
    after: float | None
    change: float | None
    """null where one of them is missing."""


@dataclass(frozen=True, slots=True)
class Read:
    """When the drive was asked for its counters."""

    moment: Literal["before", "after"]
    time: datetime
    temperature_celsius: float | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The job was begun anew, or gone on with after a restart."""

    number: int
    time: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Pause:
    began: datetime
    ended: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Run:
    """One ended job."""

    __pydantic_config__: ClassVar[ConfigDict] = _DESCRIBED

    job_id: int
    operation: str
    options: dict[str, Any] | None
    """What it was started with; null where that is not kept."""
    opened_by: OpenedBy
    client_ref: int
    """The caller's own number."""
    accepted: datetime | None
    started: datetime | None
    """null for one that never ran."""
    ended: datetime | None
    attempt: int
    """How often it was begun: 1, and one more for each of `attempts`."""
    attempts: tuple[Attempt, ...]
    pauses: tuple[Pause, ...]
    conclusion: Conclusion
    reasons: tuple[Reason, ...]
    """Of the verdict, worst first."""
    error: JobError | None
    """Why there is no answer."""
    answer: Any
    """What the operation answered, as REST has it; null where `steps`, `cases` or `scan` tell it."""
    measurements: tuple[Measured, ...]
    """Of the answer."""
    steps: tuple[Step, ...]
    """Of a recipe."""
    cases: tuple[Case, ...]
    """Of a pytest suite."""
    scan: ScanResult | None
    """What reading the surface found."""
    reads: tuple[Read, ...]
    counters: tuple[Counter, ...]
    not_kept: tuple[str, ...]
    """What the rack does not know any more, or never kept."""
    children: tuple["Run", ...]
    """The jobs that it opened, by id."""


@dataclass(frozen=True, slots=True)
class Report:
    __pydantic_config__: ClassVar[ConfigDict] = _DESCRIBED

    format: Literal[1]
    """Grows when a field goes or changes its meaning; a new field does not count."""
    simulated: bool
    """No drive of a simulated rack is real."""
    statement: str
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    slot_id: int
    slot_label: str
    """What the chassis said beside the slot."""
    drive: Drive | None
    run: Run


def walk(run: Run) -> Iterator[Run]:
    """This one and all below it, each before those that it opened."""
    yield run
    for child in run.children:
        yield from walk(child)
