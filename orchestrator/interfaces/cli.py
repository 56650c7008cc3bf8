"""The command line: `orchestrator COMMAND`. Holds no rule; what a command needs is imported when it is called.

Listings take --json, one object a line. Errors go to stderr as one sentence with the remedy; with --json as one
object: code, text, remedy, slot_id, serial. Exit status: 0 done (pass or warn), 1 fail, unknown or no answer, 2 wrong
usage.
"""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from orchestrator.interfaces import remote_command, report_command, token_command
from orchestrator.interfaces.reach import Named
from orchestrator.interfaces.words import CaFile, Config, Job, Json, Simulated, TokenFile, Url
from orchestrator.model.errors import ConfigError, InvalidArgument, NotFound, OrchestratorError

MISUSED: Any = typer.BadParameter.__base__
"""UsageError: click's, or that of typer's own copy of click."""
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Tests a rack of drives: one actor per slot, jobs with ids, verdicts with evidence.\n\n"
    "\b\nExamples:\n"
    "  orchestrator demo\n"
    "  orchestrator run smart-test 3 --config config/rack.yaml\n"
    "  smartctl -x /dev/sda | orchestrator assess -\n",
)


class RunGroup(typer.core.TyperGroup):
    """The declared operations as commands, made when they are asked for: collecting them loads users' packages."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        from orchestrator.interfaces import run_command

        return run_command.names()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        from orchestrator.interfaces import run_command

        return run_command.command_named(cmd_name)


app.add_typer(
    typer.Typer(no_args_is_help=True),
    name="run",
    cls=RunGroup,
    subcommand_metavar="NAME SLOT [OPTIONS]",
    help="Run one operation on the drive in one slot.\n\n"
    "NAME is the function's name; hyphens are allowed, and a leading run_ may be left out.\n\n"
    "\b\nExamples:\n"
    "  orchestrator run smart-test 3 --kind extended --config config/rack.yaml\n"
    "  orchestrator run read-health 3 --simulated\n"
    "  orchestrator run smart-test --help\n",
)
app.add_typer(token_command.app, name="token")


@app.command()
def demo(
    slots: Annotated[int, typer.Option(min=1, max=1000, help="How many slots the simulated rack has.")] = 24,
    speed: Annotated[float, typer.Option(help="Rack seconds per real second, up to 1e6.")] = 7200.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same drives, and the same of them sick.")] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="Stay when all is tested, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Test a simulated rack: some drives are sick, one is pulled in mid-test and another plugged in.

    Ends by itself within 30 seconds, with the verdict on every slot. The drives are simulated, and the answers of
    smartctl with them; all else is the code that tests real drives.

    \b
    Examples:
      orchestrator demo
      orchestrator demo --slots 8 --seed 7 --json
    """
    from orchestrator.interfaces.demo import run_demo

    run_demo(slots=slots, speed=speed, seed=seed, keep=keep, as_json=as_json)


@app.command()
def slots(
    config: Config = None, simulated: Simulated = False, url: Url = None, token_file: TokenFile = None,
    cafile: CaFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """List the slots: state, drive, and why a slot cannot be used.

    \b
    Examples:
      orchestrator slots --config config/rack.yaml
      orchestrator slots --simulated --json
      orchestrator slots --url https://bench-7:8443
    """
    from orchestrator.interfaces.slots_command import show_slots

    show_slots(Named(config, simulated, url, token_file, cafile), as_json=as_json)


@app.command()
def serve(
    config: Config = None,
    simulated: Simulated = False,
    slots: Annotated[int, typer.Option(min=1, max=10_000, help="Of a --simulated rack.")] = 24,
    speed: Annotated[float, typer.Option(help="Of a --simulated rack: rack seconds per real second.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Of a --simulated rack: the same seed gives the same drives.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would start, and why.")] = False,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS:PORT", help="Where the dashboard and REST answer, or none.", show_default="127.0.0.1:8080"
        ),
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file; then it speaks https.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A further name that the service is reached by.", show_default=False)
    ] = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="The log as JSON, also on a terminal.")] = False,
) -> None:
    """Run a rack in the foreground: what is plugged in gets its slot's plan, until SIGTERM or Ctrl-C.

    The dashboard and REST answer on this host only; another address takes tokens (`orchestrator token add`).
    A live table on a terminal, a line for each event otherwise. SIGHUP takes the rack file over anew, while jobs run;
    a wrong file changes nothing. Stops within 10 s, exit status 0.

    \b
    Examples:
      orchestrator serve --config config/rack.yaml
      orchestrator serve --config config/rack.yaml --dry-run
      orchestrator serve --simulated --slots 8
      orchestrator serve --config config/rack.yaml --http 0.0.0.0:8443 --tls-certificate c.pem --tls-key k.pem
    """
    from orchestrator.interfaces.serve import beside, run

    hosts = tuple(allow_host or ())
    around = beside(http, hosts=hosts, tls_certificate=tls_certificate, tls_key=tls_key, log_json=log_json)
    run(config, simulated, slots, speed, seed, dry_run=dry_run, around=around)


