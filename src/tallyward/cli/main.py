"""The `tally` command: what it knows at once, and what it loads only when asked for.

The laptop's commands need nothing but this package, typer and rich. The server's (`tally serve` and its kin) need the
server's parts, so they are loaded by name, when they are called or listed, and say what to install where it is missing.
"""

import importlib
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from tallyward import __version__
from tallyward.cli import (
    accept,
    backfill,
    boards,
    connect,
    deliveries,
    doctor,
    economics,
    holds,
    mcp_servers,
    metrics,
    pull_requests,
    reconcile,
    relay,
    sinks,
    status,
    top,
    training,
    trust,
    usage,
    work,
)
from tallyward.errors import DependencyMissing, TallyError

EXIT_SETUP = 2  # it cannot work as it is set up; the line on standard error says what to do
LAPTOP_COMMANDS = (
    *("connect", "disconnect", "flush", "status", "doctor", "reconcile", "backfill", "mcp", "relay"),
    *("me", "team", "skills", "agents", "cost", "top", "usage", "accept", "work", "metrics", "trust", "holds"),
    "sinks",
    "deliveries",
    "prs",
    "training",
    "--version",
)
SERVER_COMMANDS = {
    "serve": "Serve the ledger, its API and its pages.",
    "db": "Reach and check the ledger's database.",
    "import": "Bring in what was there before: the history of a clone.",
    "export": "Write out what is in the ledger.",
    "replay": "Make what is derived from the outbox anew, or compare.",
    "sync": "Read pull requests from the forges.",
    "policy": "Learn from decisions about pull requests, and watch what was learned.",
    "reprice": "Reckon again what every request cost.",
    "webhook": "Keep the secrets that forges sign deliveries with.",
    "token": "Make, list and revoke bearer tokens.",
}
SERVER_PARTS = ("msgspec", "psycopg", "starlette", "uvicorn", "jinja2", "genai_prices", "authlib", "httpx2")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tallyward {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """One ledger for the work of every coding agent in an engineering organisation."""


def build(arguments: list[str]) -> typer.Typer:
    """The command line for `arguments`: the server's commands are in it unless one of the laptop's is called."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)
    app.callback()(_root)
    connect.commands(app)
    status.commands(app)
    doctor.commands(app)
    boards.commands(app)
    economics.commands(app)
    top.commands(app)
    accept.commands(app)
    backfill.commands(app)
    usage.commands(app)
    mcp_servers.commands(app)
    reconcile.commands(app)
    relay.commands(app)
    work.commands(app)
    deliveries.commands(app)
    metrics.commands(app)
    pull_requests.commands(app)
    trust.commands(app)
    holds.commands(app)
    sinks.commands(app)
    training.commands(app)
    if not (arguments and arguments[0] in LAPTOP_COMMANDS):
        _add_server_commands(app)
    return app


def _add_server_commands(app: typer.Typer) -> None:
    missing = [part for part in SERVER_PARTS if find_spec(part) is None]
    if not missing:
        importlib.import_module("tallyward.ops.commands").commands(app)
        return
    for name, purpose in SERVER_COMMANDS.items():
        _add_stand_in(app, name, purpose, missing)


def _add_stand_in(app: typer.Typer, name: str, purpose: str, missing: list[str]) -> None:
    """A server command on a machine without the server: it only says what is missing."""

    def stand_in() -> None:
        raise DependencyMissing(f"`tally {name}` needs the server parts; missing: {', '.join(missing)}.")

    accepting_all = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(name, help=f"{purpose} (not installed here)", context_settings=accepting_all)(stand_in)


def main() -> None:
    """Run one command. An error of ours is one line on standard error, never a traceback."""
    try:
        build(sys.argv[1:])()
    except TallyError as error:
        line = f"tally: {error.message} {error.remedy}".rstrip()
        print(line, file=sys.stderr)
        sys.exit(EXIT_SETUP)
    except BrokenPipeError:
        sys.exit(1)  # Whoever was reading has left.
