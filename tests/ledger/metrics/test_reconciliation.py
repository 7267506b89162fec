"""Reconciliation: ours against theirs over what both priced, and what no skill explains."""

from typing import Any

from tallyward.metrics.reconciliation import Reconciliation
from tests.ledger.metrics.facts import DAY_SECONDS, HOSTILE_NAMES, Facts

IN_PROMPT = {"session_id": "s", "prompt_id": "p"}


def rows(facts: Facts, **params: object) -> dict[str, dict[str, Any]]:
    found = facts.measured(Reconciliation, **{"engineer": None} | params)
    return {row["engineer_id"]: row for row in found}


def test_cost_with_a_skill_and_cost_without_are_the_whole_cost(facts: Facts):
    facts.fire(**IN_PROMPT, age_seconds=0)
    facts.request("before", age_seconds=1, cost_micros=1)
    facts.request("after", age_seconds=0, cost_micros=10)
    facts.request("named", age_seconds=1, cost_micros=100, skill_name="/start")

    row = rows(facts)["thomas-c"]

    assert (row["attributed_micros"], row["unattributed_micros"]) == (110, 1)
    assert (row["fires"], row["requests"]) == (1, 3)


def test_ours_and_theirs_are_compared_over_the_requests_that_have_both(facts: Facts):
    facts.request("both", age_seconds=0, cost_micros=10, reported_cost_micros=12)
    facts.request("ours", age_seconds=0, cost_micros=1_000)
    facts.request("theirs", age_seconds=0, reported_cost_micros=5_000)

    row = rows(facts)["thomas-c"]

    assert (row["compared_requests"], row["our_micros"], row["reported_micros"], row["gap_micros"]) == (1, 10, 12, 2)
    assert row["unpriced_requests"] == 1


def test_nothing_to_compare_is_no_gap_and_not_zero(facts: Facts):
    facts.request("ours", age_seconds=0, cost_micros=1_000)

    row = rows(facts)["thomas-c"]

    assert (row["compared_requests"], row["our_micros"], row["reported_micros"], row["gap_micros"]) == (0,) + (
        None,
    ) * 3


def test_what_several_paths_saw_is_told(facts: Facts):
    facts.fire(age_seconds=0, seen_by=["hook", "otlp"])
    facts.fire(age_seconds=0, seen_by=["hook"])
    facts.request("a", age_seconds=0, seen_by=["otlp", "transcript"])

    row = rows(facts)["thomas-c"]

    assert (row["fires_seen_by_several"], row["requests_seen_by_several"]) == (1, 1)


def test_what_the_exporter_says_of_a_request_is_compared_although_the_transcript_is_counted(facts: Facts):
    facts.request("exported", age_seconds=0, cost_micros=10, reported_cost_micros=12, seen_by=["otlp"])
    facts.request("msg_1", age_seconds=0, cost_micros=10, seen_by=["transcript"])

    row = rows(facts)["thomas-c"]

    assert (row["requests"], row["requests_told_twice"], row["unattributed_micros"]) == (1, 1, 10)
    assert (row["compared_requests"], row["our_micros"], row["reported_micros"], row["gap_micros"]) == (1, 10, 12, 2)


def test_a_day_of_which_every_request_is_counted_elsewhere_is_there(facts: Facts):
    facts.request("exported", age_seconds=0, cost_micros=10, engineer_id="amy", seen_by=["otlp"])
    facts.request("msg_1", age_seconds=0, cost_micros=10, engineer_id="bo", seen_by=["transcript"])

    found = rows(facts)

    assert {name: (row["requests"], row["requests_told_twice"]) for name, row in found.items()} == {
        "amy": (0, 1), "bo": (1, 0),
    }  # fmt: skip


def test_days_and_engineers_with_only_fires_or_only_requests_are_there(facts: Facts):
    facts.fire(age_seconds=0, engineer_id="amy")
    facts.request("a", age_seconds=0, engineer_id="bo")
    facts.request("b", age_seconds=0, engineer_id=None)

    found = rows(facts)

    assert {name: (row["fires"], row["requests"]) for name, row in found.items()} == {
        "amy": (1, 0), "bo": (0, 1), "unknown": (0, 1),
    }  # fmt: skip


def test_each_day_has_a_row_of_its_own_and_the_newest_comes_first(facts: Facts):
    facts.fire(age_seconds=2 * DAY_SECONDS)
    facts.fire(age_seconds=0)
    facts.fire(age_seconds=31 * DAY_SECONDS)

    days = [row["day"] for row in facts.measured(Reconciliation, engineer=None)]

    assert [(days[0] - day).days for day in days] == [0, 2]


def test_an_engineer_alone_may_be_asked_for(facts: Facts):
    facts.fire(engineer_id="amy")
    facts.request("a", engineer_id="bo")

    assert list(rows(facts, engineer="bo")) == ["bo"]


def test_another_tenants_rows_are_not_there(facts: Facts):
    facts.fire()
    facts.request("a")
    facts.speak_for("other")

    assert rows(facts) == {}


def test_hostile_names_have_rows_like_any_other(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.fire(engineer_id=name, age_seconds=0)
        facts.request(name, engineer_id=name, age_seconds=0)

    assert {name: (row["fires"], row["requests"]) for name, row in rows(facts).items()} == dict.fromkeys(
        HOSTILE_NAMES, (1, 1)
    )
