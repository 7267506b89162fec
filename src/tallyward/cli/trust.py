"""`tally trust`: how far agents are trusted, and the levels that people set by hand for a time."""

import json
import re
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType

from tallyward import clock
from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Column, Row, line, painted, percent, plain, show, table
from tallyward.errors import ConfigInvalid

COLOURS = {"restricted": "red", "trusted": "green"}
_SPAN = re.compile(r"(\d{1,4})([hd])", re.ASCII)
_PATH = "/v1/trust"
Agent = Annotated[str | None, typer.Option(help="Only this agent; without it, all.")]

trust = typer.Typer(help="Show how far agents are trusted, and set it by hand for a time.", invoke_without_command=True)


def commands(app: typer.Typer) -> None:
    app.add_typer(trust, name="trust")


@trust.callback()
def default(context: typer.Context, as_json: AsJson = False) -> None:
    """Show how far agents are trusted, and set it by hand for a time."""
    if context.invoked_subcommand is None:
        board(as_json=as_json)


@trust.command("show")
def board(as_json: AsJson = False) -> None:
    """Show the level of all and of each agent, and why."""
    show(partial(laptop.link().get, _PATH), draw, as_json=as_json, watch=False)


def draw(said: dict[str, Any], shown: Console) -> list[RenderableType]:
    """One line for all, then one for each agent."""
    everybody: Row = said.get("everybody") or {}
    agents: list[Row] = said.get("agents") or []
    level = str(everybody.get("level"))
    told: list[RenderableType] = [line(f"all: {level} ({everybody.get('because')})", COLOURS.get(level, ""))]
    columns = [
        Column("agent", lambda row: plain(row, "agent"), number=False),
        Column("trust", lambda row: painted(str(row.get("level")), COLOURS), number=False),
        Column("merges", _merges),
        Column("first pass", _share),
        Column("until", lambda row: plain(row.get("override") or {}, "until")[:16], number=False, room=90),
        Column("because", lambda row: plain(row, "because"), number=False, room=110),
    ]
    return [*told, table(columns, agents, shown)] if agents else told


def _merges(row: Row) -> str:
    rate: Row = row.get("first_pass_merge_rate") or {}
    return f"{rate.get('n')}/{rate.get('window')}"


def _share(row: Row) -> str:
    rate: Row = row.get("first_pass_merge_rate") or {}
    return "undefined" if rate.get("value") is None else percent(rate)


@trust.command()
def override(
    level: Annotated[str, typer.Argument(help="restricted, normal or trusted.")],
    reason: Annotated[str, typer.Option(help="Why; it is shown beside the level.")],
    span: Annotated[str, typer.Option("--for", help="For how long: 12h or 7d, 30d at most.")] = "1d",
    agent: Agent = None,
    as_json: AsJson = False,
) -> None:
    """Set a level by hand for a time. The token must be a person's, with the scope approve or admin."""
    until = clock.iso(clock.now() + _span(span))
    body = {"level": level, "reason": reason, "until": until} | ({"agent": agent} if agent else {})
    said = laptop.link().post(f"{_PATH}/overrides", body)
    if as_json:
        print(json.dumps(said, indent=2))
        return
    print(f"{said.get('agent') or 'all'}: {said.get('level')} until {said.get('until')}, set by {said.get('by')}")


@trust.command()
def end(agent: Agent = None, as_json: AsJson = False) -> None:
    """End the level that was set by hand; from then on the rates decide again."""
    said = laptop.link().post(f"{_PATH}/overrides/end", {"agent": agent} if agent else {})
    if as_json:
        print(json.dumps(said, indent=2))
        return
    print(f"{said.get('agent') or 'all'}: what {said.get('by')} had set has ended")


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ConfigInvalid(f"--for is {text[:40]!r}; write 12h or 7d.", field="--for")
    count = int(match[1])
    return timedelta(hours=count) if match[2] == "h" else timedelta(days=count)
