"""Agent runs: what ran in the cluster, how it ended and what it cost."""

from tallyward.metrics.agent_runs import AgentRuns
from tests.ledger.metrics.facts import HOSTILE_NAMES, Facts

IN_CLUSTER = {"engineer_id": "fleet", "runtime": "k8s-job"}


def test_runs_are_told_by_how_they_ended_and_the_dearest_agent_comes_first(facts: Facts):
    facts.fire(**IN_CLUSTER, skill_name="unmetered", latency_ms=20)
    facts.fire(**IN_CLUSTER, skill_name="fixer", cost_micros=7, times=2)
    facts.fire(**IN_CLUSTER, skill_name="fixer", status="error")

    fixer, unmetered = facts.measured(AgentRuns)

    assert (fixer["agent"], fixer["runs"], fixer["successful"], fixer["errors"], fixer["cost_micros"]) == (
        "fixer", 3, 2, 1, 14,
    )  # fmt: skip
    assert (unmetered["cost_micros"], unmetered["p50_latency_ms"], fixer["p50_latency_ms"]) == (None, 20, None)


def test_what_people_run_is_no_agents_run(facts: Facts):
    facts.fire()
    facts.fire(**IN_CLUSTER, kind="tool")

    assert facts.measured(AgentRuns) == []


def test_hostile_names_run_like_any_other(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.fire(**IN_CLUSTER, skill_name=name)

    assert {row["agent"] for row in facts.measured(AgentRuns)} == set(HOSTILE_NAMES)
