"""Everyone of the team is on the board, and a fire of this very moment shows that they land in time."""

import pytest

from tallyward.accept.engineers_visible import EngineersVisible
from tests.unit.accept.facts import facts


@pytest.mark.parametrize(
    ("changed", "light"),
    [
        ({}, "green"),
        ({"start_seconds": 300.0}, "green"),
        ({"start_seconds": 301.0}, "cannot tell"),
        ({"start_seconds": None}, "cannot tell"),
        ({"team": ()}, "cannot tell"),
        ({"graded": frozenset({"ann", "cyd"})}, "red"),
        ({"graded": frozenset({"ann", "cyd"}), "start_seconds": None}, "red"),
    ],
)
def test_a_missing_person_is_red_and_a_missing_start_is_not_green(changed, light):
    assert EngineersVisible.decide(facts(**changed)).light == light


def test_who_is_missing_is_named_apart_from_the_reason():
    verdict = EngineersVisible.decide(facts(graded=frozenset({"ann", "cyd"})))

    assert (verdict.value, verdict.who) == ("2 of 3 have a grade", ("bob",))
    assert "bob" not in verdict.reason
