"""Cost days: what each key took on each day."""

import pytest

from tallyward import clock
from tallyward.metrics.cost_days import CostDays
from tests.ledger.metrics.facts import Facts


@pytest.mark.parametrize(
    ("by", "key"),
    [
        ("skill", "ship"),
        ("model", "claude-opus-4-8"),
        ("repo", "(none)"),
        ("engineer", "thomas-c"),
        ("runtime", "k8s-job"),
        ("agent", "ship"),
    ],
)
def test_each_key_has_its_days(facts: Facts, by: str, key: str):
    facts.request("a", cost_micros=5, skill_name="ship", runtime="k8s-job", age_seconds=0)
    facts.request("b", cost_micros=6, skill_name="ship", runtime="k8s-job", age_seconds=0)

    assert facts.measured(CostDays, by=by) == [
        {"key": key, "day": clock.now().date(), "cost_micros": 11, "requests": 2}
    ]


def test_without_a_price_there_is_no_cost_and_what_people_asked_is_no_agents(facts: Facts):
    facts.request("a", skill_name="ship", runtime="claude-code-cli")

    (row,) = facts.measured(CostDays, by="agent")

    assert (row["key"], row["cost_micros"]) == ("(people)", None)
