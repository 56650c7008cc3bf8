"""`orchestrator serve`: a rack runs in the foreground, its plans start by themselves, until it is told to stop.

    SIGTERM, SIGINT ──▶ rack.close(), at most 10 s, exit status 0        SIGHUP ──▶ rack.reload(FILE)

On a terminal one live table; otherwise a line for each thing that happens.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Self

from orchestrator.interfaces import outcome
from orchestrator.interfaces.opening import title
from orchestrator.interfaces.table import print_table, rich_table
from orchestrator.model.errors import InvalidArgument, OrchestratorError
from orchestrator.model.job import AsyncJob, AsyncJobStatus, Event, EventKind
from orchestrator.model.plan import Plan
from orchestrator.model.slot import SlotInfo

if TYPE_CHECKING:
    from rich.live import Live

    from orchestrator.rack import Rack

LOOK_S = 0.25
"""Host seconds between two looks at the signals, and two pictures of the table."""
HEADS = ("slot", "state", "drive", "job", "progress", "what")


def run(config: Path | None, simulated: bool, slots: int, speed: float, seed: int, *, dry_run: bool) -> None:
    """Blocks until the rack is told to stop. Raises InvalidArgument unless one of file and --simulated is given."""
    if (config is None) is not simulated:
        raise InvalidArgument("no rack was named", remedy="give its file (--config FILE), or say --simulated")
    from orchestrator.rack import Rack  # pykka and the actors: only for those who need a rack

    if config is None:
        if dry_run:
            raise InvalidArgument("a simulated rack has plans from a file only", remedy="give it with --config FILE")
        serve(partial(Rack.simulated, slots, speed, seed), None)
    elif dry_run:
        with Rack.from_config(config, plans=False) as rack:
            show_plans(rack, rack.plans)
    else:
        serve(partial(Rack.from_config, config), config)


def serve(open_rack: Callable[[], "Rack"], file: Path | None) -> None:
    """Blocks until SIGTERM or SIGINT. `file`: taken over anew on SIGHUP."""
    asked, pause = set[int](), threading.Event()

    def told(number: int, _: FrameType | None) -> None:
        asked.add(number)  # takes no lock: an Event's could be held by the very code that the signal interrupts

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        with open_rack() as rack, _view(rack) as view:
            leaving: tuple[int, ...] = ()
            while asked <= {signal.SIGHUP}:
                pause.wait(LOOK_S)
                busy = {job.slot_id for job in rack.get_jobs_list() if not job.has_ended} if leaving else set()
                if signal.SIGHUP in asked or (leaving and busy.isdisjoint(leaving)):
                    asked.discard(signal.SIGHUP)
                    leaving = _take_over(rack, file, view.say)
                view.look()
            view.say("stopping")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _take_over(rack: "Rack", file: Path | None, say: Callable[[str], None]) -> tuple[int, ...]:
    try:
        if file is None:
            raise InvalidArgument("this rack comes from no file")
        leaving = rack.reload(file)
    except OrchestratorError as exc:
        say(f"the rack stays as it was: {outcome.explain(exc)}")
        return ()
    say(f"{file} is taken over")
    for slot_id in leaving:
        say(f"slot {slot_id} is no longer in the file, and leaves when its jobs have ended")
    return leaving


def show_plans(rack: "Rack", plans: dict[int, Plan]) -> None:
    """`--dry-run`: what would start for each drive, and why."""
    rows = list(_planned(rack.slots(), plans))
    if head := title(rack):
        print(head)
    print_table(("slot", "drive", "plan", "at start", "when plugged in"), rows)


def _planned(slots: tuple[SlotInfo, ...], plans: dict[int, Plan]) -> Iterator[tuple[str, ...]]:
    for slot in slots:
        plan, drive = plans.get(slot.id), slot.drive
        told = (outcome.printable(slot.label), outcome.drive_text(drive), plan.name if plan else "-")
        if plan is None or drive is None:
            nothing = "nothing: " + ("no plan for this slot" if plan is None else f"the slot is {slot.state}")
            yield (*told, nothing, nothing)
            continue
        steps = ", then ".join(map(str, plan.steps))
        against = [plan.against(drive, plugged_in=plugged_in) for plugged_in in (False, True)]
        yield (*told, *(f"nothing: {outcome.printable(why)}" if why else steps for why in against))


def _view(rack: "Rack") -> "LineView | TableView":
    return TableView(rack) if sys.stdout.isatty() else LineView(rack)


class LineView:
    def __init__(self, rack: "Rack") -> None:
        self._rack, self._events = rack, rack.events()
        self._labels = {slot.id: slot.label for slot in rack.slots()}

    def __enter__(self) -> Self:
        if head := title(self._rack):
            self.say(head)
        for slot in self._rack.slots():
            self.say(_slot_line(slot))
        threading.Thread(target=self._tell, daemon=True, name="serve-lines").start()
        self.say("serving; SIGTERM stops, SIGHUP reads the rack file again")
        return self

    def __exit__(self, *_: object) -> None: ...

    def look(self) -> None: ...

    def say(self, text: str) -> None:
        print(text, flush=True)

    def _tell(self) -> None:
        for event in self._events:
            if event.slot is not None:
                self._labels[event.slot.id] = event.slot.label
            if line := _line(event, self._labels):
                self.say(f"{event.time:%Y-%m-%d %H:%M:%S} {line}")


def _line(event: Event, labels: dict[int, str]) -> str:
    """ "" for what is no news."""
    if event.kind is EventKind.GAP:
        return "events were lost to this log"
    if event.slot is not None:
        return _slot_line(event.slot)
    job = event.job
    if job is None or event.kind is EventKind.PROGRESS:
        return ""
    label = outcome.printable(labels.get(job.slot_id, str(job.slot_id)))
    said = " ".join(part for part in (job.status.name, _verdict(job), _what(job)) if part)
    return f"slot {label}: job {job.id} {job.name}: {said}"


def _slot_line(slot: SlotInfo) -> str:
    more = [text for text in (slot.reason, slot.plan) if text]
    drive = f", {outcome.drive_text(slot.drive)}" if slot.drive else ""
    return outcome.printable("; ".join([f"slot {slot.label}: {slot.state}{drive}", *more]))


def _verdict(job: AsyncJob) -> str:
    verdict = outcome.verdict_of(job) if job.has_ended else None
    return verdict.status.value if verdict else ""


def _what(job: AsyncJob) -> str:
    if job.has_ended:
        return outcome.reasons_text(outcome.verdict_of(job))
    return outcome.printable(job.reason or job.message)


class TableView:
    """A picture of the tables, four times a second."""

    def __init__(self, rack: "Rack") -> None:
        self._rack, self._said = rack, list[str]()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(highlight=False), transient=True, auto_refresh=False)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        self._said = [*self._said[-1:], *text.splitlines()]

    def look(self) -> None:
        from rich.console import Group
        from rich.text import Text

        if self._live is not None:
            table = rich_table(HEADS, list(_rows(self._rack)), line=self._live.console.width)
            parts = (Text(title(self._rack), style="bold yellow"), table, Text("\n".join(self._said[-5:])))
            self._live.update(Group(*parts), refresh=True)


def _rows(rack: "Rack") -> Iterator[tuple[str, ...]]:
    waiting = {job.slot_id: job for job in reversed(rack.get_jobs_list().items) if job.status is AsyncJobStatus.INIT}
    for slot in rack.slots():
        job = rack.get_job_status(slot.job) if slot.job is not None else waiting.get(slot.id)
        progress = f"{job.progress} %" if job and job.progress >= 0 else ""
        what = " ".join(text for text in (_what(job) if job else "", slot.reason, slot.plan) if text)
        doing = f"{job.name} {job.status.name}" if job else ""
        drive = outcome.drive_text(slot.drive)[:34]
        yield (outcome.printable(slot.label), slot.state.value, drive, doing, progress, outcome.printable(what))
