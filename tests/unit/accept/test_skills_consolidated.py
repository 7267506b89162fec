"""A skill is gone when no repository has it and nobody fires it."""

import pytest

from tallyward.accept._base import Checkout
from tallyward.accept.skills_consolidated import SkillsConsolidated
from tests.unit.accept.facts import CHECKOUT, facts

GONE = {"commit": 0, "assign-prds": 0, "capacity-check": 0}


@pytest.mark.parametrize(
    ("changed", "light", "says"),
    [
        ({}, "green", "In none of o/r"),
        ({"checkouts": {}}, "cannot tell", "[accept.checkouts]"),
        (
            {"checkouts": {"o/r": CHECKOUT, "o/s": Checkout(problem="/s is no folder")}},
            "cannot tell",
            "/s is no folder",
        ),
        ({"checkouts": {"o/r": Checkout(commands=frozenset({"commit", "ship"}))}}, "red", "/commit in o/r"),
        ({"retired_fires": GONE | {"commit": 3}}, "red", "/commit (3 in 7 days)"),
        ({"retired_fires": GONE | {"commit": 3}, "checkouts": {}}, "red", "/commit (3 in 7 days)"),
    ],
)
def test_gone_means_gone_from_the_repositories_and_from_use(changed, light, says):
    verdict = SkillsConsolidated.decide(facts(**changed))

    assert verdict.light == light
    assert says in verdict.reason
