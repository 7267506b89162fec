"""Agent survival: the latest snapshot, and of it what was merged and stayed."""

from datetime import date
from typing import Any

from tallyward.metrics.agent_survival import AgentSurvival
from tests.ledger.metrics.facts import Facts


def snapshot(facts: Facts, agent: str, days_ago: int, **counts: int) -> None:
    numbers = {"runs_30d": 9, "prs_opened_30d": 10, "prs_merged_30d": 7, "prs_reverted_30d": 2} | counts
    facts.health(agent, days_ago, **numbers)


def survivals(facts: Facts, **params: Any) -> dict[str, tuple[int, int]]:
    rows = facts.measured(AgentSurvival, **params)
    return {row["agent"]: (row["survived"], row["prs_opened"]) for row in rows}


def test_the_latest_snapshot_counts_and_those_of_tomorrow_do_not(facts: Facts):
    snapshot(facts, "fixer", 3, prs_merged_30d=10, prs_reverted_30d=0)
    snapshot(facts, "fixer", 1)
    snapshot(facts, "fixer", -2, prs_merged_30d=10, prs_reverted_30d=0)

    assert survivals(facts) == {"fixer": (5, 10)}
    assert isinstance(facts.measured(AgentSurvival)[0]["snapshot_date"], date)


def test_more_reverts_than_merges_are_none_left_and_not_fewer(facts: Facts):
    snapshot(facts, "fixer", 1, prs_merged_30d=1, prs_reverted_30d=4)
    snapshot(facts, "writer", 1, prs_opened_30d=3, prs_merged_30d=5, prs_reverted_30d=0)

    assert survivals(facts) == {"fixer": (0, 10), "writer": (3, 3)}


def test_no_snapshot_is_no_line(facts: Facts):
    assert survivals(facts) == {}