@app.command()
def jobs(
    config: Config = None,
    url: Url = None,
    token_file: TokenFile = None,
    cafile: CaFile = None,
    name_starts_with: Annotated[str, typer.Option(help="How the operation's name begins, literally.")] = "",
    status: Annotated[
        str | None, typer.Option(help="init, running, paused, completed or failed; or its number.")
    ] = None,
    client_ref: Annotated[int | None, typer.Option(help="The number that the caller gave.")] = None,
    slot: Annotated[int | None, typer.Option(help="The slot's id.")] = None,
    serial: Annotated[str | None, typer.Option(help="The drive's serial number.")] = None,
    order_by: Annotated[str, typer.Option(help="id, name, accepted, started, ended, and the like.")] = "id",
    descending: Annotated[bool, typer.Option("--descending", help="The newest, or greatest, first.")] = False,
    offset: Annotated[int, typer.Option(help="Leave so many out.")] = 0,
    limit: Annotated[int, typer.Option(help="The most of one page; -1 = all.")] = 50,
    after_id: Annotated[int | None, typer.Option(help="The page behind this job; quick however far it is.")] = None,
    count: Annotated[bool, typer.Option("--count", help="Only say how many match.")] = False,
    as_json: Json = False,
) -> None:
    """List the jobs of a rack, open and ended: asked of its service, or with --config read from its store.

    All criteria that are given must match. The store shows open jobs as they were last kept.

    \b
    Examples:
      orchestrator jobs --config config/rack.yaml --descending
      orchestrator jobs --config config/rack.yaml --status failed --serial ZC1A2B3C --json
      orchestrator jobs --url https://bench-7:8443 --status running
      orchestrator jobs --status failed --count
    """
    from orchestrator.interfaces import jobs_command
    from orchestrator.model.job import ListInfo

    wanted = None if status is None else jobs_command.status_named(status)
    asked = ListInfo(offset, limit, name_starts_with, wanted, client_ref, slot, serial, order_by, descending, after_id)
    show = jobs_command.show_count if count else jobs_command.show_jobs
    show(Named(config, False, url, token_file, cafile), asked, as_json=as_json)


