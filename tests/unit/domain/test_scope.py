"""Scopes: held for concrete paths only, no longer than an hour, and never for what is not known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.scope import (
    HOLD_MAX,
    FileHistory,
    InFlight,
    OverlapPolicy,
    cost_of_holds,
    decide,
    overlap,
    overlap_policy,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOT = {"src/app.py": FileHistory(landings=10, conflicts=3)}
OTHER = [InFlight("S-1", frozenset({"src/app.py", "src/cold.py", "docs"}))]
paths = st.frozensets(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join), max_size=4)


def decision(policy: OverlapPolicy, *mine: str, **facts: Any):
    return decide(policy, frozenset(mine), OTHER, HOT, now=NOW, **facts)


@pytest.mark.parametrize(
    ("policy", "path", "held"),
    [
        ("relaxed", "src/app.py", False),
        ("graded", "src/app.py", True),
        ("graded", "src/cold.py", False),
        ("strict", "src/cold.py", True),
        ("strict", "docs/index.md", True),
        ("strict", "docsx/index.md", False),
        ("strict", "src/application.py", False),
    ],
)
def test_how_strict_the_policy_is_says_which_overlap_holds(policy: OverlapPolicy, path: str, held: bool):
    found = decision(policy, path)

    assert found.hold is held
    assert found.blockers == (("S-1",) if held else ())


def test_a_hold_says_when_it_ends_what_it_cost_and_then_lets_go():
    begun = NOW - timedelta(minutes=20)
    held = decision("strict", "src/app.py", held_since=begun)
    over = decision("strict", "src/app.py", held_since=NOW - HOLD_MAX)

    assert (held.hold, held.cost, held.ends_at) == (True, timedelta(minutes=20), begun + HOLD_MAX)
    assert (over.hold, over.expired, over.paths) == (False, True, ("src/app.py",))


def test_what_is_urgent_or_does_not_say_what_it_changes_is_not_held():
    assert not decision("strict", "src/app.py", urgent=True).hold
    assert not decision("strict").hold


@pytest.mark.parametrize(
    ("conflicts", "landings", "hot"), [(3, 15, True), (3, 16, False), (2, 2, False), (0, 0, False)]
)
def test_a_file_is_hot_by_number_and_by_share(conflicts: int, landings: int, hot: bool):
    assert FileHistory(landings=landings, conflicts=conflicts).hot is hot


@given(paths, paths)
def test_overlap_is_seen_from_both_sides(mine: frozenset[str], theirs: frozenset[str]):
    assert bool(overlap(mine, theirs)) == bool(overlap(theirs, mine))
    assert overlap(mine, mine) == mine
    assert overlap(mine, theirs) <= mine


def test_the_policy_follows_the_conflict_rate_and_is_graded_while_nobody_knows():
    assert [overlap_policy(state) for state in ("below", "between", "above", "undefined")] == [
        "relaxed", "graded", "strict", "graded",
    ]  # fmt: skip


def test_what_holds_cost_is_their_sum():
    assert cost_of_holds([(NOW, NOW + timedelta(minutes=5)), (NOW, NOW + timedelta(minutes=7))]) == timedelta(
        minutes=12
    )
