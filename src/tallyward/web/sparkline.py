"""Counts per day as drawings: pure geometry for inline SVG, no script and no style attribute needed.

The templates only write what is computed here. All bars of one table share one scale, so that a taller bar is more in
whichever row it stands. That scale is of square roots: people differ by a factor of fifty, and on a plain scale half
the rows would be a flat line that shows nothing of their weeks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

BAR_WIDTH, BAR_GAP, BARS_HEIGHT = 3, 1, 24  # pixels: 30 days take 119, which fits a phone beside the two main columns
DAYS_WIDE = 45  # more days than these share the room of these


@dataclass(frozen=True, slots=True)
class Bars:
    """One small bar per day."""

    path: str
    width: int
    height: int
    title: str


def bars(counts: Sequence[int], *, most: int, first_day: date, name: str) -> Bars:
    """The bars of one row, on the scale where `most` fills the height. A day with a count is never drawn as nothing.

    A long range has narrow bars, so that a row takes no more room than that of a month.
    """
    pitch = BAR_WIDTH + BAR_GAP if len(counts) <= DAYS_WIDE else DAYS_WIDE * (BAR_WIDTH + BAR_GAP) / len(counts)
    wide = BAR_WIDTH if len(counts) <= DAYS_WIDE else pitch
    pieces: list[str] = []
    for place, count in enumerate(counts):
        if count > 0:
            tall = max(1, round(BARS_HEIGHT * math.sqrt(min(count, most) / most)))
            pieces.append(f"M{place * pitch:.4g} {BARS_HEIGHT}v-{tall}h{wide:.4g}v{tall}z")
    width = max(min(len(counts), DAYS_WIDE) * (BAR_WIDTH + BAR_GAP) - BAR_GAP, BAR_WIDTH)
    return Bars("".join(pieces), width, BARS_HEIGHT, summary(counts, first_day=first_day, name=name))


def summary(counts: Sequence[int], *, first_day: date, name: str) -> str:
    """What a drawing says, in words: for a screen reader, and as the tooltip of a row."""
    most = max(counts, default=0)
    if most == 0:
        return f"{name}: no fires in {len(counts)} days"
    best = first_day + timedelta(days=list(counts).index(most))
    return f"{name}: {sum(counts):,} fires in {len(counts)} days, most {most:,} on {day_text(best)}"


def day_text(day: date) -> str:
    """`14 Nov`."""
    return f"{day.day} {day:%b}"
