"""Any order of the same facts tells of the same pull request, and the later word of whoever knows better counts."""

from functools import reduce
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.pull_request import (
    PATHS_MAX,
    PullRequest,
    PullRequestFacts,
    Undone,
    first,
    join,
    merge,
    takes_back,
    undoing,
)
from tallyward.domain.reverts import Reverted
from tests.pulls import SHAS, any_facts, minutes, told

SOME = st.lists(any_facts(), min_size=1, max_size=6)
OLD, NEW, MERGE, _ = SHAS


def heard(*facts: PullRequestFacts) -> PullRequest:
    whole: PullRequest | None = None
    for one in facts:
        whole = merge(whole, one)
    assert whole is not None
    return whole


@given(SOME, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_the_same_facts_ends_the_same(facts: list[PullRequestFacts], chance: Random):
    shuffled = [*facts, *facts]
    chance.shuffle(shuffled)
    assert heard(*shuffled) == heard(*facts)


@given(any_facts(), any_facts(), any_facts())
def test_the_grouping_of_three_words_does_not_matter(a: PullRequestFacts, b: PullRequestFacts, c: PullRequestFacts):
    assert join(join(first(a), first(b)), first(c)) == join(first(a), join(first(b), first(c)))


@given(SOME)
def test_a_moment_of_closing_is_known_of_what_is_closed_and_of_nothing_else(facts: list[PullRequestFacts]):
    whole = reduce(join, map(first, facts))
    assert (whole.merged_at is None) or whole.state == "merged"
    assert (whole.closed_at is None) or whole.state != "open"


def test_closed_heard_of_before_opened_ends_closed():
    opened = told(state="open", opened_at=minutes(0), head_branch="fix", updated_at=minutes(0))
    closed = told(state="closed", closed_at=minutes(9), updated_at=minutes(9))

    whole = heard(closed, opened)

    assert (whole.state, whole.closed_at, whole.opened_at, whole.head_branch) == (
        "closed", minutes(9), minutes(0), "fix",
    )  # fmt: skip
    assert whole == heard(opened, closed)


def test_what_is_opened_again_has_no_moment_of_closing():
    closed = told(state="closed", updated_at=minutes(5))

    assert heard(closed).closed_at == minutes(5)
    assert heard(closed, told(state="open", updated_at=minutes(6))).closed_at is None
    assert heard(told(state="open", updated_at=minutes(6)), closed).state == "open"


def test_what_is_merged_stays_merged_though_a_later_word_says_open():
    merged = told(state="merged", merged_at=minutes(5), updated_at=minutes(5), merge_sha=MERGE)

    whole = heard(merged, told(state="open", updated_at=minutes(8)))

    assert (whole.state, whole.merged_at, whole.merge_sha) == ("merged", minutes(5), MERGE)


def test_a_force_push_moves_the_head_and_an_older_word_does_not_move_it_back():
    pushed = told(head_sha=NEW, updated_at=minutes(3))

    assert heard(pushed, told(head_sha=OLD, updated_at=minutes(1))).head_sha == NEW


def test_a_forges_word_wins_over_a_clones_however_old():
    clone = told(source="git", state="merged", merged_at=minutes(90), author=None, updated_at=minutes(90))
    forge = told(source="sync", state="closed", closed_at=minutes(2), updated_at=minutes(2))

    assert heard(clone, forge).state == heard(forge, clone).state == "closed"
    assert heard(clone, forge).seen_by == ["git", "sync"]


def test_a_repository_is_called_what_it_was_called_when_last_spoken_of():
    synced_today = told(repo="example/new", repo_id=99, updated_at=minutes(0), told_at=minutes(60), source="sync")
    webhook_before = told(repo="example/old", repo_id=99, updated_at=minutes(30))

    assert heard(synced_today, webhook_before).repo == "example/new"


def test_the_trial_commit_of_an_open_one_is_no_merge_commit():
    assert heard(told(state="open", merge_sha=MERGE)).merge_sha is None


def test_a_deleted_branch_and_what_is_not_told_leave_what_was_known():
    before = told(head_branch="fix", labels=["bug"], draft=True)
    whole = heard(before, told(updated_at=minutes(4)))

    assert (whole.head_branch, whole.labels, whole.draft) == ("fix", ["bug"], True)
    assert heard(before, told(labels=[], draft=False, updated_at=minutes(4))).labels == []


def test_an_attempt_is_a_round_of_review_that_a_push_answered():
    asked = told(changes_requested_on=[OLD], head_sha=OLD, updated_at=minutes(1))
    pushed = told(head_sha=NEW, updated_at=minutes(2))

    assert heard(asked).attempts == 1
    assert heard(asked, asked, pushed).attempts == 2
    assert heard(told()).attempts == 1
    assert heard(told(source="git", attempts=3)).attempts == 3
    assert heard(told(source="git", attempts=3), pushed).attempts == 1


def test_of_a_huge_change_a_bounded_number_of_paths_is_kept():
    paths = [f"src/{number:05d}.py" for number in range(PATHS_MAX + 5)] + ["x" * 2_000, "", "a\0b"]

    assert first(told(changed_paths=paths)).changed_paths == paths[:PATHS_MAX]


def test_a_revert_is_known_by_number_merge_commit_or_the_beginning_of_one():
    target = first(told(7, state="merged", merge_sha=MERGE, head_sha=OLD))

    for said in (Reverted(number=7), Reverted(sha=MERGE), Reverted(sha=MERGE[:12]), Reverted(sha=OLD)):
        assert takes_back(first(told(9, reverts=said)), target)
    for said in (Reverted(number=8), Reverted(sha=NEW), Reverted(sha=MERGE[:4]), Reverted(), None):
        assert not takes_back(first(told(9, reverts=said)), target)
    assert not takes_back(target, target)


def test_what_is_taken_back_is_so_from_the_earliest_merge_that_says_it_and_still_stands():
    pull = first(told(7, state="merged", merged_at=minutes(1), merge_sha=MERGE))
    late, early, never = (
        first(told(8, state="merged", merged_at=minutes(9), reverts=Reverted(number=7))),
        first(told(9, state="merged", merged_at=minutes(5), reverts=Reverted(number=7))),
        first(told(10, state="closed", reverts=Reverted(number=7))),
    )

    def by(*takers: tuple[PullRequest, bool]) -> str | None:
        found = undoing(pull, takers)
        return found.by if found else None

    assert by((late, False), (early, False), (never, False)) == f"#{9}"
    assert by((late, False), (early, True)) == f"#{8}"
    assert by((never, False)) is None
    assert by((first(told(6, state="merged", merged_at=minutes(0), reverts=Reverted(number=7))), False)) is None
    assert undoing(first(told(7, state="open")), [(early, False)]) is None


def test_a_commit_of_no_pull_request_can_take_one_back():
    pull = first(told(7, source="git", state="merged", undone=Undone(sha=NEW, at=minutes(4))))

    found = undoing(pull, [])

    assert found is not None
    assert (found.by, found.at) == (NEW, minutes(4))
