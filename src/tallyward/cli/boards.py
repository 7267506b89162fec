"""`tally me` and `tally team`: the pages' figures on the terminal."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console, RenderableType

from tallyward.cli.terminal import (
    AsJson,
    Column,
    Days,
    Row,
    Since,
    Watch,
    bars,
    bars_for,
    line,
    number,
    painted,
    plain,
    show,
    span,
    span_words,
    sparkline,
    table,
)
from tallyward.client import figures

GRADES = {"excellent": "green", "strong": "cyan", "developing": "yellow", "untapped": "magenta", "spinning?": "red"}


def commands(app: typer.Typer) -> None:
    app.command()(me)
    app.command()(team)


def me(as_json: AsJson = False, days: Days = 30, since: Since = None, watch: Watch = False) -> None:
    """Show your own row: what you used, how often, and how it ended."""
    asked = span(days, since)
    fetch = partial(figures.mine, os.environ, str(Path.cwd()), asked)
    show(fetch, partial(draw_me, words=span_words(days, since)), as_json=as_json, watch=watch)


def team(as_json: AsJson = False, days: Days = 30, since: Since = None, watch: Watch = False) -> None:
    """Show everybody you may see, and the team as a whole."""
    fetch = partial(figures.team, os.environ, span(days, since))
    show(fetch, partial(draw_team, words=span_words(days, since)), as_json=as_json, watch=watch)


def draw_me(said: dict[str, Any], shown: Console, *, words: str) -> list[RenderableType]:
    """One's own row and the skills behind it."""
    row: Row = said.get("row") or {}
    grade = row.get("utilization", "none yet")
    summary = f"{row.get('fires_30d', 0)} fires, {grade}; {row.get('tool_calls', 0)} tool calls"
    columns = [
        Column("what", lambda skill: plain(skill, "skill_name"), number=False),
        Column("kind", lambda skill: plain(skill, "kind"), number=False, room=60),
        Column("fires", lambda skill: number(skill, "fires")),
        Column("successful", lambda skill: number(skill, "successful"), room=50),
        Column("errors", lambda skill: number(skill, "errors"), room=60),
        Column("abandoned", lambda skill: number(skill, "abandoned"), room=72),
        Column("p50 ms", lambda skill: number(skill, "p50_latency_ms"), room=72),
    ]
    return [
        line(f"{said.get('engineer_id')}, {words}: {summary}", "bold"),
        *bars(row.get("daily") or [], shown),
        table(columns, said.get("skills") or [], shown),
    ]


def draw_team(said: dict[str, Any], shown: Console, *, words: str) -> list[RenderableType]:
    """The team and everybody in it."""
    whole: Row = said.get("team") or {}

    def days(row: Row) -> str:
        return f"[cyan]{sparkline(row.get('daily') or [], bars=bars_for(shown))}[/cyan]"

    columns = [
        Column("engineer", lambda row: plain(row, "engineer_id"), number=False),
        Column("fires", lambda row: number(row, "fires_30d")),
        Column("successful", lambda row: number(row, "successful"), room=110),
        Column("skills", lambda row: number(row, "unique_skills"), room=120),
        Column("top skill", lambda row: plain(row, "top_skill"), number=False, room=70),
        Column("grade", lambda row: painted(str(row.get("utilization") or ""), GRADES), number=False),
        Column("tool calls", lambda row: number(row, "tool_calls"), room=130),
        Column("days", days, number=False, room=100),
    ]
    if whole.get("suppressed"):
        summary = "a team too small to be summed for one of it"
    else:
        summary = f"{whole.get('engineers', 0)} engineers, {whole.get('fires_30d', 0)} fires"
    sample = " (sample data)" if said.get("sample") else ""
    daily: list[int | None] = whole.get("daily") or []
    return [
        line(f"{said.get('tenant')}, {words}: {summary}{sample}", "bold"),
        *bars([count or 0 for count in daily], shown),
        table(columns, said.get("engineers") or [], shown),
    ]
