"""Five rules that say what to do instead, run on every pull request."""

import pytest

from tallyward.accept._base import Checkout
from tallyward.accept.bespoke_lints import BespokeLints
from tests.unit.accept.facts import CHECKOUT, RULE, WORKFLOW, facts

PATH = ".github/workflows/lint.yml"
FOUR = {f"rule-{n}.yml": RULE for n in range(4)}


@pytest.mark.parametrize(
    ("changed", "light", "value"),
    [
        ({}, "green", "5 of 5"),
        ({"lints": None}, "cannot tell", None),
        ({"lints": {}}, "red", "0 of 5"),
        ({"lints": FOUR}, "red", "4 of 5"),
        ({"lints": FOUR | {"mute.yml": "message: do not do that"}}, "red", "4 of 5"),
        ({"checkouts": {}}, "cannot tell", "5 of 5"),
        ({"checkouts": {"o/r": Checkout(workflows={PATH: "on: pull_request\n"})}}, "cannot tell", "5 of 5"),
        (
            {"checkouts": {"o/r": Checkout(workflows={PATH: WORKFLOW.replace(", pull_request", "")})}},
            "cannot tell",
            "5 of 5",
        ),
        (
            {"checkouts": {"o/s": CHECKOUT, "o/r": Checkout(workflows={PATH: "on:\n  pull_request:\n"})}},
            "green",
            "5 of 5",
        ),
    ],
)
def test_enough_rules_that_every_pull_request_meets(changed, light, value):
    verdict = BespokeLints.decide(facts(**changed))

    assert (verdict.light, verdict.value) == (light, value)


def test_a_rule_without_a_way_out_is_named():
    assert "mute.yml" in BespokeLints.decide(facts(lints=FOUR | {"mute.yml": "no"})).reason
