"""Engineer utilisation: which rows count, which are shown beside, and what no data means."""

from tallyward.metrics.utilisation import Utilisation
from tests.ledger.metrics.facts import DAY_SECONDS, HOSTILE_NAMES, Facts


def test_the_chosen_kinds_count_and_the_others_are_shown_beside(facts: Facts):
    facts.fire(times=3)
    facts.fire(kind="agent", skill_name="code-reviewer", status="error")
    facts.fire(kind="mcp", skill_name="mcp__tracker__search", status="abandoned")
    facts.fire(kind="tool", skill_name="Bash", times=7)
    facts.fire(kind="session", skill_name="session", session_id="s1", times=2)
    facts.fire(kind="session", skill_name="session", session_id="s2")

    assert facts.measured(Utilisation) == [
        {
            "engineer_id": "thomas-c",
            "fires_30d": 5,
            "successful": 3,
            "unique_skills": 3,
            "top_skill": "/start",
            "tool_calls": 7,
            "sessions": 2,
            "all_rows": 15,
        }
    ]


def test_a_tenant_may_count_tool_calls_too(facts: Facts):
    facts.fire(kind="tool", skill_name="Bash", times=2)

    (row,) = facts.measured(Utilisation, counted_kinds=["skill", "tool"])

    assert (row["fires_30d"], row["tool_calls"], row["top_skill"]) == (2, 2, "Bash")


def test_the_window_ends_to_the_second(facts: Facts):
    facts.fire(age_seconds=30 * DAY_SECONDS - 1)
    facts.fire(age_seconds=30 * DAY_SECONDS)

    assert [row["fires_30d"] for row in facts.measured(Utilisation)] == [1]


def test_no_row_in_the_window_means_no_line_and_never_a_zero(facts: Facts):
    facts.fire(age_seconds=31 * DAY_SECONDS)

    assert facts.measured(Utilisation) == []


def test_an_engineer_with_nothing_that_counts_is_listed_without_a_top_skill(facts: Facts):
    facts.fire(kind="tool", skill_name="Read")

    (row,) = facts.measured(Utilisation)

    assert (row["fires_30d"], row["all_rows"], row["top_skill"]) == (0, 1, None)


def test_the_top_skill_is_taken_over_all_time_and_between_equals_the_first_by_name(facts: Facts):
    facts.fire(skill_name="/ship", times=2)
    facts.fire(skill_name="/review", age_seconds=90 * DAY_SECONDS, times=3)
    facts.fire(engineer_id="hamza-n", skill_name="/b")
    facts.fire(engineer_id="hamza-n", skill_name="/a")

    assert {row["engineer_id"]: row["top_skill"] for row in facts.measured(Utilisation)} == {
        "thomas-c": "/review",
        "hamza-n": "/a",
    }


def test_the_busiest_engineer_comes_first(facts: Facts):
    facts.fire(engineer_id="a")
    facts.fire(engineer_id="b", times=2)

    assert [row["engineer_id"] for row in facts.measured(Utilisation)] == ["b", "a"]


def test_another_tenants_rows_are_not_there(facts: Facts):
    facts.fire()
    facts.speak_for("other")

    assert facts.measured(Utilisation) == []


def test_hostile_names_are_counted_like_any_other(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.fire(engineer_id=name, skill_name=name)

    measured = {row["engineer_id"]: (row["fires_30d"], row["top_skill"]) for row in facts.measured(Utilisation)}

    assert measured == {name: (1, name) for name in HOSTILE_NAMES}
