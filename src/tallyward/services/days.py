"""The days of a range, in the reader's time zone, and numbers put into their places on them."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from tallyward import clock
from tallyward.ledger.database import Row
from tallyward.services.asked import UTC_NAME, Asked

BARS_MAX = 366  # more cannot be told apart; of a longer range the newest days are drawn
OTHER = "(other)"


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
    rows: Sequence[Row], days: Sequence[date], column: str, key_of: Callable[[Row], str], most: int
) -> list[tuple[str, list[int | None]]]:
    """The largest keys day by day, the largest first, and what is left of them together as the last.

    A day without a row is 0. One with rows none of which has a number is None.
    """
    lines: dict[str, list[int | None]] = {}
    touched: set[tuple[str, int]] = set()
    for row in rows:
        place = place_of(row["day"], days)
        if place is not None:
            _add(lines.setdefault(key_of(row), [0] * len(days)), place, row[column], (key_of(row), place) in touched)
            touched.add((key_of(row), place))
    ordered = sorted(lines.items(), key=lambda line: (-sum(value or 0 for value in line[1]), line[0]))
    if len(ordered) <= most:
        return ordered
    rest = [_sum([values[place] for _, values in ordered[most:]]) for place in range(len(days))]
    return [*ordered[:most], (OTHER, rest)]


def _add(line: list[int | None], place: int, value: int | None, again: bool) -> None:  # two words
    before = line[place] if again else None
    line[place] = value if before is None else before + (value or 0)


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
