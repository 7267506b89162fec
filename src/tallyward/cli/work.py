"""`tally work`: pieces of work on their way to a merge, as the server knows them, and the next step of one."""

import json
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console, RenderableType

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Column, Row, line, number, plain, show, table

Project = Annotated[str, typer.Argument(help="Project, as its work items name it.")]
Story = Annotated[str, typer.Argument(help="Story within the project.")]
SCOPE_SHOWN = 3  # paths of a scope that fit a line

work = typer.Typer(no_args_is_help=True, help="List, show and move pieces of work.")


def commands(app: typer.Typer) -> None:
    app.add_typer(work, name="work")


@work.command("list")
def listing(
    project: Annotated[str | None, typer.Option(help="Only this project.")] = None,
    phase: Annotated[str | None, typer.Option(help="spec, build, review, merge, merged or abandoned.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List pieces of work, the one that moved last first."""
    asked = {"limit": limit} | ({"project": project} if project else {}) | ({"phase": phase} if phase else {})
    show(partial(laptop.link().get, f"/v1/work-items?{urlencode(asked)}"), draw_list, as_json=as_json, watch=False)


def draw_list(said: dict[str, Any], shown: Console) -> list[RenderableType]:
    """One line an item."""
    rows: list[Row] = said.get("work_items") or []
    if not rows:
        return [line("No work items.")]
    columns = [
        Column("project", lambda row: plain(row, "project"), number=False),
        Column("story", lambda row: plain(row, "story_id"), number=False),
        Column("phase", lambda row: plain(row, "phase"), number=False),
        Column("agent", lambda row: plain(row, "agent"), number=False, room=110),
        Column("attempts", lambda row: number(row, "attempts")),
        Column("last verdict", lambda row: plain(row, "last_verdict"), number=False, room=80),
        Column("moved", lambda row: plain(row, "updated_at")[:19], number=False, room=100),
    ]
    return [table(columns, rows, shown)]


@work.command("show")
def one(project: Project, story: Story, as_json: AsJson = False) -> None:
    """Show one piece of work: where it is, how often it was tried, what it changes."""
    show(partial(laptop.link().get, _path(project, story)), draw_one, as_json=as_json, watch=False)


def draw_one(said: dict[str, Any], _shown: Console) -> list[RenderableType]:
    """The facts of one item."""
    scope: list[str] = said.get("file_scope") or []
    more = f" and {len(scope) - SCOPE_SHOWN} more" if len(scope) > SCOPE_SHOWN else ""
    agent = f" by {said['agent']}" if said.get("agent") else ""
    return [
        line(
            f"{said.get('project')} {said.get('story_id')}: {said.get('phase')}, attempt {said.get('attempts')}{agent}",
            "bold",
        ),
        line(f"last verdict: {said.get('last_verdict') or 'none'}; moved {said.get('updated_at')}"),
        line(f"changes: {', '.join(scope[:SCOPE_SHOWN]) or 'not said'}{more}"),
    ]


@work.command()
def move(
    project: Project,
    story: Story,
    phase: Annotated[str, typer.Argument(help="spec, build, review, merge, merged or abandoned.")],
    verdict: Annotated[str | None, typer.Option(help="Verdict that led to this, such as rebase_conflict.")] = None,
    attempts: Annotated[int | None, typer.Option(min=0, help="How many times it was built, if not as counted.")] = None,
    path: Annotated[list[str] | None, typer.Option(help="A path that it changes; may be given again.")] = None,
    at: Annotated[str | None, typer.Option(help="When it happened, if not now: 2026-05-17T14:23:01Z.")] = None,
    agent: Annotated[str | None, typer.Option(help="Agent that works on it.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: a repeat with it changes nothing.")] = None,
    as_json: AsJson = False,
) -> None:
    """Move a piece of work to a phase. The token needs the scope dispatch."""
    facts = {"phase": phase, "verdict": verdict, "attempts": attempts, "file_scope": path, "agent": agent, "at": at}
    body = {name: value for name, value in facts.items() if value is not None}
    headers = {"Idempotency-Key": key} if key else None
    said = laptop.link().post(f"{_path(project, story)}/transitions", body, headers)
    if as_json:
        print(json.dumps(said, indent=2))
        return
    known = " (known already)" if said.get("repeated") else ""
    print(f"{said.get('project')} {said.get('story_id')}: {said.get('phase')}, attempt {said.get('attempts')}{known}")


def _path(project: str, story: str) -> str:
    return f"/v1/work-items/{quote(project)}/{quote(story, safe='')}"
