"""Outcomes: how many fires there are, and how they ended."""

from tallyward.metrics.outcomes import Outcomes
from tests.ledger.metrics.facts import Facts


def test_every_kind_is_counted_by_its_outcome(facts: Facts):
    facts.fire(times=3)
    facts.fire(kind="tool", status="error")
    facts.fire(kind="session", status="abandoned", times=2)

    assert facts.measured(Outcomes) == [{"fires": 6, "successful": 3, "errors": 1, "abandoned": 2}]
    assert facts.measured(Outcomes, kind="x", kinds=["tool"])[0]["fires"] == 1
    assert facts.measured(Outcomes, status="abandoned")[0]["fires"] == 2


def test_nothing_is_none_of_anything(facts: Facts):
    assert facts.measured(Outcomes) == [{"fires": 0, "successful": 0, "errors": 0, "abandoned": 0}]
