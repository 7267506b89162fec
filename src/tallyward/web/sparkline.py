"""Counts per day as drawings: pure geometry for inline SVG, no script and no style attribute needed.

The templates only write what is computed here. All bars of one table share one scale, so that a taller bar is more in
whichever row it stands. That scale is of square roots: people differ by a factor of fifty, and on a plain scale half
the rows would be a flat line that shows nothing of their weeks. The one large area has a plain scale of its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

BAR_WIDTH, BAR_GAP, BARS_HEIGHT = 3, 1, 24  # pixels: 30 days take 119, which fits a phone beside the two main columns
AREA_WIDTH, AREA_HEIGHT, AREA_HEADROOM = (
    600,
    120,
    6,
)  # the area is stretched to its box; the headroom keeps the line whole


@dataclass(frozen=True, slots=True)
class Bars:
    """One small bar per day."""

    path: str
    width: int
    height: int
    title: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of an area chart: where the pointer finds it and what it then says."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Area:
    """A filled line over days, with a strip per day that carries its label."""

    line: str
    fill: str
    width: int
    height: int
    step: float
    most: int
    days: tuple[Day, ...]
    ticks: tuple[str, ...]
    title: str


def bars(counts: Sequence[int], *, most: int, last_day: date, name: str) -> Bars:
    """The bars of one row, on the scale where `most` fills the height. A day with a count is never drawn as nothing."""
    pitch = BAR_WIDTH + BAR_GAP
    pieces: list[str] = []
    for place, count in enumerate(counts):
        if count > 0:
            tall = max(1, round(BARS_HEIGHT * math.sqrt(min(count, most) / most)))
            pieces.append(f"M{place * pitch} {BARS_HEIGHT}v-{tall}h{BAR_WIDTH}v{tall}z")
    width = max(len(counts) * pitch - BAR_GAP, BAR_WIDTH)
    return Bars("".join(pieces), width, BARS_HEIGHT, summary(counts, last_day=last_day, name=name))


def area(counts: Sequence[int], *, last_day: date, name: str) -> Area:
    """The area chart of one series on a scale of its own."""
    most = max(counts, default=0)
    step = AREA_WIDTH / max(len(counts) - 1, 1)
    room = AREA_HEIGHT - AREA_HEADROOM
    points = [
        f"{place * step:.1f} {AREA_HEIGHT - room * count / max(most, 1):.1f}" for place, count in enumerate(counts)
    ]
    line = "M" + "L".join(points) if points else ""
    fill = f"{line}L{(len(counts) - 1) * step:.1f} {AREA_HEIGHT}L0 {AREA_HEIGHT}Z" if points else ""
    dates = [last_day - timedelta(days=len(counts) - 1 - place) for place in range(len(counts))]
    days = tuple(
        Day(round((place - 0.5) * step, 1), f"24 hours to {day_text(day, last_day)}: {count:,}")
        for place, (day, count) in enumerate(zip(dates, counts, strict=True))
    )
    ticks = (day_text(dates[0]), day_text(dates[len(dates) // 2]), "now") if dates else ()
    title = summary(counts, last_day=last_day, name=name)
    return Area(line, fill, AREA_WIDTH, AREA_HEIGHT, round(step, 1), most, days, ticks, title)


def summary(counts: Sequence[int], *, last_day: date, name: str) -> str:
    """What a drawing says, in words: for a screen reader, and as the tooltip of a row."""
    most = max(counts, default=0)
    if most == 0:
        return f"{name}: no fires in {len(counts)} days"
    best = last_day - timedelta(days=len(counts) - 1 - list(counts).index(most))
    when = day_text(best, last_day)
    return f"{name}: {sum(counts):,} fires in {len(counts)} days, most {most:,} in the 24 hours to {when}"


def day_text(day: date, last_day: date | None = None) -> str:
    """`14 Nov`, or `now` for the last one: the days are steps of 24 hours back from this moment."""
    if day == last_day:
        return "now"
    return f"{day.day} {day:%b}"
