"""Daily fires: bars that add up to the total beside them."""

from tallyward.metrics.daily_fires import DailyFires
from tests.ledger.metrics.facts import DAY_SECONDS, HOSTILE_NAMES, Facts


def ages(facts: Facts, **params: object) -> list[tuple[str, int, int]]:
    return sorted((row["engineer_id"], row["age"], row["fires"]) for row in facts.measured(DailyFires, **params))


def test_a_day_is_24_hours_back_from_now(facts: Facts):
    facts.fire(age_seconds=0)
    facts.fire(age_seconds=DAY_SECONDS - 1)
    facts.fire(age_seconds=DAY_SECONDS)
    facts.fire(age_seconds=30 * DAY_SECONDS - 1)

    assert ages(facts) == [("thomas-c", 0, 2), ("thomas-c", 1, 1), ("thomas-c", 29, 1)]


def test_what_is_older_than_the_window_has_no_bar(facts: Facts):
    facts.fire(age_seconds=7 * DAY_SECONDS)

    assert ages(facts, days=7) == []
    assert ages(facts, days=8) == [("thomas-c", 7, 1)]


def test_a_clock_ahead_of_ours_falls_into_the_newest_day(facts: Facts):
    facts.fire(age_seconds=-3600)

    assert ages(facts) == [("thomas-c", 0, 1)]


def test_only_the_chosen_kinds_have_bars(facts: Facts):
    facts.fire(kind="tool", skill_name="Bash")

    assert ages(facts) == []
    assert ages(facts, counted_kinds=["tool"]) == [("thomas-c", 0, 1)]


def test_no_rows_give_no_bars(facts: Facts):
    assert ages(facts) == []


def test_another_tenants_rows_are_not_there(facts: Facts):
    facts.fire()
    facts.speak_for("other")

    assert ages(facts) == []


def test_hostile_names_have_bars_like_any_other(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.fire(engineer_id=name)

    assert ages(facts) == sorted((name, 0, 1) for name in HOSTILE_NAMES)
