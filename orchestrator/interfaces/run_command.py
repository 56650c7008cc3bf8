"""`orchestrator run NAME SLOT`: one command for each declared operation, its options those of the declaration.

    collect() ──▶ a command per operation ──▶ rack.start ──▶ progress on stderr ──▶ answer on stdout, exit status

Ctrl-C cancels the job once, and waits for the drive's test to be ended; a second one leaves at once.
"""

import inspect
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
import typer.main

from orchestrator.interfaces import outcome, telling, words
from orchestrator.interfaces.opening import title
from orchestrator.interfaces.progress import Progress
from orchestrator.interfaces.reach import AnyRack, Named, need_service, open_any
from orchestrator.model.errors import InvalidArgument, JobNotFinished, UnknownOperation, Unreachable
from orchestrator.model.job import AsyncJob
from orchestrator.operations.declare import Holds, Operation, Option, collect
from orchestrator.operations.written import value_of

FIRST_LOOK_S, LOOK_S = 0.1, 0.5
"""Host seconds between two looks at the job, at first and after two seconds."""
PREVIEWS = {"run_recipe": "preview_recipe"}
"""What --dry-run does instead."""
CANCEL_S = 12.0
"""Host seconds for a cancelled job to end; it does within 10."""


def short_name(name: str) -> str:
    """run_smart_test is typed smart-test."""
    return name.removeprefix("run_").replace("_", "-")


def find(name: str, names: list[str]) -> str | None:
    """The function's name, hyphens allowed, a leading run_ may be left out."""
    typed = name.replace("-", "_")
    return next((known for known in (typed, f"run_{typed}") if known in names), None)


def command_of(operation: Operation[..., Any]) -> Callable[..., None]:
    """A function whose signature is the command line of this operation."""

    def command(
        slot: int,
        config: Path | None,
        simulated: bool,
        url: str | None,
        token_file: Path | None,
        cafile: Path | None,
        as_json: bool,
        client_ref: int,
        parent: int | None,
        no_wait: bool,
        dry_run: bool = False,
        **texts: str | None,
    ) -> None:
        named = Named(config, simulated, url, token_file, cafile)
        given = {name: text for name, text in texts.items() if text is not None}
        options = {name: _value(operation.options[name], text, named) for name, text in given.items()}
        if named.address is None or not operation.runs_code:  # else what it names is on another host
            operation.check(options)
        done = collect()[PREVIEWS[operation.name]] if dry_run else operation
        do = leave_at if no_wait else run_at
        raise typer.Exit(do(named, done, slot, options, as_json=as_json, client_ref=client_ref, parent=parent))

    parameters = {
        "slot": words.Slot,
        **{option.name: Annotated[str | None, _typed(option)] for option in operation.options.values()},
        "config": words.Config,
        "simulated": words.Simulated,
        "url": words.Url,
        "token_file": words.TokenFile,
        "cafile": words.CaFile,
        "as_json": words.Json,
        "client_ref": words.ClientRef,
        "parent": words.Parent,
        "no_wait": words.NoWait,
    }
    defaults: dict[str, Any] = {"slot": inspect.Parameter.empty, "client_ref": 0}
    defaults |= dict.fromkeys(("simulated", "as_json", "no_wait"), False)
    if operation.name in PREVIEWS:
        parameters["dry_run"], defaults["dry_run"] = words.DryRun, False
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=kind)
            for name, kind in parameters.items()
        ]
    )
    command.__annotations__ = parameters
    typed = short_name(operation.name)
    needed = "".join(f" --{o.name.replace('_', '-')} {_metavar(o)}" for o in operation.options.values() if o.required)
    command.__doc__ = (
        f"{operation.summary}\n\n"
        f"Exit status: 0 done (pass or warn), 1 fail, unknown or no answer, 2 wrong usage.\n\n"
        f"\b\nExamples:\n"
        f"  orchestrator run {typed} 3{needed} --config config/rack.yaml\n"
        f"  orchestrator run {typed} 3{needed} --simulated --json\n"
        f"  orchestrator run {typed} 3{needed} --url https://bench-7:8443\n"
    )
    return command


def _value(option: Option, text: str, named: Named) -> Any:
    """A path is where the command was called, unless its rack may be on another host."""
    value = value_of(option, text)
    is_here = option.holds is Holds.PATH and named.address is None and value
    return str(Path.cwd() / value) if is_here else value


def _typed(option: Option) -> Any:
    limits = f" {option.between.least:g} to {option.between.most:g}." if option.between else ""
    default = "Required." if option.required else f"Default: {option.default}."
    return typer.Option(
        f"--{option.name.replace('_', '-')}",
        metavar=_metavar(option),
        help=" ".join(f"{option.help}{limits} {default}".split()),
        show_default=False,
    )


def _metavar(option: Option) -> str:
    kind = option.type
    if option.holds is not Holds.TEXT:
        return option.holds.value.upper()
    if get_origin(kind) is Literal:
        return "|".join(str(value) for value in get_args(kind))
    parts = [part for part in get_args(kind) if part is not NoneType] or [kind]
    return {bool: "true|false", int: "NUMBER", float: "NUMBER", str: "TEXT"}.get(parts[0], "VALUE")


