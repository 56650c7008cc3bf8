"""How far one job is: a bar on a terminal, else a line each time it has come ten percent further. On stderr."""

import sys
from typing import TYPE_CHECKING, Self

from orchestrator.model.job import AsyncJob

if TYPE_CHECKING:
    import rich.progress

STEP = 10


class Progress:
    """A context; `quiet` shows nothing."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._name, self._quiet = name, quiet
        self._bar: rich.progress.Progress | None = None
        self._said: tuple[object, ...] = ()

    def __enter__(self) -> Self:
        if self._quiet:
            return self
        if not sys.stderr.isatty():
            self.say(self._name)
            return self
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=Console(stderr=True, highlight=False), transient=True)
        self._task = self._bar.add_task(escape(self._name), total=None)
        self._bar.start()
        return self

    def show(self, job: AsyncJob) -> None:
        if self._bar is not None:
            self._bar.update(self._task, total=100 if job.progress >= 0 else None, completed=max(job.progress, 0))
        said = (job.progress // STEP, job.status, job.message, job.reason)
        if said != self._said:
            percent = f"{job.progress:3d} %" if job.progress >= 0 else "     "
            more = job.message or job.reason
            if self._bar is None or more not in self._said:
                self.say(f"  {percent} {job.status.name} {more}".rstrip())
            self._said = said

    def say(self, text: str) -> None:
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