@app.command()
def status(
    job: Job, config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show one job: its state, times and verdict. With --config an open one as it was last kept.

    \b
    Examples:
      orchestrator status 12 --config config/rack.yaml
      orchestrator status 12 --config config/rack.yaml --json
    """
    from orchestrator.interfaces import jobs_command

    jobs_command.show_status(Named(config, False, url, token_file, cafile), job, as_json=as_json)


@app.command()
def result(
    job: Job, config: Config = None, url: Url = None, token_file: TokenFile = None, cafile: CaFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show what came of a job: its answer and verdict, as `run` does.

    Exit status: 0 done (pass or warn), 1 fail, unknown, no answer or not finished, 2 wrong usage.

    \b
    Examples:
      orchestrator result 12 --config config/rack.yaml
      orchestrator result 12 --config config/rack.yaml --json
    """
    from orchestrator.interfaces import jobs_command

    raise typer.Exit(jobs_command.show_result(Named(config, False, url, token_file, cafile), job, as_json=as_json))


@app.command()
def history(
    serial: Annotated[str | None, typer.Argument(help="A drive's serial number.", show_default=False)] = None,
    config: Config = None,
    url: Url = None,
    token_file: TokenFile = None,
    cafile: CaFile = None,
    job: Annotated[int | None, typer.Option(help="A job's history instead of a drive's.", show_default=False)] = None,
    raw: Annotated[str, typer.Option(metavar="before|after", help="Print what smartctl printed then.")] = "",
    as_json: Json = False,
) -> None:
    """Tell a drive's life over all slots, or one job's, change by change, with what its drive said before and after.

    \b
    Examples:
      orchestrator history ZC1A2B3C --config config/rack.yaml
      orchestrator history --job 12 --config config/rack.yaml
      orchestrator history --job 12 --raw after --config config/rack.yaml > after.json
    """
    from orchestrator.interfaces import history_command

    if (serial is None) is (job is None):
        raise InvalidArgument("a history is one drive's or one job's", remedy="give a serial number, or --job ID")
    named = Named(config, False, url, token_file, cafile)
    if job is None:
        if raw:
            raise InvalidArgument("--raw prints a report of one job", remedy="name the job with --job ID")
        history_command.show_drive(named, str(serial), as_json=as_json)
    elif raw:
        history_command.show_raw(named, job, raw)
    else:
        history_command.show_job(named, job, as_json=as_json)


remote_command.add(app)
report_command.add(app)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The rack file.", show_default=False)] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a rack file.")] = False,
    as_json: Json = False,
) -> None:
    """Read a rack file and the recipes beside it: mistakes, which slots hold a drive, and a line for each other drive.

    Asks udev and touches no drive. Exit status 1 when slots contradict each other, 2 for a wrong file.

    \b
    Examples:
      orchestrator check config/rack.yaml
      orchestrator check --schema > rack.schema.json
    """
    from orchestrator.interfaces import check_command

    if schema:
        check_command.schema()
    elif file is None:
        raise InvalidArgument("no rack file was named", remedy="give its path, or say --schema")
    else:
        raise typer.Exit(check_command.check(file, as_json=as_json))


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="Show this one, step by step.", show_default=False)] = None,
    config: Config = None,
    url: Url = None,
    token_file: TokenFile = None,
    cafile: CaFile = None,
    as_json: Json = False,
) -> None:
    """List the recipes: those that come with the orchestrator, and those beside the rack file.

    `orchestrator run recipe SLOT --name NAME` does one; with --dry-run it says what would be done.

    \b
    Examples:
      orchestrator recipes
      orchestrator recipes burn-in --config config/rack.yaml
      orchestrator recipes --url https://bench-7:8443 --json
    """
    from orchestrator.interfaces.recipes_command import show_recipes

    show_recipes(Named(config, False, url, token_file, cafile), name, as_json=as_json)


@app.command()
def doctor(config: Config = None, as_json: Json = False) -> None:
    """Say what this host has and what is missing: smartctl, rights, udevd, with the remedy for each.

    Exit status 1 when something that is needed is missing.

    \b
    Examples:
      orchestrator doctor
      orchestrator doctor --config config/rack.yaml --json
    """
    from orchestrator.interfaces.doctor import examine_host

    raise typer.Exit(examine_host(config, as_json=as_json))


@app.command()
def assess(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help='smartctl\'s output; "-" is stdin.')],
    as_json: Json = False,
) -> None:
    """Judge kept outputs of smartctl, text or JSON, -a or -x. Needs no drive and no rack.

    Exit status: 0 when every file could be opened, whatever the verdicts; 2 for a missing one.

    \b
    Examples:
      smartctl -x /dev/sda | orchestrator assess -
      orchestrator assess --json *.txt
    """
    raise typer.Exit(_assess(files, as_json))


def _assess(files: list[str], as_json: bool) -> int:
    from orchestrator.interfaces.assess import assess_files

    return assess_files(files, as_json=as_json, stdin=sys.stdin.buffer, stdout=sys.stdout, stderr=sys.stderr)


def main() -> None:
    """The entry point. SIGTERM is taken as Ctrl-C, so that a job is cancelled and no self-test left running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command, *words = sys.argv[1:] or [""]
    files = [word for word in words if word != "--json"]
    if command == "assess" and files and not any(word.startswith("-") and word != "-" for word in files):
        sys.exit(_assess(files, "--json" in words))  # scripts call it file by file; typer's parser would load pydantic
    as_json = "--json" in words
    try:
        sys.exit(app(standalone_mode=not as_json))
    except OrchestratorError as exc:
        sys.exit(_tell(exc, as_json=as_json))
    except MISUSED as exc:  # with --json only: else typer tells it, with the usage
        sys.exit(
            _tell(InvalidArgument(exc.format_message(), remedy=f"see `orchestrator {command} --help`"), as_json=as_json)
        )


def _tell(error: OrchestratorError, *, as_json: bool) -> int:
    """The exit status."""
    from orchestrator.interfaces import outcome

    sys.stderr.write(f"{json.dumps(outcome.error_json(error)) if as_json else outcome.explain(error)}\n")
    return 2 if isinstance(error, ConfigError | InvalidArgument | NotFound) else 1


if __name__ == "__main__":
    main()
