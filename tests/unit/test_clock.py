"""The one place that knows the time, and the clock that stands still for tests."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tallyward import clock
from tallyward.testing.frozen_clock import MOMENT, FrozenClock


def test_now_is_aware_and_in_utc_and_agrees_with_the_seconds() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.now().timestamp() - clock.epoch_seconds()) < 5


def test_elapsed_seconds_never_go_back() -> None:
    moments = [clock.elapsed_seconds() for _ in range(100)]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 5, 17, 14, 23, 1, 250_000, tzinfo=UTC), "2026-05-17T14:23:01.250000Z"),
        (datetime(2026, 5, 17, 1, tzinfo=timezone(timedelta(hours=2))), "2026-05-16T23:00:00.000000Z"),
    ],
)
def test_a_moment_is_written_in_utc_as_rfc_3339_has_it(moment: datetime, text: str) -> None:
    assert clock.iso(moment) == text


def test_a_frozen_clock_stands_still_until_it_is_told() -> None:
    with FrozenClock() as time:
        assert clock.now() == clock.now() == MOMENT
        began = clock.elapsed_seconds()
        time.advance(90)
        assert (clock.now() - MOMENT, clock.elapsed_seconds() - began) == (timedelta(seconds=90), 90)
        time.jump(days=-1)
        assert clock.now() < MOMENT
        assert clock.elapsed_seconds() - began == 90
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5  # noqa: TID251  # the real one is back


def test_the_short_way_to_the_text_of_now_gives_the_same_text() -> None:
    with FrozenClock() as time:
        for _ in range(3):
            assert clock.iso_now() == clock.iso(clock.now())
            time.jump(days=-200, seconds=1.25)
    assert abs(datetime.fromisoformat(clock.iso_now()) - clock.now()) < timedelta(seconds=5)
