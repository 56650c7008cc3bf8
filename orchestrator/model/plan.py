"""A plan: what starts by itself when a drive is plugged into a slot, and how far it is with the drive that is there.

    new presence ──▶ Course ──due──▶ step 1 ──good──▶ step 2 ──good──▶ done
                        │               └── fail, unknown or no answer: the rest is not started; on_fail, and it says so
                        └── no plan, not for this drive, or it was here before us: nothing starts

One course a slot, for the newest presence it ever held. It names its jobs before they are opened, so whoever finds it
after a fall opens exactly those that are not in the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.errors import JobCancelled
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.model.verdict import VerdictStatus

SELF_TEST = "run_smart_test"
"""The operation whose end makes a drive a tested one."""


class OnStart(StrEnum):
    """What to do about drives that are there when the rack, or their slot, is first seen."""

    LEAVE = "leave"
    """They were not plugged in: nothing starts."""
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Step:
    """One job of a plan."""

    operation: str
    options: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.options)
        return f"{self.operation} ({given})" if given else self.operation


@dataclass(frozen=True, slots=True)
class Fits:
    """Which drives a plan is for. What a drive does not tell about itself fits no condition on it."""

    protocols: tuple[Protocol, ...] = ()
    """Empty = any."""
    model: str = "*"
    """A glob over the model's name; upper and lower case are alike."""
    least_bytes: int = 0
    most_bytes: int | None = None

    def against(self, drive: Drive) -> Iterator[str]:
        """Why the plan is not for this drive; nothing when it is."""
        if self.protocols and drive.protocol not in self.protocols:
            yield f"it speaks {drive.protocol or 'nothing that we know'}, not {' or '.join(self.protocols)}"
        if not fnmatchcase(drive.model.lower(), self.model.lower()):
            yield f"its model {drive.model!r} is not {self.model!r}"
        most, size = self.most_bytes, drive.capacity_bytes
        if size is None and (self.least_bytes or most is not None):
            yield "it does not tell its capacity"
        elif size is not None and not self.least_bytes <= size <= (size if most is None else most):
            yield f"it holds {size / 1e12:g} TB"


class When(StrEnum):
    """For which stays of a drive."""

    ALWAYS = "always"
    FIRST_SEEN = "first_seen"
    """Only the first that this rack's history knows of."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the rack's history knows of a drive, before this stay."""

    is_new: bool = True
    tested_s: float | None = None
    """Host seconds since a self-test of it was COMPLETED last; None = never."""


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    steps: tuple[Step, ...]
    on_fail: tuple[Step, ...] = ()
    """Started instead of the rest when a step does not end well, but for one that someone cancelled."""
    fits: Fits = Fits()
    on_start: OnStart = OnStart.LEAVE
    debounce_s: float = 0.0
    """Rack seconds that a drive must have been in its slot, beyond the second that discovery waits for quiet."""
    when: When = When.ALWAYS
    not_tested_within_s: float | None = None
    """Host seconds: only a drive whose last self-test is older, or that never had one here; None = any."""

    def against(self, drive: Drive, *, plugged_in: bool, past: Past = Past()) -> str:
        """Why nothing would start for this drive; "" when the first step would."""
        if not plugged_in and self.on_start is OnStart.LEAVE:
            return "it was here before us (on_start: leave)"
        if self.when is When.FIRST_SEEN and not past.is_new:
            return "it was here before (when: first_seen)"
        limit, tested = self.not_tested_within_s, past.tested_s
        if limit is not None and tested is not None and tested < limit:
            return f"it was tested {_ago(tested)} ago (not_tested_within: {_ago(limit)})"
        return "; ".join(self.fits.against(drive))


@dataclass(frozen=True, slots=True)
class Course:
    """How far a slot is with the plan for one presence."""

    number: int
    """Of the presence; 0 where the slot was empty when first seen."""
    plan: Plan | None = None
    """As it was when the drive came: a changed rack file is for the drives to come."""
    due: float = 0.0
    """Rack time of the first step."""
    jobs: tuple[int, ...] = ()
    """One id a step begun. The last one may not be in the table yet."""
    why_failed: str = ""
    """Which step did not end well; "" while all did."""
    failed_after: int = 0
    """So many jobs were begun then; those of `on_fail` follow."""
    why_over: str = ""
    """Nothing more will start; "" while something may."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Those begun, and those to come as it looks now."""
        if self.plan is None:
            return ()
        if not self.why_failed:
            return self.plan.steps
        return self.plan.steps[: self.failed_after] + self.plan.on_fail

    def __str__(self) -> str:
        """For the person at the rack; "" where there is no plan."""
        if self.plan is None:
            return ""
        if self.why_over or not self.jobs:
            return f"{self.plan.name}: {self.why_over or 'waits for the drive to stay'}"
        step, of = len(self.jobs), len(self.steps)
        now = f"step {step} of {of}, {self.steps[step - 1]} (job {self.jobs[-1]})"
        return f"{self.plan.name}: {f'{self.why_failed}; ' if self.why_failed else ''}{now}"


def _ago(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} s"


def set_out(number: int, plan: Plan | None, drive: Drive | None, *, plugged_in: bool, now: float, past: Past) -> Course:
    """The course of a presence that has settled (`drive` None: of a slot found empty)."""
    if plan is None or drive is None:
        return Course(number, why_over="no plan")
    against = plan.against(drive, plugged_in=plugged_in, past=past)
    return Course(number, plan, now + plan.debounce_s, why_over=against and f"not started: {against}")


def ended_badly(job: AsyncJob) -> str:
    """Why no further step follows this ended job; "" when one may. Unknown is not good."""
    if job.status is not AsyncJobStatus.COMPLETED:
        return f"no answer ({job.error.code if job.error else 'unknown'})"
    if job.verdict is None or job.verdict.status in (VerdictStatus.PASS, VerdictStatus.WARN):
        return ""
    return job.verdict.status.value


def failed(course: Course, job: AsyncJob, why: str) -> Course:
    """The course after its last step, this job, that did not end well."""
    rest = ", ".join(map(str, course.steps[len(course.jobs) :]))
    text = f"{job.name} (job {job.id}): {why}" + (f"; not started: {rest}" if rest else "")
    over = text if job.error is not None and job.error.code == JobCancelled.code else ""
    return replace(course, why_failed=text, failed_after=len(course.jobs), why_over=over)
