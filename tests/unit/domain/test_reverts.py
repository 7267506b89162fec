"""A revert is known by the words that git and the forges write, and by no others. `~` stands for `#` in them."""

import pytest

from tallyward.domain.reverts import Reverted, reverted, same_commit

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("said", "number", "sha"),
    [
        ({"title": 'Revert "Add x"', "message": "Reverts example/app#12"}, 12, None),
        ({"title": 'Revert "Add x"', "message": "Reverts Example/App#12\n\nIt broke."}, 12, None),
        ({"title": 'Revert "Add x"', "message": "Reverts ~12"}, 12, None),
        ({"title": "Undo it", "head_branch": "revert-12-add-x"}, 12, None),
        ({"title": "Undo it", "head_branch": "someone:revert-12-add-x"}, 12, None),
        ({"title": 'Revert "Add x (~12)"'}, 12, None),
        ({"title": 'Revert "Add x (~12)" (~15)'}, 12, None),
        ({"title": 'Revert "Revert "Add x (~12)" (~15)" (~16)'}, 15, None),
        ({"title": 'Revert "Revert "Add x (~12)""'}, None, None),
        ({"title": 'Reapply "Add x (~12)"', "message": f"This reverts commit {SHA}."}, None, SHA),
        ({"title": 'Reapply "Add x (~12)"'}, None, None),
        ({"title": 'Revert "Add "quoted" words"'}, None, None),
        ({"message": f'Revert "Add x (~12)"\n\nThis reverts commit {SHA}.'}, None, SHA),
        ({"message": f"Undo\n\nThis reverts commit {SHA}, reversing\nchanges made to {SHA[::-1]}."}, None, SHA),
        ({"message": "Undo\n\nthis reverts commit ABCDEF12"}, None, "abcdef12"),
        ({"message": 'Revert "x"\n\nThis reverts merge request !31'}, 31, None),
        ({"message": 'Revert "x"\n\nThis reverts merge request example/app!31'}, 31, None),
        ({"title": 'revert "lower case"'}, None, None),
    ],
    ids=str,
)  # fmt: skip
def test_what_takes_something_back_says_what(said: dict[str, str], number: int | None, sha: str | None):
    words = {name: text.replace("~", "#") for name, text in said.items()}
    assert reverted(**words, repo="example/app") == Reverted(number=number, sha=sha)


@pytest.mark.parametrize(
    "said",
    [
        {"title": "Revert to the old look"},
        {"title": "Add a revert button", "message": "It reverts the form."},
        {"head_branch": "revert-button"},
        {"head_branch": "dont-revert-12"},
        {"head_branch": "revert-0-x"},
        {"message": "See other/repo. Reverts nothing"},
        {"message": "x\n\nReverts other/repo#12"},
        {"message": "It does this: This reverts commit abc"},
        {},
        {"title": "", "message": "", "head_branch": ""},
        {"title": "\0\ud800", "message": "\0" * 100},
    ],
    ids=str,
)
def test_what_takes_nothing_back_is_not_taken_for_it(said: dict[str, str]):
    assert reverted(**said, repo="example/app") is None


def test_a_long_text_is_read_in_no_time():
    text = "\n" * 100_000 + 'Revert "' * 10_000 + "a/" * 50_000

    assert reverted(title=text, message=text, head_branch=text) is None


def test_a_commit_is_named_by_its_beginning_but_not_by_a_few_letters():
    assert same_commit(SHA[:7], SHA)
    assert same_commit(SHA, SHA)
    assert not same_commit(SHA[:6], SHA)
    assert not same_commit(None, SHA)
    assert not same_commit(SHA, None)
