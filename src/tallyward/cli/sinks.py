"""`tally sinks`: where the server forwards points of training series to, how far it is, and what is in the way."""

from functools import partial
from typing import Any

import typer
from rich.console import Console, RenderableType

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Column, Row, Watch, line, number, plain, show, table


def commands(app: typer.Typer) -> None:
    app.command()(sinks)


def sinks(as_json: AsJson = False, watch: Watch = False) -> None:
    """Show the sinks of training series: their place, what waits, and the last error."""
    show(partial(laptop.link().get, "/v1/sinks"), draw, as_json=as_json, watch=watch)


def draw(said: dict[str, Any], shown: Console) -> list[RenderableType]:
    """A line a sink, then the points that were refused."""
    rows: list[Row] = said.get("sinks") or []
    parked: list[Row] = said.get("parked") or []
    if not rows:
        return [line("No sinks. `[[sinks]]` in the tenant's tenant.toml names them.")]
    columns = [
        Column("sink", lambda row: plain(row, "name"), number=False),
        Column("kind", lambda row: plain(row, "kind") or "not configured", number=False, room=80),
        Column("place", lambda row: number(row, "position")),
        Column("sent", lambda row: number(row, "sent"), room=70),
        Column("waiting", lambda row: number(row, "waiting")),
        Column("lag s", lambda row: number(row, "lag_seconds")),
        Column("parked", lambda row: number(row, "parked")),
        Column("last error", lambda row: plain(row, "last_error"), number=False),
    ]
    return [
        table(columns, rows, shown),
        *(
            line(f"parked by {row.get('sink')}: {row.get('series')} at {row.get('ns')}: {row.get('reason')}", "yellow")
            for row in parked
        ),
    ]
