"""What is asked of a running service: `wait`, `cancel`, `pause`, `resume`, `release`, `watch`; and `locate`.

A job goes on there, whoever leaves here: only `cancel` ends one.
"""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.interfaces import outcome
from orchestrator.interfaces.words import CaFile, Config, Jobs, Json, Simulated, Slot, TokenFile, Url

if TYPE_CHECKING:
    from orchestrator.remote.rack import RemoteRack

LOOK_S = 0.25
"""Host seconds between two pictures."""


def add(app: typer.Typer) -> None:
    for command in (wait, cancel, pause, resume, release, locate, watch):
        app.command()(command)


def wait(
    jobs: Jobs, config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    timeout: float | None = typer.Option(None, help="Seconds, in all; left out = as long as it takes."),
    as_json: Json = False,
) -> None:  # fmt: skip
    """Wait for jobs of a service to end, and show what came of each, as `result` does.

    Exit status: 0 when all are done (pass or warn), 1 otherwise, also when the time is up.

    \b
    Examples:
      orchestrator wait 12 13 --url https://bench-7:8443
      orchestrator wait 12 --timeout 600 --json
    """
    from orchestrator.interfaces import jobs_command
    from orchestrator.interfaces.served_records import ServedRecords

    with _service(config, url, token_file, cafile) as rack:
        records = ServedRecords(rack)
        if not as_json:
            jobs_command.show_head(records)
        worst = 0
        for job in _until_ended(rack, jobs, timeout, quiet=as_json):
            _, answer = records.find_result(job.id)
            worst = max(worst, jobs_command.tell_result(records, job, answer, as_json=as_json))
    raise typer.Exit(worst)


def cancel(
    jobs: Jobs, config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """End jobs of a service; a self-test inside a drive too. Shows each as it is now: the end comes within 10 s.

    \b
    Examples:
      orchestrator cancel 12 --url https://bench-7:8443
      orchestrator cancel 12 13
    """
    with _service(config, url, token_file, cafile) as rack:
        _control(rack, rack.cancel_job, jobs, as_json=as_json)


def pause(
    jobs: Jobs, config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Let running jobs of a service stand still, where their operation can. Shows each as it is now.

    \b
    Examples:
      orchestrator pause 12 --url https://bench-7:8443
    """
    with _service(config, url, token_file, cafile) as rack:
        _control(rack, rack.pause_job, jobs, as_json=as_json)


def resume(
    jobs: Jobs, config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Let paused jobs of a service go on. Shows each as it is now.

    \b
    Examples:
      orchestrator resume 12 --url https://bench-7:8443
    """
    with _service(config, url, token_file, cafile) as rack:
        _control(rack, rack.resume_job, jobs, as_json=as_json)


def release(
    slot: Slot, config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Give a quarantined slot of a service another try; changes no other. Takes a token of the scope admin.

    \b
    Examples:
      orchestrator release 7 --url https://bench-7:8443 --token-file ~/.config/bench-7.token
    """
    from orchestrator.interfaces.opening import title
    from orchestrator.interfaces.slots_command import print_slots

    with _service(config, url, token_file, cafile) as rack:
        found = rack.release_slot(slot)
        print_slots((found,), title(rack), simulated=rack.is_simulated, as_json=as_json)


def locate(
    slot: Slot, seconds: float = typer.Option(15.0, help="How long it shows."),
    config: Config = None, simulated: Simulated = False,
    url: Url = None, token_file: TokenFile = None, cafile: CaFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show which drive is in a slot, by its lamp: `run locate` in a word.

    \b
    Examples:
      orchestrator locate 7 --url https://bench-7:8443
      orchestrator locate 7 --seconds 60 --config config/rack.yaml
    """
    from orchestrator.interfaces.reach import Named
    from orchestrator.interfaces.run_command import run_at
    from orchestrator.operations.locate import locate as operation

    options = operation.check({"seconds": seconds})
    named = Named(config, simulated, url, token_file, cafile)
    raise typer.Exit(run_at(named, operation, slot, options, as_json=as_json))


def watch(
    config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    after: int | None = typer.Option(None, min=0, help="Begin behind this sequence number; left out = from now on."),
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show a service's rack live, until Ctrl-C: a table on a terminal, else a line for each thing that happens.

    With --json one object a line: sequence, time, kind, and the whole job or slot. --after shows lines on a terminal
    too; one of the kind "gap" says that the service no longer knows all that came since.

    \b
    Examples:
      orchestrator watch --url https://bench-7:8443
      orchestrator watch --json | jq -c 'select(.job.verdict.status == "fail")'
      orchestrator watch --json --after 1200
    """
    with _service(config, url, token_file, cafile) as rack:
        try:
            if sys.stdout.isatty() and not as_json and after is None:
                _watch_table(rack)
            else:
                _watch_lines(rack, after, as_json=as_json)
        except KeyboardInterrupt:
            return


def _service(config: Any, url: str | None, token_file: Any, cafile: Any) -> "RemoteRack":
    from orchestrator.interfaces.reach import Named, need_service

    return need_service(Named(config, False, url, token_file, cafile))


def _until_ended(rack: "RemoteRack", job_ids: list[int], timeout: float | None, *, quiet: bool) -> Any:
    """Each when it has ended, in the order asked for."""
    import time

    from orchestrator.interfaces.progress import Progress
    from orchestrator.interfaces.run_command import follow

    until = None if timeout is None else time.monotonic() + timeout
    for job_id in job_ids:
        job = rack.get_job_status(job_id)
        if not job.has_ended:
            with Progress(f"job {job_id}: slot {job.slot_id}: {job.name}", quiet=quiet) as progress:
                left = None if until is None else max(0.0, until - time.monotonic())
                job = follow(rack, job_id, progress, left)
        yield job


def _control(rack: "RemoteRack", call: Any, job_ids: list[int], *, as_json: bool) -> None:
    from orchestrator.interfaces import jobs_command
    from orchestrator.interfaces.served_records import ServedRecords

    records = ServedRecords(rack)
    if not as_json:
        jobs_command.show_head(records)
    for job_id in job_ids:
        jobs_command.tell_state(records, call(job_id), as_json=as_json)


def _watch_lines(rack: "RemoteRack", after: int | None, *, as_json: bool) -> None:
    from orchestrator.interfaces.logs import event_text
    from orchestrator.interfaces.opening import title
    from orchestrator.interfaces.web import encode

    events, slots = rack.events(after), {slot.id: slot for slot in rack.slots()}
    if not as_json:
        print(title(rack) or f"{len(slots)} slots at {rack.url}", flush=True)
    for event in events:
        if event.slot is not None:
            slots[event.slot.id] = event.slot
        if as_json:
            print(json.dumps(encode.event(event) | {"simulated": rack.is_simulated}), flush=True)
        elif text := event_text(event, slots):
            print(f"{event.time.astimezone():%Y-%m-%d %H:%M:%S} {outcome.printable(text)}", flush=True)


def _watch_table(rack: "RemoteRack") -> None:
    """Takes the connection up again when the service was started anew. Raises Unreachable when it stays away."""
    from orchestrator.interfaces.serve import TableView

    tables = rack.follow()
    with TableView(tables) as view:
        view.serving(rack.url, "")
        while True:
            view.look()
            if tables.over.wait(LOOK_S):
                view.say(f"no word from {rack.url} since {datetime.now().astimezone():%H:%M:%S}")
                view.look()
                tables = rack.follow()
                view.show(tables)
