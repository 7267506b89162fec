"""A rate over its last merges as a drawing: its line, what it may be around it, its two lines, and where it turned.

Pure geometry for inline SVG, as in `sparkline.py`. Merges before the window was full leave the line out: no value, no
point. One step to the right is one merge, not one minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tallyward.domain.rates import Band

WIDTH, HEIGHT = 600, 160


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a rate turned, and what the pointer is told there."""

    x: float
    y: float
    down: bool
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One rate. `ticks` are the numbers of the scale from the top down; all lengths are in the units of the box."""

    title: str
    line: str
    span: str
    high_y: float
    low_y: float
    band_height: float
    marks: tuple[Mark, ...]
    ticks: tuple[str, ...]
    points: int
    width: int = WIDTH
    height: int = HEIGHT


def draw(
    name: str, points: Sequence[dict[str, Any] | None], turned: Sequence[dict[str, Any] | None], band: Band
) -> Drawing:
    """The drawing of `points`, which hold `value` and `interval`; `turned` has what happened with each of them."""
    defined = [(place, point) for place, point in enumerate(points) if point and point["value"] is not None]
    top = _top([point["interval"][1] for _, point in defined], band)
    step = WIDTH / max(len(points) - 1, 1)

    def at(place: int, value: float) -> str:
        return f"{place * step:.1f} {_y(value, top):.1f}"

    line = [at(place, point["value"]) for place, point in defined]
    upper = [at(place, point["interval"][1]) for place, point in defined]
    lower = [at(place, point["interval"][0]) for place, point in reversed(defined)]
    marks = [_mark(turn, round(place * step, 1), top) for place, turn in enumerate(turned) if turn is not None]
    last = f"now {defined[-1][1]['value']:.1%}" if defined else "not defined yet"
    return Drawing(
        title=f"{name}, the last {len(points)} merges: {last}, {len(marks)} turns",
        line=f"M{'L'.join(line)}" if line else "",
        span=f"M{'L'.join([*upper, *lower])}Z" if line else "",
        high_y=round(_y(band.high, top), 1),
        low_y=round(_y(band.low, top), 1),
        band_height=round(_y(band.low, top) - _y(band.high, top), 1),
        marks=tuple(marks),
        ticks=(f"{top:.0%}", f"{top / 2:.0%}", "0%"),
        points=len(defined),
    )


def _top(highest: Sequence[float], band: Band) -> float:
    """The end of the scale: all there is, and the upper line well within it."""
    needed = max([*highest, band.high * 1.5])
    return next((end for end in (0.2, 0.3, 0.5) if needed <= end), 1.0)


def _y(value: float, top: float) -> float:
    return HEIGHT - HEIGHT * min(value / top, 1.0)


def _mark(turn: dict[str, Any], x: float, top: float) -> Mark:
    return Mark(x, round(_y(turn["value"], top), 1), turn["direction"] == "down", _label(turn))


def _label(turn: dict[str, Any]) -> str:
    when = str(turn["at"])[:16].replace("T", " ")
    return f"{when} UTC: {turn['value']:.1%}, {turn['direction']} across {turn['threshold']:.0%}"
