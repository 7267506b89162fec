"""The median pickup decides, and without any there is nothing to decide."""

import pytest

from tallyward.accept.label_to_pickup import LabelToPickup
from tests.unit.accept.facts import facts


@pytest.mark.parametrize(
    ("seconds", "light"),
    [
        (None, "cannot tell"),
        ((), "cannot tell"),
        ((1.0, 59.9, 3_600.0), "green"),
        ((1.0, 60.0, 3_600.0), "red"),
    ],
)
def test_the_median_is_under_a_minute(seconds, light):
    assert LabelToPickup.decide(facts(pickup_seconds=seconds)).light == light
