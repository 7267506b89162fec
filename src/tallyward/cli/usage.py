"""`tally usage`: tokens and money on the terminal, in the columns that people know from counters of transcripts."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Days, Row, Since, console, plain, ruled, span

MICROS_PER_CENT, MICROS_PER_DOLLAR = 10_000, 1_000_000


class By(StrEnum):
    """What the table has one row for."""

    DAY = "day"
    SKILL = "skill"
    MODEL = "model"
    REPO = "repo"
    ENGINEER = "engineer"
    SESSION = "session"


def commands(app: typer.Typer) -> None:
    app.command()(usage)


def usage(
    by: Annotated[By, typer.Option(help="What the table has one row for.")] = By.DAY,
    since: Since = None,
    days: Days = 30,
    as_json: AsJson = False,
) -> None:
    """Show what the models were asked for and what it cost: all you may see, which may be your own alone."""
    said = laptop.link().get(f"/v1/usage?by={by.value}&{span(days, since, begin='since')}")
    if as_json:
        print(json.dumps(said, indent=2))
        return
    rows: list[Row] = said.get("rows") or []
    totals: Row = said.get("totals") or {}
    shown = console()
    table = ruled(shown)
    table.add_column(by.value)
    for heading in ("requests", "input", "output", "cache write", "cache read", "tokens", "cost"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(plain(row, "key"), *_cells(row))
    table.add_section()
    table.add_row("total", *_cells(totals), style="bold")
    shown.print(f"{said.get('tenant')}, since {str(said.get('since'))[:10]}", markup=False, highlight=False)
    shown.print(table)
    for note in _notes(totals, said.get("omitted")):
        shown.print(note, markup=False, highlight=False)


def _cells(row: Row) -> list[str]:
    written = _count(row, "cache_write_5m_tokens") + _count(row, "cache_write_1h_tokens")
    counts = [_count(row, "input_tokens"), _count(row, "output_tokens"), written, _count(row, "cache_read_tokens")]
    return [*(f"{count:,}" for count in (_count(row, "requests"), *counts, sum(counts))), _dollars(row)]


def _count(row: Row, name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0


def _dollars(row: Row) -> str:
    """The cost, with a mark where it is not the whole cost; `unpriced` where nothing of it is known."""
    micros = row.get("cost_micros")
    if not isinstance(micros, int):
        return "unpriced"
    amount = "<$0.01" if 0 < micros < MICROS_PER_CENT else f"${micros / MICROS_PER_DOLLAR:,.2f}"
    return f"{amount} *" if _count(row, "unpriced_requests") else amount


def _notes(totals: Row, omitted: object) -> list[str]:
    notes: list[str] = []
    if isinstance(omitted, int) and omitted:
        notes.append(f"{omitted:,} more rows are in the total alone.")
    unpriced = _count(totals, "unpriced_requests")
    if unpriced:
        whole = f"{unpriced:,} of {_count(totals, 'requests'):,} requests"
        unknown = "are unpriced: what they cost is not known, and is in no sum. `tally usage --by model` names them."
        notes.append(f"* {whole} {unknown}")
    return notes
