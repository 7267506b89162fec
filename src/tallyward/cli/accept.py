"""`tally accept`: the acceptance grid on the terminal. It ends with 1 while fewer than six metrics are green."""

import json
from typing import Any

import typer
from rich.markup import escape
from rich.padding import Padding

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Row, console, painted, plain

STYLES = {"green": "green", "red": "red", "cannot tell": "yellow"}
LIGHT_CHARS = 13  # the longest light and two spaces
NAMES_MAX = 10  # as many as one looks at; --json has all


def commands(app: typer.Typer) -> None:
    app.command()(accept)


def accept(as_json: AsJson = False) -> None:
    """Show the eight metrics of the build spec, each with its evidence. Ends with 1 while fewer than six are green."""
    said = laptop.link().get("/v1/accept")
    if as_json:
        print(json.dumps(said, indent=2))
    else:
        _show(said)
    if not said.get("accepted"):
        raise typer.Exit(1)


def _show(said: dict[str, Any]) -> None:
    lines: list[Row] = said.get("lines") or []
    shown = console()
    for line in lines:
        light = str(line.get("light"))
        value = f" ({plain(line, 'value')})" if line.get("value") else ""
        head = f"{painted(light, STYLES)}{' ' * (LIGHT_CHARS - len(light))}[bold]{plain(line, 'title')}[/bold]{value}"
        shown.print(head, highlight=False)
        shown.print(Padding(escape(_why(line)), (0, 0, 0, LIGHT_CHARS), expand=False), highlight=False)
    outcome = "accepted" if said.get("accepted") else "not accepted"
    needed = f"{said.get('needed')} are needed"
    shown.print(f"{said.get('green')} of {len(lines)} green, {needed}: {outcome}", markup=False, highlight=False)
    shown.print("What each proves, and by which command: --json, or the page /accept", markup=False, highlight=False)


def _why(line: Row) -> str:
    who: list[object] = line.get("who") or []
    names = ", ".join(map(str, who[:NAMES_MAX]))
    more = f" and {len(who) - NAMES_MAX} more" if len(who) > NAMES_MAX else ""
    return f"{line.get('reason')} {names}{more}".rstrip()
