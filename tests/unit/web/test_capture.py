from datetime import UTC, date, datetime, timedelta
from typing import Any

from tallyward.domain.capture_report import BookedDay, HookTimes
from tallyward.hook_times import added
from tallyward.services.capture import Hooks
from tallyward.web.pages.capture import ROOM, by_engineer, per_day, render_capture
from tests.frames import ENGINEER, LEAD, frame

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
TODAY = date(2026, 5, 17)


def booked(engineer: str, day: date = TODAY, **known: int) -> BookedDay:
    facts: dict[str, Any] = dict.fromkeys(BookedDay.__struct_fields__, 0)
    counts = {"machines": 1, "fired": 10, "spooled": 10, "sent": 10, "stored": 10, **known}
    return BookedDay(**{**facts, **counts, "day": day, "engineer_id": engineer, "reported_at": NOW})


def hooks(**counts: list[int]) -> Hooks:
    engineers = {name: HookTimes.of(told) for name, told in counts.items()}
    return Hooks(entire=HookTimes.of(added(counts.values())), engineers=engineers)


def page(*days: BookedDay, given: dict[str, str] | None = None, now: datetime = NOW, took: Hooks | None = None) -> str:
    return render_capture(days, took or hooks(), frame(LEAD, ROOM, given), length=7, now=now)


def test_the_books_of_days_add_up_and_the_largest_gap_comes_first():
    books = by_engineer([booked("a"), booked("b", gap=2, lost=2), booked("a", TODAY - timedelta(days=1), machines=3)])
    assert [(book.engineer_id, book.fired, book.gap, book.machines) for book in books] == [
        ("b", 10, 2, 1), ("a", 20, 0, 3),
    ]  # fmt: skip


def test_what_arrived_is_a_rate_with_its_interval():
    assert "80% of 10" in page(booked("b", gap=2, waiting=2))


def test_a_laptop_that_is_quiet_for_more_than_a_day_is_marked():
    assert ">quiet<" not in page(booked("a"))
    assert ">quiet<" in page(booked("a"), now=NOW + timedelta(days=2))


def test_each_day_of_the_range_is_drawn_and_no_other():
    days = [booked("a", TODAY - timedelta(days=30)), booked("a"), booked("b")]
    assert per_day(days, [TODAY - timedelta(days=1), TODAY], "stored") == [0, 20]


def test_no_report_says_what_to_do():
    assert "tally doctor" in page()
    assert "<table" not in page()


def test_a_search_narrows_the_people_and_not_the_totals():
    shown = page(booked("abel"), booked("zoe"), given={"q": "ZO"})
    assert "engineer=abel" not in shown
    assert "engineer=zoe" in shown
    assert ">20<" in shown


def test_an_engineer_is_told_that_the_books_are_the_own_ones():
    assert "your own" in render_capture([booked("mona")], hooks(), frame(ENGINEER, ROOM), length=7, now=NOW)


def test_how_long_the_hooks_took_is_shown_for_each_and_for_all():
    shown = page(booked("a"), booked("b"), took=hooks(a=[0, 0, 9, 0, 1, 0, 0, 0, 0]))
    assert "≤ 20 ms · ≤ 50 ms" in shown
    assert shown.count("≤ 20 ms") == 2, "of a, and of all"


def test_hooks_that_nobody_told_of_are_undefined_and_never_nought():
    shown = page(booked("a"))
    assert "0 ms" not in shown
    assert '<td class="count aside">\N{EM DASH}</td>' in shown
