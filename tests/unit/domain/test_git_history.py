"""History is told by the chain of first parents; attempts are an estimate whose rule is written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.attribution import AgentRules
from tallyward.domain.git_history import ROUND_GAP_SECONDS, Commit, History, commits, rounds, undone_directly
from tallyward.domain.git_words import Said
from tallyward.domain.reverts import Reverted

MARK = b"a-mark-of-this-run"
DAY = ROUND_GAP_SECONDS


def name(letter: str) -> str:
    return letter * 40


def commit(letter: str, *parents: str, at: int = 0, paths: tuple[str, ...] = (), **told: object) -> Commit:
    return Commit(
        sha=name(letter), parents=tuple(map(name, parents)), committed=at, written=at,
        said=Said(**told), paths=paths,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def history(*newest_first: Commit) -> History:
    made = History("main")
    for one in newest_first:
        made.add(one)
    return made


@pytest.mark.parametrize(
    ("work", "updates", "count"),
    [
        ([], [], 0), ([0], [], 1), ([0, 10, DAY], [], 1), ([0, DAY + 1], [], 2), ([0, 5], [3], 2), ([0, 5], [9], 1),
        ([0, 5], [0], 1), ([0, 5, 6], [3, 4], 2), ([0, 3 * DAY, 6 * DAY], [DAY], 3),
    ],
    ids=str,
)  # fmt: skip
def test_a_round_ends_with_a_day_of_silence_or_an_update_before_more_work(
    work: list[int], updates: list[int], count: int
):
    assert rounds(work, updates) == count


def test_each_commit_belongs_to_the_first_merge_that_brought_it():
    found = history(
        commit("m", "k", "y", "z", at=9, number=2), commit("z", "x", at=5), commit("k", "a", "x", at=6, number=1),
        commit("y", "a", at=4), commit("x", "a", at=2), commit("a", at=0),
    )  # fmt: skip

    (_, first, second) = found.changes()

    assert (first.began, first.base, first.attempts) == (2, name("a"), 1)
    assert (second.began, second.kind, second.head) == (4, "merge", None)
    assert len(found) == 6


def test_the_end_of_a_shallow_history_is_the_end():
    (one, two) = history(commit("c", "b", "x", at=5), commit("b", "gone", at=1, number=4)).changes()

    assert (one.kind, two.kind, two.attempts) == ("squash", "merge", None)


def test_main_that_is_merged_into_itself_is_nobodys_pull_request():
    (_, pull) = history(commit("c", "a", "b", at=5, branch="main"), commit("b", "a", at=2), commit("a")).changes()

    assert (pull.kind, pull.attempts) == ("direct", None)


def test_a_direct_revert_counts_until_it_is_reverted_itself():
    change = commit("a", "0", at=1, number=7)
    undo = commit("b", "a", at=2, reverts=Reverted(sha=name("a")))
    redo = commit("c", "b", at=3, reverts=Reverted(sha=name("b")))

    undone = undone_directly(list(history(undo, change).changes()))[name("a")]
    redone = undone_directly(list(history(redo, undo, change).changes()))[name("a")]

    assert (undone.sha, undone.at.timestamp(), undone.said_at) == (name("b"), 2, undone.at)
    assert (redone.sha, redone.said_at) == (None, redone.said_at)
    assert redone.said_at is not None
    assert redone.said_at.timestamp() == 3


def token_stream(*records: bytes) -> list[bytes]:
    return b"\0".join(records).split(b"\0")


def test_a_stream_is_read_whatever_is_in_its_messages_and_paths():
    fields = (b"a" * 40, b"b" * 40, b"5", b"4", b"Ann <ann@example.org>", b"Caf\xe9 (#" + b"7)\n\nmark")
    record = b"\0".join((MARK, *fields, b"", b"\nsrc/\xff.py", b"b.py"))

    (one, two) = commits(token_stream(record, record), MARK, None, AgentRules())

    assert one == two
    assert (one.committed, one.written, one.said.number, one.paths) == (5, 4, 7, ("b.py", "src/�.py"))


@given(st.lists(st.binary(max_size=20), max_size=30))
def test_any_stream_is_read_to_its_end(tokens: list[bytes]):
    found = list(commits([MARK, *tokens, MARK], MARK, None, AgentRules()))
    assert len(found) <= 1


def test_a_moment_that_no_calendar_has_is_the_beginning_of_time():
    fields = (b"a" * 40, b"", b"99999999999999999", b"-5", b"x", b"y")
    (found,) = commits([MARK, *fields], MARK, None, AgentRules())
    assert (found.committed, found.written, found.paths) == (0, 0, None)
