"""Metered usage: each request counted once, under one key, and under the skill that fired before it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tallyward import clock
from tallyward.metrics.metered_usage import MeteredUsage
from tallyward.metrics.session_usage import SessionUsage
from tests.ledger.metrics.facts import HOSTILE_NAMES, Facts

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
IN_PROMPT = {"session_id": "s", "prompt_id": "p"}


def rows(facts: Facts, by: str, **params: object) -> dict[str, dict[str, Any]]:
    given = {"by": by, "since": LONG_AGO} | params
    found = facts.measured(SessionUsage if by == "session" else MeteredUsage, **given)
    return {row["key"]: {name: row[name] for name in row if not name.startswith("people")} for row in found}


def costs(facts: Facts, by: str, **params: object) -> dict[str, int | None]:
    return {key: row["cost_micros"] for key, row in rows(facts, by, **params).items()}


def test_every_kind_of_token_is_summed_on_its_own(facts: Facts):
    counts = {
        "input_tokens": 1, "cache_read_tokens": 10, "cache_write_5m_tokens": 100, "cache_write_1h_tokens": 1_000,
        "output_tokens": 10_000, "reasoning_tokens": 5_000,
    }  # fmt: skip
    facts.request("a", cost_micros=7, **counts)
    facts.request("b", cost_micros=8, **counts)

    (row,) = rows(facts, "model").values()

    assert row == {
        "key": "claude-opus-4-8", "requests": 2, "cost_micros": 15, "unpriced_requests": 0,
        **{name: count * 2 for name, count in counts.items()},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("by", "columns", "key"),
    [
        ("model", {"model": "m"}, "m"),
        ("repo", {"repo": "o/r"}, "o/r"),
        ("repo", {}, "(none)"),
        ("engineer", {"engineer_id": "amy"}, "amy"),
        ("engineer", {"engineer_id": None}, "unknown"),
        ("session", {"session_id": "s9"}, "s9"),
        ("session", {"session_id": None}, "(none)"),
        ("skill", {}, "(none)"),
    ],
)
def test_a_request_has_one_key_of_each_kind(facts: Facts, by: str, columns: dict[str, Any], key: str):
    facts.request("a", cost_micros=1, **columns)

    assert costs(facts, by) == {key: 1}


def test_days_are_those_of_utc_and_in_their_order(facts: Facts):
    facts.request("a", age_seconds=-86_400 * 400, cost_micros=1)
    facts.request("b", age_seconds=0, cost_micros=900)

    days = list(rows(facts, "day"))

    assert days == sorted(days)
    assert f"{clock.now():%Y-%m-%d}" in days


def test_a_request_belongs_to_the_last_skill_before_it_in_its_prompt(facts: Facts):
    facts.fire(**IN_PROMPT, skill_name="first", age_seconds=100)
    facts.fire(**IN_PROMPT, skill_name="second", age_seconds=50)
    for number, age_seconds in enumerate((120, 100, 60, 50, 10)):
        facts.request(f"r{number}", age_seconds=age_seconds, cost_micros=10**number)

    assert costs(facts, "skill") == {"(none)": 1, "first": 110, "second": 11_000}


def test_of_two_skills_of_one_moment_the_later_row_counts(facts: Facts):
    facts.fire(**IN_PROMPT, skill_name="one", age_seconds=50)
    facts.fire(**IN_PROMPT, skill_name="two", age_seconds=50)
    facts.request("a", age_seconds=10, cost_micros=1)

    assert costs(facts, "skill") == {"two": 1}


@pytest.mark.parametrize(
    "other",
    [{"kind": "tool"}, {"kind": "session"}, {"session_id": "s2"}, {"prompt_id": "p2"}, {"prompt_id": None}],
    ids=str,
)
def test_only_a_skill_of_the_same_prompt_counts(facts: Facts, other: dict[str, Any]):
    facts.fire(**IN_PROMPT | {"skill_name": "x", "age_seconds": 100} | other)
    facts.request("a", age_seconds=10, cost_micros=1)

    assert costs(facts, "skill") == {"(none)": 1}


def test_a_skill_that_the_sender_named_counts_where_no_fire_says_better(facts: Facts):
    facts.request("a", skill_name="named", cost_micros=1, age_seconds=20)
    facts.fire(**IN_PROMPT, skill_name="private", age_seconds=10)
    facts.request("b", skill_name="named", cost_micros=10, age_seconds=5)

    assert costs(facts, "skill") == {"private": 10, "named": 1}


def test_an_unpriced_request_is_counted_and_is_no_zero(facts: Facts):
    facts.request("a", model="new")
    facts.request("b", model="mixed", cost_micros=5)
    facts.request("c", model="mixed")

    found = rows(facts, "model")

    assert (found["new"]["cost_micros"], found["new"]["unpriced_requests"]) == (None, 1)
    assert (found["mixed"]["cost_micros"], found["mixed"]["unpriced_requests"]) == (5, 1)
    assert list(found) == ["mixed", "new"]


def test_what_is_older_than_asked_for_and_what_is_somebody_elses_is_left_out(facts: Facts):
    facts.request("a", cost_micros=1)
    facts.request("b", cost_micros=10, engineer_id="amy")

    assert costs(facts, "model", since=datetime(9998, 1, 1, tzinfo=UTC)) == {}
    assert costs(facts, "model", engineer="amy") == {"claude-opus-4-8": 10}


def test_the_dearest_comes_first(facts: Facts):
    facts.request("a", model="cheap", cost_micros=1)
    facts.request("b", model="dear", cost_micros=9)

    assert list(rows(facts, "model")) == ["dear", "cheap"]


def test_another_tenants_requests_and_skills_are_not_there(facts: Facts):
    facts.fire(**IN_PROMPT, skill_name="theirs", age_seconds=100)
    facts.request("a", cost_micros=1)
    facts.speak_for("other")
    facts.request("a", cost_micros=2, age_seconds=10)

    assert costs(facts, "skill") == {"(none)": 2}


def test_hostile_names_are_keys_like_any_other(facts: Facts):
    for number, name in enumerate(HOSTILE_NAMES):
        facts.request(f"r{number}", repo=name, cost_micros=1)

    assert costs(facts, "repo") == dict.fromkeys(HOSTILE_NAMES, 1)
