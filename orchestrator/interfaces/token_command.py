"""`orchestrator token add|list|revoke`: who may come in by HTTP. A running service follows at once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from orchestrator.interfaces.web.tokens import Token, Tokens

Json = Annotated[bool, typer.Option("--json", help="JSON, one object a line, instead of text.")]
File = Annotated[
    Path | None,
    typer.Option("--file", help="The file of tokens; left out = tokens.json in the state folder.", show_default=False),
]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Tokens for the web service: 256 bits, shown once, kept as a hash, ended by time or by hand.\n\n"
    "\b\nExamples:\n"
    "  orchestrator token add bench --scope run --days 90\n"
    "  orchestrator token list\n"
    "  orchestrator token revoke 1f2e3d4c\n",
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who or what it is for; jobs and logs show it.", show_default=False)],
    scope: Annotated[
        list[str], typer.Option("--scope", help="read, run (starts jobs), or admin (also suites and release).")
    ],
    days: Annotated[
        float | None, typer.Option(help="It ends after so many; left out = never.", show_default=False)
    ] = None,
    file: File = None,
    as_json: Json = False,
) -> None:
    """Make a token, and show it this once.

    \b
    Examples:
      orchestrator token add wallboard --scope read
      orchestrator token add bench --scope run --days 90 --json
    """
    tokens = _tokens(file)
    lifetime = _days(days)
    secret = tokens.add(name, scope, lifetime=lifetime)
    token = tokens.check(secret)
    assert token is not None  # noqa: S101
    if as_json:
        print(json.dumps({"token": secret, **_plain(token)}))
        return
    print(secret)
    typer.echo(f"{_told(token)}; it is not shown again, and kept in {tokens.path} as a hash", err=True)


@app.command("list")
def list_tokens(file: File = None, as_json: Json = False) -> None:
    """List the tokens: id, name, scopes, when made, when they end. Not the tokens themselves, which nobody has."""
    tokens = _tokens(file).list()
    if as_json:
        for token in tokens:
            print(json.dumps(_plain(token)))
        return
    from orchestrator.interfaces.outcome import printable
    from orchestrator.interfaces.table import print_table

    rows = [(t.id, printable(t.name), " ".join(t.scopes), _day(t.created), _end(t)) for t in tokens]
    print_table(("id", "name", "scopes", "made", "ends"), rows)


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.", show_default=False)],
    file: File = None,
    as_json: Json = False,
) -> None:
    """End a token now, also for a service that runs."""
    token = _tokens(file).revoke(token_id)
    print(json.dumps({"revoked": True, **_plain(token)}) if as_json else f"revoked: {_told(token)}")


def _tokens(file: Path | None) -> "Tokens":
    from orchestrator.interfaces.service import tokens_path
    from orchestrator.interfaces.web.tokens import Tokens

    return Tokens(file or tokens_path())


def _days(days: float | None) -> timedelta | None:
    from orchestrator.model.errors import InvalidArgument

    if days is None:
        return None
    if not 0 < days <= 36_500:
        raise InvalidArgument(f"--days is {days:g}", remedy="it takes more than 0, and 36500 at most")
    return timedelta(days=days)


def _plain(token: "Token") -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat() if token.expires else None,
        "expired": _is_over(token),
    }


def _told(token: "Token") -> str:
    from orchestrator.interfaces.outcome import printable

    return f"token {token.id}, {printable(token.name)!r}, {' '.join(token.scopes)}, ends: {_end(token)}"


def _end(token: "Token") -> str:
    if token.expires is None:
        return "never"
    return _day(token.expires) + " (over)" * _is_over(token)


def _is_over(token: "Token") -> bool:
    return token.expires is not None and token.expires <= datetime.now(UTC)


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}Z"
