"""Cost per merged PR: the true cost over what was merged, and no number where one of them is missing."""

from tallyward.metrics.cost_per_merged_pr import CostPerMergedPr
from tests.ledger.metrics.facts import DAY_SECONDS, Facts

IN_CLUSTER = {"engineer_id": "fleet", "runtime": "k8s-job"}


def prices(facts: Facts) -> dict[str, tuple[int | None, int, int | None]]:
    return {
        row["agent"]: (row["cost_micros"], row["prs_merged"], row["micros_per_pr"])
        for row in facts.measured(CostPerMergedPr)
    }


def test_micros_are_divided_by_what_was_merged_in_the_range(facts: Facts):
    facts.fire(**IN_CLUSTER, skill_name="fixer", cost_micros=5_000_001)
    facts.merged("axon/fixer/1", 1)
    facts.merged("axon/fixer/2", 2)
    facts.merged("axon/fixer/3", 3, age_seconds=31 * DAY_SECONDS)
    facts.merged("axon/fixers/4", 4)

    assert prices(facts) == {"fixer": (5_000_001, 2, 2_500_001)}


def test_nothing_merged_or_nothing_metered_is_no_price_and_not_zero(facts: Facts):
    facts.fire(**IN_CLUSTER, skill_name="idle", cost_micros=5)
    facts.fire(**IN_CLUSTER, skill_name="unmetered")
    facts.merged("axon/unmetered/1", 1)
    facts.opened("axon/idle/2", 2)

    assert prices(facts) == {"idle": (5, 0, None), "unmetered": (None, 1, None)}
