"""A branch that takes a push is red, and what nobody asked the forge about is not green."""

import pytest

from tallyward.accept.branch_protection import BranchProtection
from tests.unit.accept.facts import facts


@pytest.mark.parametrize(
    ("branches", "light", "value"),
    [
        (None, "cannot tell", None),
        ({}, "cannot tell", None),
        ({"o/infra main": True, "o/g8 qa": False}, "red", "1 of 2 branches"),
        ({"o/infra main": True, "o/g8 qa": True}, "green", "2 of 2 branches"),
    ],
)
def test_one_branch_that_takes_a_push_is_enough_for_red(branches, light, value):
    verdict = BranchProtection.decide(facts(branches=branches))

    assert (verdict.light, verdict.value) == (light, value)


def test_what_is_missing_is_named():
    assert "[[forges]]" in BranchProtection.decide(facts()).reason
    unread = BranchProtection.decide(facts(branches={"o/infra main": True}, unread=("o/g8",)))
    assert (unread.light, "o/g8" in unread.reason) == ("cannot tell", True)


def test_an_open_branch_is_red_whatever_else_was_not_told():
    assert BranchProtection.decide(facts(branches={"o/g8 qa": False}, unread=("o/infra",))).light == "red"
