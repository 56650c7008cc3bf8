"""The arguments and options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option("--config", "-c", help="The rack file.", show_default=False)]
Simulated = Annotated[bool, typer.Option("--simulated", help="On a rack without hardware.")]
Url = Annotated[
    str | None,
    typer.Option("--url", help="A service's address, such as https://bench-7:8443; or ORCHESTRATOR_URL."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="A file (mode 0600) with the token for it; or ORCHESTRATOR_TOKEN."),
]
CaFile = Annotated[Path | None, typer.Option("--cafile", help="PEM file of the authority that signed its certificate.")]
Job = Annotated[int, typer.Argument(metavar="JOB", help="The job's id.", show_default=False)]
Jobs = Annotated[list[int], typer.Argument(metavar="JOB...", help="The jobs' ids.", show_default=False)]
Slot = Annotated[int, typer.Argument(metavar="SLOT", help="The slot's id.", show_default=False)]
ClientRef = Annotated[int, typer.Option(metavar="NUMBER", help="The job's client_ref, a number of your own.")]
Parent = Annotated[
    int | None,
    typer.Option(metavar="JOB", help="The slot's running job, in whose turn this one runs.", show_default=False),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Print the job as it is opened, and leave it to the rack's service.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Start nothing: say what would be done, at what risk and how long it takes.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line, instead of text.")]
