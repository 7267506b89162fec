"""`tally holds`: work that waits for files that others are changing, what it cost, and whether more may begin."""

import json
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Column, Row, line, plain, show, table

SHOWN_PATHS = 3
holds = typer.Typer(help="Show what waits for files that others change.", invoke_without_command=True)


def commands(app: typer.Typer) -> None:
    app.add_typer(holds, name="holds")


@holds.callback()
def listing(
    context: typer.Context,
    lasting: Annotated[bool, typer.Option("--lasting", help="Only those that last.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what waits, or waited, for files that others change, and what that cost."""
    if context.invoked_subcommand is None:
        path = "/v1/holds" + ("?lasting=true" if lasting else "")
        show(partial(laptop.link().get, path), draw, as_json=as_json, watch=False)


def draw(said: dict[str, Any], shown: Console) -> list[RenderableType]:
    """The cost, then one line a hold."""
    rows: list[Row] = said.get("holds") or []
    cost = f"{said.get('lasting')} waiting now; in 30 days {said.get('holds_30d')} waited {said.get('hours_30d')} hours"
    if not rows:
        return [line(cost)]
    columns = [
        Column("project", lambda row: plain(row, "project"), number=False),
        Column("story", lambda row: plain(row, "story_id"), number=False),
        Column("since", lambda row: plain(row, "since")[:16], number=False),
        Column("ended", lambda row: plain(row, "result") or "until " + plain(row, "until")[11:16], number=False),
        Column("hours", lambda row: f"{row.get('hours'):.2f}"),
        Column("policy", lambda row: plain(row, "policy"), number=False, room=90),
        Column("files", _files, number=False, room=110),
    ]
    return [line(cost), table(columns, rows, shown)]


def _files(row: Row) -> str:
    paths: list[str] = row.get("paths") or []
    return escape(", ".join(paths[:SHOWN_PATHS]))


@holds.command()
def check(
    project: Annotated[str, typer.Argument(help="Project, as its work items name it.")],
    story: Annotated[str, typer.Argument(help="Story that is to begin.")],
    path: Annotated[list[str] | None, typer.Option(help="A path that it will change; may be given again.")] = None,
    agent: Annotated[str | None, typer.Option(help="Agent that will work on it.")] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="Never held.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask whether a story may begin now. Ends with 0 for go and 1 for hold; the token needs the scope dispatch."""
    body = {"project": project, "story_id": story, "paths": path or [], "agent": agent, "urgent": urgent}
    said = laptop.link().post("/v1/scope/check", {name: value for name, value in body.items() if value is not None})
    if as_json:
        print(json.dumps(said, indent=2))
    else:
        until = f" until {said['hold_until']}" if said.get("hold_until") else ""
        print(f"{said.get('decision')}{until}: {said.get('reason')}")
    raise typer.Exit(0 if said.get("decision") == "go" else 1)
