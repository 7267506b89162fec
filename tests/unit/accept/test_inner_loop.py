"""Quick runs and busy people, both; one that fails makes it red, one that is not known keeps it from green."""

import pytest

from tallyward.accept.inner_loop import InnerLoop
from tests.unit.accept.facts import facts

QUICK, SLOW = (20.0, 30.0, 400.0), (20.0, 60.0, 400.0)
IDLE = {"ann": 12, "bob": 10, "cyd": 40}


@pytest.mark.parametrize(
    ("changed", "light", "value"),
    [
        ({"run_seconds": QUICK}, "green", "median run 30 s, 3 of 3 over 10"),
        ({"run_seconds": SLOW}, "red", "median run 60 s, 3 of 3 over 10"),
        ({"run_seconds": QUICK, "fires_1d": IDLE}, "red", "median run 30 s, 2 of 3 over 10"),
        ({}, "cannot tell", "3 of 3 over 10"),
        ({"fires_1d": IDLE}, "red", "2 of 3 over 10"),
        ({"team": (), "run_seconds": QUICK}, "cannot tell", "median run 30 s"),
        ({"team": ()}, "cannot tell", None),
        ({"team": (), "run_seconds": SLOW}, "red", "median run 60 s"),
        ({"run_seconds": QUICK, "unread": ("o/r",)}, "cannot tell", "median run 30 s, 3 of 3 over 10"),
        ({"run_seconds": SLOW, "unread": ("o/r",)}, "red", "median run 60 s, 3 of 3 over 10"),
    ],
)
def test_both_halves_must_hold(changed, light, value):
    verdict = InnerLoop.decide(facts(**changed))

    assert (verdict.light, verdict.value) == (light, value)


def test_who_types_by_hand_is_named_apart_from_the_reason():
    verdict = InnerLoop.decide(facts(fires_1d={"ann": 12, "cyd": 40}))

    assert verdict.who == ("bob",)
    assert "bob" not in verdict.reason
