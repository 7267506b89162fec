"""Skill days: each skill on the reader's own days."""

from datetime import date

from tallyward.metrics.skill_days import SkillDays
from tests.ledger.metrics.facts import Facts


def test_a_fire_is_on_the_day_of_the_zone(facts: Facts):
    facts.fire_at("2026-10-24T22:30:00Z", skill_name="a")
    facts.fire_at("2026-10-25T00:30:00Z", skill_name="a")
    facts.fire_at("2026-10-25T00:30:00Z", skill_name="b")

    rows = facts.measured(SkillDays, since="-infinity", grain="hour", tz="Europe/Berlin")

    assert [(row["skill_name"], row["day"], row["fires"]) for row in rows] == [
        ("a", date(2026, 10, 25), 2),
        ("b", date(2026, 10, 25), 1),
    ]


def test_nothing_done_is_no_day(facts: Facts):
    assert facts.measured(SkillDays) == []
