"""Skill use: what counts, how many people stand behind it, and the row of all together."""

from typing import Any

from tallyward.metrics.skill_use import SkillUse
from tests.ledger.metrics.facts import DAY_SECONDS, HOSTILE_NAMES, Facts


def skills(facts: Facts, **params: Any) -> dict[str, dict[str, Any]]:
    return {row["skill_name"]: row for row in facts.measured(SkillUse, **params) if not row["entire"]}


def test_each_outcome_is_counted_and_their_sum_is_the_fires(facts: Facts):
    facts.fire(times=3, input_tokens=10, output_tokens=1, cost_micros=7)
    facts.fire(status="error")
    facts.fire(status="abandoned", times=2)

    (row,) = skills(facts).values()

    assert (row["fires"], row["successful"], row["errors"], row["abandoned"]) == (6, 3, 1, 2)
    assert (row["input_tokens"], row["output_tokens"], row["cost_micros"]) == (30, 3, 21)


def test_nobody_known_is_no_person(facts: Facts):
    facts.fire(engineer_id="a")
    facts.fire(engineer_id="b", times=2)
    facts.fire(engineer_id="unknown", times=4)

    (row,) = skills(facts).values()

    assert (row["people"], row["fires"]) == (2, 7)


def test_the_entire_row_counts_each_person_once_and_those_of_small_groups_too(facts: Facts):
    for person in "abc":
        facts.fire(engineer_id=person, skill_name="large")
    facts.fire(engineer_id="a", skill_name="small")
    facts.fire(engineer_id="b", skill_name="smaller")
    facts.fire(engineer_id="a", skill_name="smallest")

    entire = facts.measured(SkillUse)[0]

    assert (entire["entire"], entire["people"], entire["fires"]) == (True, 3, 6)
    assert entire["people_of_small"] == 2


def test_no_fire_is_no_line_and_an_entire_row_without_numbers(facts: Facts):
    (entire,) = facts.measured(SkillUse)

    assert (entire["entire"], entire["people"], entire["fires"]) == (True, 0, None)


def test_no_cost_is_null_and_not_zero(facts: Facts):
    facts.fire()

    (row,) = skills(facts).values()

    assert (row["cost_micros"], row["input_tokens"]) == (None, None)


def test_the_range_ends_to_the_second_and_what_is_ahead_counts_while_it_is_open(facts: Facts):
    facts.fire(skill_name="first", age_seconds=30 * DAY_SECONDS - 1)
    facts.fire(skill_name="before", age_seconds=30 * DAY_SECONDS)
    facts.fire(skill_name="ahead", age_seconds=-3600)

    assert set(skills(facts)) == {"first", "ahead"}
    assert set(skills(facts, until="now")) == {"first"}


def test_each_filter_keeps_exactly_its_rows(facts: Facts):
    facts.fire(skill_name="wanted", repo="o/a", model="m", runtime="modal", session_id="s", engineer_id="%")
    facts.fire(skill_name="other", engineer_id="x")

    for name, value in {"repo": "o/a", "model": "m", "runtime": "modal", "session": "s", "engineer": "%"}.items():
        assert set(skills(facts, **{name: value})) == {"wanted"}, name
    assert set(skills(facts, repo="(none)")) == {"other"}
    assert set(skills(facts, skill="wanted", status="success")) == {"wanted"}
    assert skills(facts, status="error") == {}


def test_another_tenants_fires_are_not_there(facts: Facts):
    facts.fire()
    facts.speak_for("other")

    assert skills(facts) == {}


def test_hostile_names_are_counted_like_any_other(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.fire(engineer_id=name, skill_name=name)

    assert {name: row["fires"] for name, row in skills(facts).items()} == dict.fromkeys(HOSTILE_NAMES, 1)
    for name in HOSTILE_NAMES:
        assert set(skills(facts, skill=name, engineer=name)) == {name}
