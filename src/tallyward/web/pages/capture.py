"""The health of capture: what the laptops fired, what of it arrived, what waits or was lost, and who has not reported.

The numbers are those of `/v1/reconciliation`, from the same calls: the laptops' own books, and the rows of the ledger
that several paths saw.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tallyward import clock, hook_times
from tallyward.domain.access import Principal
from tallyward.domain.capture_report import BookedDay, HookTimes
from tallyward.domain.rate import rate
from tallyward.errors import Invalid
from tallyward.services.capture import Hooks
from tallyward.web.calls import Call
from tallyward.web.chart import Series, daily_chart
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._grades import Figure
from tallyward.web.pages.skills import rate_words
from tallyward.web.rendering import Page, percent, render

ROOM = Room("Capture", "/capture", 70)
STALE = timedelta(hours=26)  # a laptop reports with each delivery; one that was used has done so within a day
_COUNTS = ("fired", "stored", "duplicate", "refused", "waiting", "lost", "gap")


class Books(Struct, kw_only=True):
    """The books of one engineer over a range, or of all."""

    engineer_id: str
    machines: int = 0
    fired: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    waiting: int = 0
    lost: int = 0
    gap: int = 0
    reported_at: datetime | None = None

    def add(self, day: BookedDay) -> None:
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(day, name))
        self.machines = max(self.machines, day.machines)
        self.reported_at = max(self.reported_at or day.reported_at, day.reported_at)


def by_engineer(days: Sequence[BookedDay]) -> list[Books]:
    """The books of each engineer, those with the largest gap first."""
    found: dict[str, Books] = {}
    for day in days:
        found.setdefault(day.engineer_id, Books(engineer_id=day.engineer_id)).add(day)
    return sorted(found.values(), key=lambda books: (-books.gap, books.engineer_id))


def engineer_row(books: Books, frame: Frame, now: datetime, took: HookTimes | None) -> dict[str, Any]:
    """One engineer: how much of what was fired has arrived, and whether the laptop still reports."""
    arrived = rate(books.fired - books.gap, books.fired)
    return {
        "books": books,
        "took": took_words(took),
        "arrived": arrived,
        "words": rate_words(arrived),
        "stale": books.reported_at is not None and now - books.reported_at > STALE,
        "rows": frame.listing(engineer=books.engineer_id),
    }


def took_words(took: HookTimes | None) -> str:
    """Half of the hooks and nearly all of them, or a dash where no laptop has told."""
    if took is None or not took.events:
        return hook_times.words(None)
    return f"{hook_times.words(took.p50_ms)} · {hook_times.words(took.p95_ms)}"


def figures(every: Books, people: int, took: HookTimes) -> list[Figure]:
    """The totals over all laptops."""
    return [
        Figure("Arrived", percent(rate(every.fired - every.gap, every.fired))),
        Figure("Fired", every.fired),
        Figure("Lost", every.lost),
        Figure("Waiting", every.waiting),
        Figure("Hooks, p50", hook_times.words(took.p50_ms)),
        Figure("Hooks, p95", hook_times.words(took.p95_ms)),
        Figure("Engineers", people, aside=True),
        Figure("Told again", every.duplicate, aside=True),
        Figure("Refused", every.refused, aside=True),
    ]


def render_capture(days: Sequence[BookedDay], hooks: Hooks, frame: Frame, *, length: int, now: datetime) -> str:
    """The health of capture over so many days of UTC up to today."""
    listed = by_engineer(days)
    every = Books(engineer_id="")
    for day in days:
        every.add(day)
    calendar = [now.date() - timedelta(days=length - 1 - step) for step in range(length)]
    search = (frame.asked.q or "").casefold()
    return render(
        "capture.html",
        frame=frame,
        drawn=True,
        empty=not days,
        stats=figures(every, len(listed), hooks.entire),
        chart=daily_chart(
            "Fires per day (UTC), by what became of them",
            calendar,
            [
                Series("arrived", per_day(days, calendar, "sent"), 1),
                Series("waiting", per_day(days, calendar, "waiting"), 2),
                Series("lost", per_day(days, calendar, "lost"), 4),
            ],
        ),
        rows=[
            engineer_row(books, frame, now, hooks.engineers.get(books.engineer_id))
            for books in listed
            if search in books.engineer_id.casefold()
        ],
        server=frame.server,
    )


def per_day(days: Sequence[BookedDay], calendar: Sequence[date], name: str) -> list[int]:
    """One number of the books for each day of the calendar."""
    sums = dict.fromkeys(calendar, 0)
    for day in days:
        if day.day in sums:
            sums[day.day] += getattr(day, name)
    return list(sums.values())


async def capture(request: Request, principal: Principal) -> Response:
    """The books of the laptops; an engineer sees the own ones. Raises Invalid for a range that ends before today."""
    view = await look(request, principal, ROOM, exported="/v1/capture", searched="engineers", rolling=True)
    if view.asked.days is None:
        raise Invalid("The laptops' books are told for days back from now; ask for days.", field="from")
    days = await request.app.state.capture_reports.books(view.principal, view.asked.days)
    now = clock.now()
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=view.asked.days - 1)
    hooks = await request.app.state.boards.capture.hooks(view.principal, view.asked.of(since=first))
    return Page(render_capture(days, hooks, view.frame, length=view.asked.days, now=now))


CALLS = (Call("GET", "/capture", "read", "What the laptops fired and what of it arrived.", capture, page=True),)
