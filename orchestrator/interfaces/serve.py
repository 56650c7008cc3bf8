"""`orchestrator serve`: a rack runs in the foreground, its plans start by themselves, until it is told to stop.

    SIGTERM, SIGINT ──▶ server stops ─▶ rack.close(), at most 10 s ─▶ last alerts, last lines: exit status 0
    SIGHUP ──▶ rack.reload(FILE), and its alerts

Beside the rack stand the web service, the alerts, and what systemd is told. On a terminal one live table; otherwise a
line for each thing that happens.
"""

import io
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self, cast

from orchestrator.adapters.owner import announce
from orchestrator.interfaces import outcome
from orchestrator.interfaces.logs import LineView, Log, what
from orchestrator.interfaces.opening import Titled, title
from orchestrator.interfaces.service import INSTALL, Service
from orchestrator.interfaces.systemd import Systemd
from orchestrator.interfaces.table import print_table, rich_table
from orchestrator.model.errors import InvalidArgument, OrchestratorError
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.model.plan import Plan
from orchestrator.model.slot import SlotInfo

if TYPE_CHECKING:
    from rich.live import Live

    from orchestrator.interfaces.alerts import Alerts
    from orchestrator.rack import Rack

LOOK_S = 0.25
"""Host seconds between two looks at the signals, and two pictures of the table."""
HEADS = ("slot", "state", "drive", "job", "progress", "what")


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the rack."""

    service: Service | None = None
    """None = nobody asks by HTTP."""
    note: str = ""
    """Why not, where nobody decided that."""
    log_json: bool = False
    """Lines of JSON, also on a terminal."""


def beside(
    http: str | None,
    *,
    hosts: tuple[str, ...] = (),
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    log_json: bool = False,
) -> Beside:
    """Raises InvalidArgument for what is no address; Refused where --http needs what is not installed."""
    service = Service.asked(http, hosts, tls_certificate, tls_key)
    missing = service is None and http is None
    return Beside(service, f"no web service here; {INSTALL}, or say --http none" if missing else "", log_json)


def run(
    config: Path | None, simulated: bool, slots: int, speed: float, seed: int, *, dry_run: bool, around: Beside
) -> None:
    """Blocks until the rack is told to stop. Raises InvalidArgument unless one of file and --simulated is given."""
    if (config is None) is not simulated:
        raise InvalidArgument("no rack was named", remedy="give its file (--config FILE), or say --simulated")
    from orchestrator.rack import Rack  # pykka and the actors: only for those who need a rack

    if config is None:
        if dry_run:
            raise InvalidArgument("a simulated rack has plans from a file only", remedy="give it with --config FILE")
        serve(partial(Rack.simulated, slots, speed, seed), None, around)
    elif dry_run:
        with Rack.from_config(config, plans=False) as rack:
            show_plans(rack, rack.plans)
    else:
        serve(partial(Rack.from_config, config), config, around)


def serve(open_rack: Callable[[], "Rack"], file: Path | None, around: Beside) -> None:
    """Blocks until SIGTERM or SIGINT. `file`: taken over anew on SIGHUP."""
    asked, pause, systemd = set[int](), threading.Event(), Systemd()
    on_terminal = sys.stdout.isatty() and not around.log_json

    def told(number: int, _: FrameType | None) -> None:
        asked.add(number)  # takes no lock: an Event's could be held by the very code that the signal interrupts

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        with _log(on_terminal, around.log_json) as log, _alerts(file) as alerts, ExitStack() as opened:
            start = opened.enter_context(around.service.listening()) if around.service else None
            rack = opened.enter_context(open_rack())
            view: LineView | TableView = TableView(rack) if on_terminal else LineView(rack, log)
            opened.enter_context(view)
            if alerts:
                alerts.follow(rack)
            url = opened.enter_context(start(rack)).url if start else ""
            if file is not None and url:
                announce(file, url)
            view.serving(url, around.note)
            systemd.ready(f"serving at {url}" if url else "serving")
            leaving: tuple[int, ...] = ()
            while asked <= {signal.SIGHUP}:
                pause.wait(LOOK_S)
                busy = {job.slot_id for job in rack.open_jobs()} if leaving else set()
                if signal.SIGHUP in asked or (leaving and busy.isdisjoint(leaving)):
                    asked.discard(signal.SIGHUP)
                    leaving = _take_over(rack, file, alerts, view.say)
                view.look()
                if alerts:
                    alerts.look()
                systemd.feed(rack.answers, lambda: f"{len(rack.slots())} slots, {len(rack.open_jobs())} open jobs")
            view.say("stopping")
            systemd.stopping()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log(on_terminal: bool, as_json: bool) -> Log:
    """Beside a live table warnings alone, above it."""
    if on_terminal:
        return Log(lambda: sys.stderr, level=logging.WARNING)
    raw = io.FileIO(sys.stdout.fileno(), "w", closefd=False)  # no buffer: Python's end would wait to flush it
    stdout = io.TextIOWrapper(cast(BinaryIO, raw), encoding=sys.stdout.encoding, write_through=True)
    return Log(lambda: stdout, as_json=as_json)


def _alerts(file: Path | None) -> "Alerts | nullcontext[None]":
    """Those of the rack file. Raises ConfigError, also for a secret that is not there."""
    if file is None:
        return nullcontext()
    from orchestrator.interfaces.alerts import Alerts
    from orchestrator.settings.rack_file import load_rack_file  # pydantic, ssl: only for those who have a file

    return Alerts(load_rack_file(file).alerts, file.resolve().parent)


def _take_over(rack: "Rack", file: Path | None, alerts: "Alerts | None", say: Callable[[str], None]) -> tuple[int, ...]:
    try:
        if file is None or alerts is None:
            raise InvalidArgument("this rack comes from no file")
        from orchestrator.settings.rack_file import load_rack_file

        rules = load_rack_file(file).alerts
        alerts.check(rules)
        leaving = rack.reload(file)
        alerts.take_over(rules)
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


class Shown(Titled, Protocol):
    """What is seen of a rack, here or on another machine."""

    def open_jobs(self) -> tuple[AsyncJob, ...]: ...
    def get_job_status(self, job_id: int, /) -> AsyncJob: ...


class TableView:
    """A picture of the tables, four times a second."""

    def __init__(self, rack: Shown) -> None:
        self._rack, self._said, self._url = rack, list[str](), ""
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

    def serving(self, url: str, note: str) -> None:
        self._url = url
        if note:
            self.say(note)

    def show(self, rack: Shown) -> None:
        """This one from now on."""
        self._rack = rack

    def say(self, text: str) -> None:
        self._said = [*self._said[-1:], *text.splitlines()]

    def look(self) -> None:
        from rich.console import Group
        from rich.text import Text

        if self._live is not None:
            table = rich_table(HEADS, list(_rows(self._rack)), line=self._live.console.width)
            head = Text.assemble((title(self._rack), "bold yellow"), "   " if title(self._rack) else "", self._url)
            parts = (head, table, Text("\n".join(self._said[-5:])))
            self._live.update(Group(*parts), refresh=True)


def _rows(rack: Shown) -> Iterator[tuple[str, ...]]:
    waiting = {job.slot_id: job for job in reversed(rack.open_jobs()) if job.status is AsyncJobStatus.INIT}
    for slot in rack.slots():
        job = rack.get_job_status(slot.job) if slot.job is not None else waiting.get(slot.id)
        progress = f"{job.progress} %" if job and job.progress >= 0 else ""
        doing_what = " ".join(text for text in (what(job) if job else "", slot.reason, slot.plan) if text)
        doing = f"{job.name} {job.status.name}" if job else ""
        drive = outcome.drive_text(slot.drive)[:34]
        yield (outcome.printable(slot.label), slot.state.value, drive, doing, progress, outcome.printable(doing_what))
