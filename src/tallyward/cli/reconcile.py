"""`tally reconcile`: whether what was fired has arrived, and whether our money is the clients' money."""

import json

from rich.console import Console
from rich.table import Table
from typer import Typer

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Days, Row, console, plain, ruled

_BOOKED = ("fired", "spooled", "lost", "waiting", "sent", "stored", "duplicate", "refused", "gap")
_MONEY = ("attributed_micros", "unattributed_micros", "our_micros", "reported_micros", "gap_micros")
_MICROS_PER_DOLLAR = 1_000_000


def commands(app: Typer) -> None:
    app.command()(reconcile)


def reconcile(days: Days = 7, as_json: AsJson = False) -> None:
    """Hold what laptops fired against what arrived, and our cost against the clients', by day and engineer."""
    said = laptop.link().get(f"/v1/reconciliation?days={days}")
    if as_json:
        print(json.dumps(said, indent=2))
        return
    books: list[Row] = said.get("books") or []
    rows: list[Row] = said.get("rows") or []
    shown = console()
    shown.print("What was fired, by the laptops' own books; the gap is what was lost or waits:")
    shown.print(_table(shown, books, ("machines", *_BOOKED)))
    shown.print("What it cost in dollars; ours and the clients' over the requests that have both:")
    shown.print(
        _table(shown, [{**row, **_in_dollars(row)} for row in rows], ("requests", "unpriced_requests", *_MONEY))
    )


def _table(shown: Console, rows: list[Row], names: tuple[str, ...]) -> Table:
    table = ruled(shown)
    table.add_column("day")
    table.add_column("engineer")
    for name in names:
        table.add_column(name.removesuffix("_micros").replace("_", " "), justify="right")
    for row in rows:
        table.add_row(plain(row, "day"), plain(row, "engineer_id"), *(_cell(row, name) for name in names))
    return table


def _cell(row: Row, name: str) -> str:
    value = row.get(name)
    return f"{value:,}" if isinstance(value, int) else plain(row, name)


def _in_dollars(row: Row) -> Row:
    """The amounts as they are read; an unknown one is a dash and never 0."""
    amounts = {name: row.get(name) for name in _MONEY}
    return {
        name: f"{amount / _MICROS_PER_DOLLAR:,.2f}" if isinstance(amount, int) else "-"
        for name, amount in amounts.items()
    }
