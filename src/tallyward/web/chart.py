"""A chart of days, made once and shown three ways: a drawing in SVG, a table, and data for the script that draws it.

What the script needs stands in the page as JSON, which the content security policy lets be, since it is not run. Who
has no script sees the drawing, who sees no drawing has the table, and all three hold the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import msgspec
from markupsafe import Markup

from tallyward.domain.money import MICROS, Currency
from tallyward.services.days import OTHER
from tallyward.web.sparkline import day_text

WIDTH, HEIGHT, HEADROOM = 600, 120, 6  # the drawing is stretched to its box; the headroom keeps a line whole
SLOTS = 7  # colours that can be told apart; what comes after them is summed up as the rest
REST = "the rest"
REST_SLOT = 8
TICKS = 5

Shape = Literal["bars", "area", "lines"]
Value = float | int | None


@dataclass(frozen=True, slots=True)
class Unit:
    """What the numbers are, for whoever writes them: how many of it make one, what stands before and behind."""

    scale: float = 1
    digits: int = 0
    before: str = ""
    after: str = ""
    decimal: str = "."
    thousands: str = ","
    duration: bool = False

    def text(self, value: Value) -> str:
        if value is None:
            return "—"
        told = f"{value * self.scale:,.{self.digits}f}".translate({44: self.thousands, 46: self.decimal})
        return f"{self.before}{told}{self.after}"


COUNT = Unit()


def money_unit(currency: Currency) -> Unit:
    """Millionths of a US dollar, in the organisation's currency."""
    before, after = ("", f" {currency.symbol}") if currency.after else (currency.symbol, "")
    scale = currency.per_usd / MICROS
    return Unit(scale, currency.digits, before, after, currency.decimal, currency.thousands)


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one colour of the bars. `slot` is its colour, from 1; `href` leads to the rows behind it."""

    name: str
    values: Sequence[Value]
    slot: int = 1
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers over days, oldest first. Bars of several series are stacked."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    shape: Shape = "bars"
    unit: Unit = COUNT
    tips: Sequence[str] = field(default_factory=tuple)

    @property
    def most(self) -> float:
        """The top of the scale: of the stack, or of the highest line."""
        if self.shape == "bars":
            return max((sum(value or 0 for value in column) for column in self._columns()), default=0)
        return max((value for each in self.series for value in each.values if value is not None), default=0)

    @property
    def most_text(self) -> str:
        return self.unit.text(self.most)

    @property
    def empty(self) -> bool:
        return not self.most

    @property
    def data(self) -> Markup:
        """JSON that can stand inside `<script>`: nothing in it ends the element."""
        told = {
            "labels": self.tips or self.labels,
            "ticks": self.labels,
            "shape": self.shape,
            "unit": msgspec.to_builtins(self.unit),
            "series": [{"name": one.name, "slot": one.slot, "values": list(one.values)} for one in self.series],
        }
        text = msgspec.json.encode(told).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028")
        return Markup(text)  # noqa: S704  # JSON of ours, in which nothing can end the element it stands in

    @property
    def paths(self) -> list[dict[str, Any]]:
        """The drawing: of each series its path and its colour, the lowest of a stack first."""
        if self.shape == "bars":
            return self._bars()
        return [{"slot": one.slot, "line": self._line(one.values)} for one in self.series]

    @property
    def ticks(self) -> list[str]:
        """A few labels for the axis below, evenly apart."""
        last = len(self.labels) - 1
        if last < TICKS:
            return list(self.labels)
        return [self.labels[round(last * place / (TICKS - 1))] for place in range(TICKS)]

    @property
    def table(self) -> list[tuple[str, list[str]]]:
        """The numbers in words, newest first."""
        names = self.tips or self.labels
        rows = [(name, [self.unit.text(one.values[at]) for one in self.series]) for at, name in enumerate(names)]
        return rows[::-1]

    def _columns(self) -> list[tuple[Value, ...]]:
        return list(zip(*(one.values for one in self.series), strict=True))

    def _bars(self) -> list[dict[str, Any]]:
        step = WIDTH / max(len(self.labels), 1)
        wide, room = step * 0.72, (HEIGHT - HEADROOM) / max(self.most, 1e-9)
        floors = [0.0] * len(self.labels)
        drawn: list[dict[str, Any]] = []
        for one in self.series:
            pieces: list[str] = []
            for at, value in enumerate(one.values):
                if value:
                    base, tall = HEIGHT - floors[at] * room, value * room
                    pieces.append(f"M{at * step + step * 0.14:.1f} {base:.1f}v-{tall:.1f}h{wide:.1f}v{tall:.1f}z")
                    floors[at] += value
            drawn.append({"slot": one.slot, "fill": "".join(pieces)})
        return drawn

    def _line(self, values: Sequence[Value]) -> str:
        step, room = WIDTH / max(len(values) - 1, 1), (HEIGHT - HEADROOM) / max(self.most, 1e-9)
        pieces: list[str] = []
        pen = "M"
        for at, value in enumerate(values):
            if value is None:
                pen = "M"  # a day without a number is a gap, not nought
                continue
            pieces.append(f"{pen}{at * step:.1f} {HEIGHT - value * room:.1f}")
            pen = "L"
        return "".join(pieces)


def stacked(groups: Sequence[tuple[str, Sequence[Value]]], most_series: int = SLOTS) -> list[Series]:
    """The largest groups in colours of their own and all others as the rest, so that every colour can be told.

    What a service has already put together as `(other)` is part of the rest, however large it is.
    """
    named = [group for group in groups if group[0] != OTHER]
    order = sorted(named, key=lambda group: (-sum(value or 0 for value in group[1]), group[0]))
    kept = [Series(name, list(values), slot + 1) for slot, (name, values) in enumerate(order[:most_series])]
    others = [values for _, values in order[most_series:]] + [values for name, values in groups if name == OTHER]
    if others:
        sums = [sum(value or 0 for value in column) for column in zip(*others, strict=True)]
        kept.append(Series(REST, sums, REST_SLOT))
    return kept


def daily_chart(
    title: str, days: Sequence[date], series: Sequence[Series], shape: Shape = "bars", unit: Unit = COUNT
) -> Chart:
    """A chart of days of the calendar, oldest first; its tooltips say the day of the week too."""
    tips = [f"{day:%a} {day.day} {day:%b %Y}" for day in days]
    return Chart(title, [day_text(day) for day in days], series, shape, unit, tips)
