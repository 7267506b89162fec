"""Agent economics: dollars per merged pull request, and when there is no such number."""

from decimal import Decimal
from typing import Any

from tallyward.metrics.agent_economics import AgentEconomics
from tests.ledger.metrics.facts import DAY_SECONDS, HOSTILE_NAMES, Facts

IN_CLUSTER = {"engineer_id": "fleet", "runtime": "k8s-job"}


def agents(facts: Facts, **params: object) -> dict[str, dict[str, Any]]:
    return {row["agent"]: row for row in facts.measured(AgentEconomics, **params)}


def test_dollars_are_divided_by_what_was_merged(facts: Facts):
    facts.fire(**IN_CLUSTER, skill_name="5xx_fixer", cost_usd_cents=1250, times=2)
    facts.merged("axon/5xx_fixer/101", 1)
    facts.merged("axon/5xx_fixer/102", 2)

    row = agents(facts)["5xx_fixer"]

    assert (row["runs"], row["cost_usd"], row["prs_merged"]) == (2, Decimal(25), 2)
    assert row["cost_usd_per_merged_pr"] == Decimal("12.5")


def test_nothing_merged_is_no_price_and_not_zero(facts: Facts):
    facts.fire(**IN_CLUSTER, cost_usd_cents=100)
    facts.opened("axon//start/1", 1)

    row = agents(facts)["/start"]

    assert (row["prs_merged"], row["cost_usd_per_merged_pr"]) == (0, None)


def test_nothing_metered_is_no_cost_and_not_zero(facts: Facts):
    facts.fire(**IN_CLUSTER)
    facts.merged("axon//start/1", 1)

    row = agents(facts)["/start"]

    assert (row["cost_usd"], row["cost_usd_per_merged_pr"]) == (None, None)


def test_cost_comes_from_the_runs_that_are_metered(facts: Facts):
    facts.fire(**IN_CLUSTER, cost_usd_cents=150)
    facts.fire(**IN_CLUSTER, cost_usd_cents=None)

    assert (agents(facts)["/start"]["runs"], agents(facts)["/start"]["cost_usd"]) == (2, Decimal("1.5"))


def test_only_runs_in_the_cluster_are_agents(facts: Facts):
    facts.fire(cost_usd_cents=5)

    assert agents(facts) == {}


def test_runs_and_merges_share_one_window(facts: Facts):
    facts.fire(**IN_CLUSTER, skill_name="now", cost_usd_cents=100)
    facts.fire(**IN_CLUSTER, skill_name="past", age_seconds=30 * DAY_SECONDS)
    facts.merged("axon/now/1", 1, age_seconds=30 * DAY_SECONDS)
    facts.merged("axon/now/2", 2, age_seconds=30 * DAY_SECONDS - 1)

    found = agents(facts)

    assert list(found) == ["now"]
    assert found["now"]["prs_merged"] == 1


def test_an_agent_is_known_by_its_whole_name_and_not_by_a_pattern(facts: Facts):
    facts.fire(**IN_CLUSTER, skill_name="a_b")
    facts.merged("axon/aXb/1", 1)
    facts.merged("axon/a_bc/2", 2)
    facts.merged("axon/a_b/3", 3)

    assert agents(facts)["a_b"]["prs_merged"] == 1


def test_the_dearest_comes_first_and_the_unmetered_last(facts: Facts):
    facts.fire(**IN_CLUSTER, skill_name="unmetered")
    facts.fire(**IN_CLUSTER, skill_name="cheap", cost_usd_cents=1)
    facts.fire(**IN_CLUSTER, skill_name="dear", cost_usd_cents=900)

    assert list(agents(facts)) == ["dear", "cheap", "unmetered"]


def test_another_tenants_runs_and_merges_are_not_there(facts: Facts):
    facts.merged("axon//start/1", 1)
    facts.speak_for("other")
    facts.fire(**IN_CLUSTER, cost_usd_cents=100)

    assert agents(facts)["/start"]["prs_merged"] == 0


def test_hostile_names_own_the_merges_of_exactly_their_letters(facts: Facts):
    for number, name in enumerate(HOSTILE_NAMES):
        facts.fire(**IN_CLUSTER, skill_name=name, cost_usd_cents=100)
        facts.merged(f"axon/{name}/1", number)

    assert {name: row["prs_merged"] for name, row in agents(facts).items()} == dict.fromkeys(HOSTILE_NAMES, 1)
