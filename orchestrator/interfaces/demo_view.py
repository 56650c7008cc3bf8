"""What is seen while the demo runs: one live table on a terminal, a line for each thing that happens otherwise."""

import sys
import time
from typing import TYPE_CHECKING, Self

from orchestrator.interfaces import outcome
from orchestrator.interfaces.table import rich_table
from orchestrator.model.job import AsyncJob
from orchestrator.model.slot import SlotInfo

if TYPE_CHECKING:
    from rich.live import Live

Rows = list[tuple[SlotInfo, AsyncJob]]
BAR = 12
DRIVE = 34
"""Characters, so that all but the reasons fit a terminal of 80."""


def make_view(title: str, *, quiet: bool) -> "PlainView | LiveView":
    return LiveView(title) if sys.stdout.isatty() and not quiet else PlainView(title, quiet=quiet)


class PlainView:
    def __init__(self, title: str, *, quiet: bool) -> None:
        self._title, self._quiet = title, quiet
        self._began = time.monotonic()
        self._told: set[int] = set()

    def __enter__(self) -> Self:
        self._say(self._title)
        return self

    def __exit__(self, *_: object) -> None:
        self._say("")

    def show(self, rows: Rows, step: str) -> None:
        if step:
            self._say(f"{self._clock()}  {step}")
        for slot, job in rows:
            if job.has_ended and job.id not in self._told:
                self._told.add(job.id)
                verdict = outcome.verdict_of(job)
                status = verdict.status.value.upper() if verdict else job.status.name
                why = outcome.reasons_text(verdict)
                self._say(
                    f"{self._clock()}  slot {slot.label}: {outcome.drive_text(job.drive)}: {status}  {why}".rstrip()
                )

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"

    def _say(self, text: str) -> None:
        if not self._quiet:
            print(text, flush=True)


class LiveView:
    def __init__(self, title: str) -> None:
        self._title, self._steps = title, list[str]()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(highlight=False), transient=True, refresh_per_second=8)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, rows: Rows, step: str) -> None:
        from rich.console import Group
        from rich.text import Text

        if step:
            self._steps.append(step)
        if self._live is not None:
            heads, width = ("slot", "drive", "self-test", "verdict", "reasons"), self._live.console.width
            table = rich_table(heads, [_row(*row) for row in rows], line=width)
            self._live.update(Group(Text(self._title, style="bold yellow"), table, Text("\n".join(self._steps[-2:]))))


def _row(slot: SlotInfo, job: AsyncJob) -> tuple[str, ...]:
    verdict = outcome.verdict_of(job)
    status = verdict.status.value if verdict else ""
    drive = outcome.drive_text(slot.drive) if slot.drive else "- (pulled)"
    drive = drive if len(drive) <= DRIVE else f"{drive[: DRIVE - 1]}…"
    return slot.label, drive, _bar(job), status, outcome.reasons_text(verdict)


def _bar(job: AsyncJob) -> str:
    if job.has_ended and job.error is not None:
        return "no answer".ljust(BAR + 6)
    done = max(job.progress, 0)
    full = BAR * done // 100
    return f"{'█' * full}{'░' * (BAR - full)} {done:3d} %"
