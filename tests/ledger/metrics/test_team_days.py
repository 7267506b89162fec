"""Team days: everybody's fires by the reader's own days."""

from datetime import date
from typing import Any

import pytest

from tallyward.metrics.team_days import TeamDays
from tests.ledger.metrics.facts import Facts

EVER: dict[str, Any] = {"since": "-infinity", "grain": "hour"}


@pytest.mark.parametrize(
    ("tz", "counted"),
    [
        ("UTC", {date(2026, 10, 24): 1, date(2026, 10, 25): 2}),
        ("Europe/Berlin", {date(2026, 10, 25): 3}),  # 25 hours long
        ("America/Los_Angeles", {date(2026, 10, 24): 2, date(2026, 10, 25): 1}),
    ],
)
def test_a_day_is_the_readers(facts: Facts, tz: str, counted: dict[date, int]):
    for moment in ("2026-10-24T22:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T22:30:00Z"):
        facts.fire_at(moment, engineer_id=moment)

    assert {row["day"]: row["fires"] for row in facts.measured(TeamDays, **EVER, tz=tz)} == counted


def test_the_outcomes_are_told_apart_and_what_does_not_count_is_left_out(facts: Facts):
    facts.fire(status="error")
    facts.fire(status="abandoned", times=2)
    facts.fire(kind="tool")

    (row,) = facts.measured(TeamDays, grain="any")

    assert (row["fires"], row["successful"], row["errors"], row["abandoned"]) == (3, 0, 1, 2)


def test_nothing_done_is_no_day(facts: Facts):
    assert facts.measured(TeamDays) == []
