"""Daily fires: what counts, on the day on which it was done."""

from datetime import date
from typing import Any

from tallyward.metrics.daily_fires import DailyFires
from tests.ledger.metrics.facts import HOSTILE_NAMES, Facts

EVER = {"since": "-infinity"}


def days(facts: Facts, **params: Any) -> list[tuple[str, date, int]]:
    rows = facts.measured(DailyFires, **EVER | params)
    return [(row["engineer_id"], row["day"], row["fires"]) for row in rows]


def test_a_fire_is_on_the_day_of_the_zone_that_is_asked_for(facts: Facts):
    facts.fire_at("2026-10-24T23:30:00Z", engineer_id="ada")
    facts.fire_at("2026-10-25T00:30:00Z", engineer_id="ada")

    assert days(facts) == [("ada", date(2026, 10, 24), 1), ("ada", date(2026, 10, 25), 1)]
    berlin = days(facts, tz="Europe/Berlin", engineer="ada", grain="hour")
    assert berlin == [("ada", date(2026, 10, 25), 2)]


def test_only_the_chosen_kinds_have_bars(facts: Facts):
    facts.fire(kind="tool", skill_name="Bash")

    assert days(facts) == []
    assert [row[2] for row in days(facts, counted_kinds=["tool"])] == [1]


def test_no_rows_give_no_bars(facts: Facts):
    assert days(facts) == []


def test_another_tenants_rows_are_not_there(facts: Facts):
    facts.fire()
    facts.speak_for("other")

    assert days(facts) == []


def test_hostile_names_have_bars_like_any_other(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.fire(engineer_id=name)

    assert {row[0]: row[2] for row in days(facts)} == dict.fromkeys(HOSTILE_NAMES, 1)
