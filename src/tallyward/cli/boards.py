"""`tally me` and `tally team`: the pages' figures on the terminal."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tallyward.client import figures

_BARS = "▁▂▃▄▅▆▇█"
SPARKLINE_DAYS = 30  # a wider one breaks a terminal of eighty columns
PIPE_COLUMNS = 200

Row = dict[str, Any]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Days = Annotated[int, typer.Option(min=1, max=366, help="How far to look back.")]


def commands(app: typer.Typer) -> None:
    app.command()(me)
    app.command()(team)


def sparkline(daily: list[int]) -> str:
    """One bar a day, the highest day full; a day without fires is a gap that keeps its place."""
    shown = daily[-SPARKLINE_DAYS:]
    highest = max(shown, default=0)
    return "".join(_BARS[(count * (len(_BARS) - 1)) // highest] if count else " " for count in shown)


def me(as_json: AsJson = False, days: Days = 30) -> None:
    """Show your own row: what you used, how often, and how it ended."""
    said = figures.mine(os.environ, str(Path.cwd()), days)
    if as_json:
        print(json.dumps(said, indent=2))
        return
    row: Row = said.get("row") or {}
    skills: list[Row] = said.get("skills") or []
    table = Table("what", "kind", "fires", "successful", "errors", "abandoned", "p50 ms")
    for skill in skills:
        counts = [str(skill.get(name, 0)) for name in ("fires", "successful", "errors", "abandoned")]
        latency = skill.get("p50_latency_ms")
        table.add_row(plain(skill, "skill_name"), plain(skill, "kind"), *counts, _whole(latency))
    summary = (
        f"{row.get('fires_30d', 0)} fires, {row.get('utilization', 'none yet')}; {row.get('tool_calls', 0)} tool calls"
    )
    _show(f"{said.get('engineer_id')}, {days} days: {summary}", sparkline(row.get("daily") or []), table)


def team(as_json: AsJson = False, days: Days = 30) -> None:
    """Show everybody you may see, and the team as a whole."""
    said = figures.team(os.environ, days)
    if as_json:
        print(json.dumps(said, indent=2))
        return
    rows: list[Row] = said.get("engineers") or []
    table = Table("engineer", "fires", "successful", "skills", "top skill", "grade", "tool calls", "days")
    for row in rows:
        counts = [str(row.get(name, 0)) for name in ("fires_30d", "successful", "unique_skills")]
        names = (plain(row, "top_skill"), plain(row, "utilization"))
        daily = sparkline(row.get("daily") or [])
        table.add_row(plain(row, "engineer_id"), *counts, *names, str(row.get("tool_calls", 0)), daily)
    whole: Row = said.get("team") or {}
    summary = f"{whole.get('engineers', 0)} engineers, {whole.get('fires_30d', 0)} fires"
    sample = " (sample data)" if said.get("sample") else ""
    _show(f"{said.get('tenant')}, {days} days: {summary}{sample}", sparkline(whole.get("daily") or []), table)


def _show(summary: str, bars: str, table: Table) -> None:
    shown = console()
    shown.print(summary, markup=False, highlight=False)
    shown.print(bars, markup=False, highlight=False)
    shown.print(table)


def console() -> Console:
    """Where tables go. A pipe has no width, and names in it shall not be cut."""
    found = Console()
    return found if found.is_terminal else Console(width=PIPE_COLUMNS)


def plain(row: Row, name: str) -> str:
    """A name as it is: brackets in it are no markup."""
    return escape(str(row.get(name) or ""))


def _whole(value: object) -> str:
    return str(round(value)) if isinstance(value, int | float) else ""
