"""The words of each forge for a merge are understood, and other words make no pull request. `~` stands for `#`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.attribution import AgentRules
from tallyward.domain.git_words import Said, said
from tallyward.domain.reverts import Reverted

RULES = AgentRules()
ANN = b"Ann <ann@example.org>"


def read(message: str | bytes, *, merge: bool, author: bytes = ANN) -> Said:
    raw = message.replace("~", "#").encode() if isinstance(message, str) else message
    return said(raw, author, merge=merge, repo="example/app", rules=RULES)


@pytest.mark.parametrize(
    ("message", "number", "branch"),
    [
        ("Merge pull request ~12 from ann/feature/x\n\nTitle", 12, "feature/x"),
        ("Merge pull request ~12 from feature", 12, "feature"),
        ("Merge pull request 'A title (~3)' (~12) from feature/x into main", 12, "feature/x"),
        ("Merge pull request 'A title' (~12) from ann:x into main", 12, "x"),
        ("Merged in feature/x (pull request ~12)\n\nTitle", 12, "feature/x"),
        ("Merged PR 12: Title", 12, None),
        ("Merge branch 'feature/x' into 'main'\n\nTitle\n\nSee merge request example/app!12", 12, "feature/x"),
        ("Merge branch 'feature/x'", None, "feature/x"),
        ("Merge branch 'x' of https://example.org/app into main", None, "x"),
        ("Merge remote-tracking branch 'origin/x'", None, "x"),
        ("Merge branches 'left' and 'right'", None, "left"),
        ("Merge tag 'v1.2'", None, None),
        ("Bring it all together (~12)", 12, None),
        ("Merge pull request ~0 from ann/x", None, "x"),
        ("Merge branch '" + "x" * 500 + "'", None, None),
        ("", None, None),
    ],
    ids=str,
)
def test_a_merge_tells_its_number_and_branch_where_it_does(message: str, number: int | None, branch: str | None):
    found = read(message, merge=True)
    assert (found.number, found.branch) == (number, branch)


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Add x (~12)", 12), ("Add x (~12)\n\n* one\n* two (~3)", 12), ("Fix ~12", None), ("(~12) Add x", None),
        ("Merge pull request ~12 from ann/x", None), ("Add x (~99999999999)", None),
    ],
    ids=str,
)  # fmt: skip
def test_a_single_commit_is_a_squash_by_the_number_at_the_end_of_its_first_line(message: str, number: int | None):
    assert read(message, merge=False).number == number


def test_what_a_merge_takes_back_is_told_by_the_title_in_its_body():
    found = read('Merge pull request ~9 from ann/revert-4-x\n\nRevert "Add x"', merge=True)
    assert found.reverts == Reverted(number=4)


def test_an_agent_is_known_by_the_author_too_and_only_as_an_agent():
    found = read("Work", merge=False, author=b"Cursor Agent <cursoragent@cursor.com>")
    assert found.co_agents == ("cursor",)


@given(st.binary(max_size=300), st.binary(max_size=80), st.booleans())
def test_any_bytes_are_read_and_none_of_them_kept(message: bytes, author: bytes, merge: bool):
    found = said(message, author, merge=merge, repo=None, rules=RULES)
    assert found.number is None or found.number > 0
