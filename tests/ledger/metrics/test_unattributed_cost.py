"""Unattributed cost: what no skill explains, beside the whole."""

from tallyward.metrics.unattributed_cost import UnattributedCost
from tests.ledger.metrics.facts import Facts


def test_what_no_skill_explains_is_told_apart(facts: Facts):
    facts.request("a", cost_micros=5, skill_name="ship")
    facts.request("b", cost_micros=7, prompt_id="other")
    facts.request("c", prompt_id="other")

    (row,) = facts.measured(UnattributedCost)

    assert row == {"requests": 3, "unattributed_requests": 2, "cost_micros": 12, "unattributed_micros": 7}


def test_no_request_has_no_cost_and_no_zero(facts: Facts):
    (row,) = facts.measured(UnattributedCost)

    assert row == {"requests": 0, "unattributed_requests": 0, "cost_micros": None, "unattributed_micros": None}