def run_at(
    named: Named, operation: Operation[..., Any], slot_id: int, options: dict[str, Any], *, as_json: bool,
    client_ref: int = 0, parent: int | None = None,
) -> int:  # fmt: skip
    """As `run`, on the rack that is named: of a service, or opened here."""
    with open_any(named) as rack:
        return run(rack, operation, slot_id, options, as_json=as_json, client_ref=client_ref, parent=parent)


def leave_at(
    named: Named, operation: Operation[..., Any], slot_id: int, options: dict[str, Any], *, as_json: bool,
    client_ref: int, parent: int | None,
) -> int:  # fmt: skip
    """Open the job at the service that is named, and show it as it is then. Raises Refused where no service is."""
    from orchestrator.interfaces.jobs_command import show_opened

    if named.simulated:
        raise InvalidArgument(
            "a --simulated rack ends with its command", remedy="leave --no-wait out, or name a service"
        )
    with need_service(named) as rack, _interrupted_later():
        job_id = rack.start(operation.name, client_ref, slot_id, parent, **options)
        try:
            show_opened(rack, job_id, as_json=as_json)
        except Unreachable as exc:
            raise _left_alone(job_id, exc) from exc
    return 0


def run(
    rack: AnyRack, operation: Operation[..., Any], slot_id: int, options: dict[str, Any], *, as_json: bool,
    client_ref: int = 0, parent: int | None = None,
) -> int:  # fmt: skip
    """Do it, show it, and give the exit status. Blocks until the job has ended."""
    label = next((slot.label for slot in rack.slots() if slot.id == slot_id), str(slot_id))
    where, mark = f"slot {slot_id} ({label})", "SIMULATED: " if rack.is_simulated else ""
    job_id: int | None = None
    try:
        with _interrupted_later():
            job_id = rack.start(operation.name, client_ref, slot_id, parent, **options)
        drive = outcome.drive_text(rack.get_job_status(job_id).drive)
        with Progress(f"{mark}{where}: {operation.name} on {drive}", quiet=as_json) as progress:
            job = follow(rack, job_id, progress)
    except KeyboardInterrupt:
        if job_id is None:
            raise
        if not as_json:
            print("cancelling; the drive's own test is being ended", file=sys.stderr, flush=True)
        rack.cancel_job(job_id)
        (job,) = rack.wait([job_id], CANCEL_S)
    except Unreachable as exc:
        if job_id is None:
            raise
        raise _left_alone(job_id, exc) from exc
    answer = rack.result(operation.name, job_id, 0) if job.error is None else None
    if as_json:
        print(json.dumps(_as_json(rack, job, label, answer)))
    else:
        _tell(rack, job, where, answer)
    return outcome.exit_status(job)


def _left_alone(job_id: int, lost: Unreachable) -> Unreachable:
    remedy = f"job {job_id} goes on there; ask for it later with `orchestrator wait {job_id}`"
    return Unreachable(lost.text, remedy=remedy, host=lost.host)


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Ctrl-C counts when this is over, since nobody can cancel a job without its id; a second one counts at once."""
    asked = list[int]()

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            signal.default_int_handler(number, frame)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt


def follow(rack: AnyRack, job_id: int, progress: Progress, timeout: float | None = None) -> AsyncJob:
    """Shows it until it has ended. JobNotFinished when `timeout` (host seconds) is up."""
    until, look_s = None if timeout is None else time.monotonic() + timeout, FIRST_LOOK_S
    while True:
        left = look_s if until is None else max(0.0, min(look_s, until - time.monotonic()))
        try:
            return rack.wait([job_id], left)[0]
        except JobNotFinished:
            if until is not None and time.monotonic() >= until:
                raise
            progress.show(rack.get_job_status(job_id))
            look_s = min(LOOK_S, look_s * 1.2)


def _as_json(rack: AnyRack, job: AsyncJob, label: str, answer: Any) -> dict[str, Any]:
    verdict = outcome.verdict_json(outcome.verdict_of(job))
    found = outcome.job_json(job) | {"label": label, "answer": outcome.plain(answer)} | verdict
    return found | {"simulated": rack.is_simulated}


def _tell(rack: AnyRack, job: AsyncJob, where: str, answer: Any) -> None:
    if rack.is_simulated:
        print(title(rack))
    verdict = outcome.verdict_of(job)
    said = f"{verdict.status.value.upper()}" if verdict else "done"
    print(f"{where}: {outcome.drive_text(job.drive)}: {job.name}: {said}")
    telling.tell_answer(job, answer)


def names() -> list[str]:
    """As they are typed."""
    return sorted(short_name(name) for name in collect())


def command_named(typed: str) -> Any:
    """The command of this operation. Raises UnknownOperation."""
    operations = collect()
    name = find(typed, list(operations))
    if name is None:
        known = ", ".join(sorted(map(short_name, operations)))
        raise UnknownOperation(f"no operation {typed!r}", remedy=f"it is one of: {known}")
    made = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    made.command(short_name(name))(command_of(operations[name]))
    return typer.main.get_command(made)
