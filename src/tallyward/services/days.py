"""The days of a range, in the reader's time zone, and numbers put into their places on them."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from tallyward import clock
from tallyward.ledger.database import Row
from tallyward.services.asked import UTC_NAME, Asked

Key = TypeVar("Key")
SERIES_MAX = 7  # more colours cannot be told apart
BARS_MAX = 366  # more cannot be told apart; of a longer range the newest days are drawn
OTHER = "(other)"  # what a key of None is called


def days_of(asked: Asked) -> Sequence[date]:
    """The days that are drawn: so many as a rolling range has, up to today, or those that a fixed range touches."""
    zone = ZoneInfo(asked.tz)
    last = (asked.until - timedelta(microseconds=1) if asked.until else clock.now()).astimezone(zone).date()
    first = last - timedelta(days=asked.days - 1) if asked.days else min(asked.since.astimezone(zone).date(), last)
    first = max(first, last - timedelta(days=BARS_MAX - 1))
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def grain_of_days(asked: Asked) -> str:
    """How finely sums must be read to be put on the reader's days: those of UTC are kept, others are made of hours."""
    return "day" if asked.tz == UTC_NAME else "hour"


def place_of(day: date, days: Sequence[date]) -> int | None:
    """Where a day is drawn. What a clock that is ahead says of tomorrow is drawn today; what is older is not drawn."""
    place = (day - days[0]).days
    return min(place, len(days) - 1) if place >= 0 else None


def series(
    rows: Sequence[Row], days: Sequence[date], column: str, key_of: Callable[[Row], Key], most: int
) -> list[tuple[Key | None, list[int | None]]]:
    """The largest keys day by day, the largest first, and under None what is left of them together as the last.

    A day without a row is 0. One with rows none of which has a number is None.
    """
    cells: dict[Key, dict[int, list[int | None]]] = {}
    for row in rows:
        place = place_of(row["day"], days)
        if place is not None:
            cells.setdefault(key_of(row), {}).setdefault(place, []).append(row[column])
    lines = [(key, [_sum(placed.get(place, [0])) for place in range(len(days))]) for key, placed in cells.items()]
    lines.sort(key=lambda line: (-sum(value or 0 for value in line[1]), str(line[0])))
    if len(lines) <= most:
        return [*lines]
    rest = [_sum([values[place] for _, values in lines[most:]]) for place in range(len(days))]
    return [*lines[:most], (None, rest)]


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
