"""`tally training`: what decisions about pull requests led to, in the numbers that the server has for them."""

from functools import partial
from typing import Any

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
    percent,
    plain,
    show,
    span,
    span_words,
    table,
)

training = typer.Typer(no_args_is_help=True, help="What decisions about pull requests led to.")


def commands(app: typer.Typer) -> None:
    app.add_typer(training, name="training")


@training.command()
def report(days: Days = 90, since: Since = None, as_json: AsJson = False, watch: Watch = False) -> None:
    """Show success and time to the end by action, each with the cases it stands on and its interval."""
    fetch = partial(laptop.link().get, f"/v1/training?{span(days, since)}")
    show(fetch, partial(draw, words=span_words(days, since)), as_json=as_json, watch=watch)


def draw(said: dict[str, Any], shown: Console, *, words: str = "") -> list[RenderableType]:
    """A line an action."""
    rows: list[Row] = said.get("actions") or []
    if not rows:
        return [line(f"No decisions in {words}.")]
    columns = [
        Column("action", _action, number=False),
        Column("decided", lambda row: number(row, "decisions"), room=90),
        Column("ended", lambda row: number(row, "ended")),
        Column("open", lambda row: number(row, "open")),
        Column("success", lambda row: percent(row.get("success"))),
        Column("95 %", lambda row: _share_interval(row.get("success") or {}), room=70),
        Column("mean h", lambda row: _hours(row, "mean")),
        Column("95 %", lambda row: _interval(row, "mean"), room=100),
        Column("median h", lambda row: _hours(row, "median"), room=80),
        Column("95 %", lambda row: _interval(row, "median"), room=120),
    ]
    return [
        line(f"{said.get('decisions')} decisions in {words}; a pull request counts once for each action", "dim"),
        table(columns, rows, shown),
    ]


def _action(row: Row) -> str:
    return plain(row, "action") + (" (dry run)" if row.get("dry_run") else "")


def _share_interval(rate: Row) -> str:
    low, high = rate.get("low"), rate.get("high")
    return f"{100 * low:.0f}-{100 * high:.0f} %" if isinstance(low, float) and isinstance(high, float) else "-"


def _hours(row: Row, name: str) -> str:
    took: Row = row.get("resolution_hours") or {}
    value = took.get(name)
    return f"{value:.1f}" if isinstance(value, int | float) else "-"


def _interval(row: Row, name: str) -> str:
    low, high = _hours(row, f"{name}_low"), _hours(row, f"{name}_high")
    return "-" if low == "-" else f"{low}-{high}"
