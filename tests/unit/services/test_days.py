"""The reader's days, and numbers put on them."""

from datetime import UTC, date, datetime, timedelta

from tallyward import clock
from tallyward.services.asked import Asked, last_days
from tallyward.services.days import BARS_MAX, days_of, grain_of_days, place_of, series

DAYS = [date(2026, 10, 1) + timedelta(days=step) for step in range(3)]


def row(key: str, day: int, value: int | None) -> dict[str, object]:
    return {"key": key, "day": date(2026, 10, day), "value": value}


def drawn(*rows: dict[str, object], most: int = 7) -> dict[str | None, list[int | None]]:
    return dict(series(rows, DAYS, "value", lambda line: str(line["key"]), most))


def test_a_rolling_range_has_so_many_days_up_to_today():
    days = days_of(last_days(30))
    assert (len(days), days[-1]) == (30, clock.now().date())


def test_a_fixed_range_has_the_days_that_it_touches_in_the_readers_zone():
    asked = Asked(
        since=datetime(2026, 10, 24, 23, tzinfo=UTC), until=datetime(2026, 10, 26, 23, tzinfo=UTC), tz="Europe/Paris"
    )
    assert list(days_of(asked)) == [date(2026, 10, 25), date(2026, 10, 26)]
    assert grain_of_days(asked) == "hour"


def test_of_a_long_range_the_newest_days_are_drawn():
    asked = Asked(since=datetime(2016, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC))
    days = days_of(asked)
    assert (len(days), days[-1]) == (BARS_MAX, date(2025, 12, 31))
    assert place_of(date(2016, 1, 1), days) is None


def test_a_range_that_is_yet_to_come_has_a_day():
    assert len(days_of(Asked(since=clock.now() + timedelta(days=400)))) == 1


def test_a_clock_ahead_of_ours_is_drawn_today():
    assert place_of(date(2027, 1, 1), DAYS) == 2


def test_a_day_without_a_row_is_zero_and_one_without_a_price_is_unknown():
    assert drawn(row("a", 1, 5), row("a", 3, None)) == {"a": [5, 0, None]}
    assert drawn(row("a", 3, None), row("a", 4, 2)) == {"a": [0, 0, 2]}


def test_the_largest_come_first_and_the_rest_is_one_line():
    lines = drawn(row("a", 1, 1), row("b", 1, 9), row("c", 2, 2), row("d", 3, None), most=2)
    assert lines == {"b": [9, 0, 0], "c": [0, 2, 0], None: [1, 0, 0]}
