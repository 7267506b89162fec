"""How figures look on a terminal: tables that fit its width, bars, colours, and screens that follow the server.

A terminal gets colours (unless NO_COLOR is set), rules and only the columns it has room for. A pipe gets all columns as
plain text with spaces between, no colour and no rules, so that `cut`, `grep` and people's scripts can read it.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tallyward.errors import Busy, ConfigInvalid, ServerUnreachable

PIPE_COLUMNS = 2_000  # names in a pipe shall not be cut
NUMBER_CHARS = 5  # a number that is cut is a wrong number
SPARKLINE_DAYS = 30  # a wider one breaks a terminal of eighty columns
WATCH_SECONDS = 2.0  # what the server stores is on a page within as many
MICROS_PER_CENT, MICROS_PER_DOLLAR = 10_000, 1_000_000
_BARS, _PLAIN_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
_AGO = re.compile(r"(\d{1,4})([dw])", re.ASCII)

Row = dict[str, Any]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Days = Annotated[int, typer.Option(min=1, max=366, help="How far to look back.")]
Since = Annotated[
    str | None, typer.Option(help="From then on, as 2026-05-17, 7d or 2w; goes before --days.", show_default=False)
]
Watch = Annotated[bool, typer.Option("--watch", help="Stay and follow the server; Ctrl-C ends it.")]


@dataclass(frozen=True)
class Column:
    """One column. `cell` makes markup of a row; `room` is the width of a terminal from which the column is shown."""

    heading: str
    cell: Callable[[Row], str]
    number: bool = True
    room: int = 0


def span(days: int, since: str | None, begin: str = "from") -> str:
    """What is asked of the server for a range, whose first moment it knows as `begin`.

    Raises ConfigInvalid for a range that cannot be read.
    """
    if since is None:
        return f"days={days}"
    ago = _AGO.fullmatch(since)
    if ago:
        return f"days={int(ago[1]) * (7 if ago[2] == 'w' else 1)}"
    if not re.fullmatch(r"[0-9TZ:.+-]{10,40}", since, re.ASCII):
        raise ConfigInvalid(f"--since is {since[:40]!r}; write 2026-05-17, 7d or 2w.", field="--since")
    return f"{begin}={since.replace('+', '%2B')}"


def span_words(days: int, since: str | None) -> str:
    return f"{days} days" if since is None else f"since {since}"


def console() -> Console:
    """Where figures go."""
    found = Console()
    return found if found.is_terminal else Console(width=PIPE_COLUMNS)


def sparkline(daily: list[int], *, bars: str = _BARS) -> str:
    """One bar a day, the highest day full; a day without fires is a gap that keeps its place."""
    shown = daily[-SPARKLINE_DAYS:]
    highest = max(shown, default=0)
    return "".join(bars[(count * (len(bars) - 1)) // highest] if count else " " for count in shown)


def bars_for(shown: Console) -> str:
    """The bars that this terminal can draw."""
    return _BARS if shown.encoding.lower().startswith("utf") else _PLAIN_BARS


def table(columns: list[Column], rows: list[Row], shown: Console) -> Table:
    """The rows in the columns that there is room for."""
    on_terminal = shown.is_terminal
    made = ruled(shown)
    fitting = [column for column in columns if not on_terminal or shown.width >= column.room]
    for column in fitting:
        side, least = ("right", NUMBER_CHARS) if column.number else ("left", None)
        made.add_column(column.heading, justify=side, min_width=least, overflow="ellipsis", no_wrap=True)
    for row in rows:
        made.add_row(*(column.cell(row) for column in fitting))
    return made


def ruled(shown: Console) -> Table:
    """A table without columns yet, with rules where somebody looks at it."""
    on_terminal = shown.is_terminal
    return Table(box=box.SIMPLE_HEAD if on_terminal else None, pad_edge=on_terminal, header_style="bold")


def bars(daily: list[int], shown: Console) -> list[RenderableType]:
    """A line of bars, none where there is nothing to draw."""
    drawn = sparkline(daily, bars=bars_for(shown))
    return [line(drawn, "cyan")] if drawn.strip() else []


def line(text: str, style: str = "") -> Text:
    """One line of plain words: brackets in it are no markup."""
    return Text(text, style=style, no_wrap=False)


def plain(row: Row, name: str) -> str:
    """A name as it is: brackets in it are no markup."""
    return escape(str(row.get(name) or ""))


def number(row: Row, name: str) -> str:
    """`12,345`; a dash where there is no value, which is not zero."""
    value = row.get(name)
    return f"{round(value):,}" if isinstance(value, int | float) else "-"


def dollars(micros: object) -> str:
    """`$1,234.56`; a dash where it is not known."""
    if not isinstance(micros, int):
        return "-"
    return "<$0.01" if 0 < micros < MICROS_PER_CENT else f"${micros / MICROS_PER_DOLLAR:,.2f}"


def percent(rate: object) -> str:
    """A rate as `93 %`; a dash where it is undefined."""
    value = rate.get("value") if isinstance(rate, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # JSON
    return f"{100 * value:.0f} %" if isinstance(value, int | float) else "-"


def painted(word: str, colours: dict[str, str]) -> str:
    """A word in its colour."""
    colour = colours.get(word)
    return f"[{colour}]{escape(word)}[/{colour}]" if colour else escape(word)


Fetch = Callable[[], dict[str, Any]]
Draw = Callable[[dict[str, Any], Console], list[RenderableType]]


def show(fetch: Fetch, draw: Draw, *, as_json: bool, watch: bool) -> None:
    """Prints what the server says, once or for as long as somebody watches."""
    if watch:
        _watch(fetch, draw, as_json=as_json)
        return
    said = fetch()
    if as_json:
        print(json.dumps(said, indent=2))
        return
    shown = console()
    shown.print(Group(*draw(said, shown)))


def _watch(fetch: Fetch, draw: Draw, *, as_json: bool) -> None:
    shown = console()
    if not as_json and not shown.is_terminal:
        raise ConfigInvalid(
            "--watch needs a terminal; in a pipe add --json for a line at each change.", field="--watch"
        )
    try:
        if as_json:
            _lines(fetch)
        else:
            _screen(fetch, draw, shown)
    except KeyboardInterrupt:
        return  # which is how one stops watching


def _lines(fetch: Fetch) -> None:
    """One line of JSON at each change."""
    last = ""
    while True:
        said = json.dumps(fetch())
        if said != last:
            print(said, flush=True)
        last = said
        time.sleep(WATCH_SECONDS)


def _screen(fetch: Fetch, draw: Draw, shown: Console) -> None:
    """A screen that follows. A server that is away for a while leaves the last figures, and a line that says so."""
    drawn = draw(fetch(), shown)
    with Live(Group(*drawn), console=shown, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            live.refresh()
            time.sleep(WATCH_SECONDS)
            try:
                drawn = draw(fetch(), shown)
                live.update(Group(*drawn))
            except (ServerUnreachable, Busy) as error:
                live.update(Group(line(f"{error.message} The figures below are the last ones.", "yellow"), *drawn))
