"""`tally prs`: what became of pull requests, by agent, and which got in each other's way."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console, RenderableType

from tallyward.cli import laptop
from tallyward.cli.terminal import (
    AsJson,
    Column,
    Days,
    Row,
    Since,
    Watch,
    line,
    number,
    plain,
    show,
    span,
    span_words,
    table,
)

SHARED = {"path": "the same file", "directory": "the same folder only", "none": "nothing in common"}


def commands(app: typer.Typer) -> None:
    app.command()(prs)


def prs(
    repo: Annotated[str | None, typer.Option(help="Only this repository.")] = None,
    as_json: AsJson = False,
    days: Days = 30,
    since: Since = None,
    watch: Watch = False,
) -> None:
    """Show what became of pull requests, by agent, how often they were reverted, and which overlapped."""
    path = f"/v1/pull-requests?{span(days, since)}" + (f"&{urlencode({'repo': repo})}" if repo else "")
    words = span_words(days, since)
    show(partial(laptop.link().get, path), partial(draw, words=words), as_json=as_json, watch=watch)


def draw(said: dict[str, Any], shown: Console, *, words: str) -> list[RenderableType]:
    """A line for all, a row an agent, a row for each kind of pairs."""
    entire: Row = said.get("entire") or {}
    overlap: Row = said.get("overlap") or {}
    summary = f"{entire.get('merged', 0)} merged, {share(entire, 'first_pass')} at the first pass"
    columns = [
        Column("agent", lambda row: plain(row, "agent"), number=False),
        Column("merged", lambda row: number(row, "merged")),
        Column("first pass", lambda row: share(row, "first_pass")),
        Column("reverted", lambda row: share(row, "revert")),
        Column("hours to merge", lambda row: _hours(row.get("p50_hours_to_merge")), room=70),
        Column("opened", lambda row: number(row, "opened"), room=80),
        Column("closed", lambda row: number(row, "closed"), room=90),
        Column("open now", lambda row: number(row, "open_now"), room=100),
    ]
    pairs = [
        Column("open at once, both change", lambda row: SHARED.get(str(row.get("shared")), ""), number=False),
        Column("pairs", lambda row: number(row, "pairs")),
        Column("tried", lambda row: number(row, "tried")),
        Column("conflicted", lambda row: share(row, "conflict")),
    ]
    return [
        line(f"{said.get('tenant')}, {words}: {summary}, {share(entire, 'revert')} reverted", "bold"),
        table(columns, said.get("agents") or [], shown),
        *([table(pairs, overlap.get("kinds") or [], shown)] if overlap.get("pieces") else []),
    ]


def share(row: Row, name: str) -> str:
    """`86% (74-93)`: the share and its interval in percent; a dash where there is no case."""
    told: Row = row.get(name) or {}
    value, low, high = told.get("value"), told.get("low"), told.get("high")
    return "-" if value is None or low is None or high is None else f"{value:.0%} ({low * 100:.0f}-{high * 100:.0f})"


def _hours(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
