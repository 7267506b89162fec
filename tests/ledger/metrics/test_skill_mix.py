"""Skill mix: what one engineer uses and how it goes."""

import pytest

from tallyward.metrics.skill_mix import SkillMix
from tests.ledger.metrics.facts import DAY_SECONDS, HOSTILE_NAMES, Facts


def test_outcomes_are_counted_apart_and_the_median_is_over_what_is_known(facts: Facts):
    facts.fire(latency_ms=100)
    facts.fire(latency_ms=300, status="error")
    facts.fire(latency_ms=900, status="abandoned")
    facts.fire(latency_ms=None)

    assert facts.measured(SkillMix, engineer="thomas-c") == [
        {
            "skill_name": "/start",
            "kind": "skill",
            "fires": 4,
            "successful": 2,
            "errors": 1,
            "abandoned": 1,
            "p50_latency_ms": pytest.approx(300, rel=0.022),
        }
    ]


def test_a_median_of_no_known_duration_is_unknown_and_never_zero(facts: Facts):
    facts.fire()

    assert [row["p50_latency_ms"] for row in facts.measured(SkillMix, engineer="thomas-c")] == [None]


def test_a_median_between_two_durations_is_rounded(facts: Facts):
    facts.fire(latency_ms=1)
    facts.fire(latency_ms=4)

    assert [row["p50_latency_ms"] for row in facts.measured(SkillMix, engineer="thomas-c")] == [2]


def test_sessions_are_left_out_and_tools_are_not(facts: Facts):
    facts.fire(kind="session", skill_name="session")
    facts.fire(kind="tool", skill_name="Bash", times=2)

    assert [(row["skill_name"], row["fires"]) for row in facts.measured(SkillMix, engineer="thomas-c")] == [("Bash", 2)]


def test_one_name_of_two_kinds_is_two_lines(facts: Facts):
    facts.fire(skill_name="review")
    facts.fire(skill_name="review", kind="agent")

    measured = facts.measured(SkillMix, engineer="thomas-c")

    assert [(row["kind"], row["fires"]) for row in measured] == [("agent", 1), ("skill", 1)]


def test_the_rows_of_others_and_what_is_past_are_not_there(facts: Facts):
    facts.fire(engineer_id="hamza-n")
    facts.fire(age_seconds=30 * DAY_SECONDS)
    assert facts.measured(SkillMix, engineer="thomas-c") == []

    facts.fire()
    facts.speak_for("other")
    assert facts.measured(SkillMix, engineer="thomas-c") == []


def test_hostile_names_are_found_by_exactly_their_letters(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.fire(engineer_id=name, skill_name=name)

    found = {name: [row["skill_name"] for row in facts.measured(SkillMix, engineer=name)] for name in HOSTILE_NAMES}

    assert found == {name: [name] for name in HOSTILE_NAMES}
