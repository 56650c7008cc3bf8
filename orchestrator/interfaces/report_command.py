"""`orchestrator report JOB`: what an ended job came to, to be handed out. From the store, or asked of a service."""

import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.interfaces.reach import Named
from orchestrator.interfaces.words import CaFile, Config, Job, TokenFile, Url
from orchestrator.model.errors import InvalidArgument

if TYPE_CHECKING:
    from orchestrator.interfaces.report.forms import Format

Form = Annotated[str, typer.Option("--format", metavar="FORM", help="html, json, junit or csv.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write; without, stdout.", show_default=False)
]


def add(app: typer.Typer) -> None:
    app.command()(report)


def report(
    job: Job, form: Form = "html", output: Output = None, config: Config = None, url: Url = None,
    token_file: TokenFile = None, cafile: CaFile = None,
) -> None:  # fmt: skip
    """Report what an ended job came to, with all jobs that it opened: what was found, what was checked and what not.

    The same job gives the same bytes each time. Exit status 0 when it was written, whatever the verdict.

    \b
    Examples:
      orchestrator report 12 --config config/rack.yaml --output job-12.html
      orchestrator report 12 --url https://bench-7:8443 --format junit > job-12.xml
    """
    written = _make(Named(config, False, url, token_file, cafile), job, _format(form, job, output))
    if output is not None:
        _put(output, written)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()


def _format(text: str, job_id: int, output: Path | None) -> "Format":
    from orchestrator.interfaces.report.forms import FORMATS

    found = next((form for form in FORMATS if form == text), None)
    if found is None:
        raise InvalidArgument(f"format is {text!r}; it takes {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if found == "html" and output is None and sys.stdout.isatty():
        remedy = f"say --output job-{job_id}.html, or --format json, junit or csv"
        raise InvalidArgument("a terminal shows no HTML", remedy=remedy)
    return found


def _make(named: Named, job_id: int, form: "Format") -> bytes:
    from orchestrator.interfaces.report.forms import write
    from orchestrator.interfaces.report.gather import make_report
    from orchestrator.interfaces.served_records import records_of
    from orchestrator.operations.declare import collect

    types = {name: operation.answer_type for name, operation in collect().items()}
    with closing(records_of(named)) as records:
        return write(make_report(records, job_id, types), form)


def _put(path: Path, written: bytes) -> None:
    """Whole, or not at all."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(written)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)  # as a file that the shell makes: mkstemp's are for nobody else
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise InvalidArgument(f"{path} cannot be written: {exc.strerror or exc}") from exc
