"""Pairs are those that were open at one moment, told by what both change, and their shares carry intervals."""

from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.overlap import HOT_MAX, Pair, Piece, overlap, pairs, sample, together


def piece(name: str, since: float, until: float, *paths: str) -> Piece:
    return Piece(name, since, until, frozenset(paths))


PIECES = st.lists(
    st.builds(
        Piece, st.uuids().map(str), st.integers(0, 9), st.integers(0, 12),
        st.frozensets(st.sampled_from(("a/x", "a/y", "b/x", "z"))),
    ),
    max_size=9,
)  # fmt: skip


@given(PIECES)
def test_a_pair_was_open_at_one_moment_and_each_is_told_once(pieces: list[Piece]):
    known = {one.name: one for one in pieces}
    found = list(pairs(pieces))

    assert len({frozenset((pair.one, pair.other)) for pair in found}) == len(found)
    for pair in found:
        one, other = known[pair.one], known[pair.other]
        assert max(one.since, other.since) < min(one.until, max(other.until, other.since + 1))
        assert set(pair.paths) == one.paths & other.paths
    apart = {(a.name, b.name) for a in pieces for b in pieces if a.until <= b.since}
    assert not apart & {(pair.one, pair.other) for pair in found}


def test_what_they_share_is_a_path_or_a_folder_or_nothing():
    found = pairs([
        piece("1", 0, 9, "src/a", "top"), piece("2", 1, 9, "src/a"), piece("3", 2, 9, "src/b"), piece("4", 3, 9, "x/y"),
        piece("5", 20, 30, "src/a"),
    ])  # fmt: skip

    assert {(pair.one, pair.other): pair.shared for pair in found} == {
        ("1", "2"): "path", ("1", "3"): "directory", ("2", "3"): "directory",
        ("1", "4"): "none", ("2", "4"): "none", ("3", "4"): "none",
    }  # fmt: skip


def test_a_kind_that_was_not_tried_has_no_share():
    one, two = Pair("1", "2", "path", ("a",)), Pair("1", "3", "path", ("a", "b"))

    board = overlap([one, two, Pair("2", "3", "none")], 3, {one: True})

    (path, directory, nothing) = board.kinds
    assert (path.pairs, path.tried, path.conflicted, path.conflict.value) == (2, 1, 1, 1.0)
    assert (directory.pairs, nothing.tried, nothing.conflict.value) == (0, 0, None)
    assert [(file.path, file.pairs, file.conflicted) for file in board.hot] == [("a", 2, 1), ("b", 1, 0)]


def test_a_sample_is_the_same_every_time_and_of_each_kind():
    found = [Pair(str(number), "x", "path" if number % 2 else "none") for number in range(40)]

    drawn = sample(found, 5)

    assert drawn == sample(found[::-1], 5)
    assert [pair.shared for pair in drawn] == ["path"] * 5 + ["none"] * 5


def test_boards_of_several_repositories_are_summed_and_their_shares_reckoned_anew():
    one = overlap([Pair("1", "2", "path", ("a",))], 2, {Pair("1", "2", "path", ("a",)): False})
    two = overlap([Pair("3", "4", "path", ("a",))], 5, {Pair("3", "4", "path", ("a",)): True})

    both = together([one, two])

    assert (both.pieces, both.kinds[0].pairs, both.kinds[0].conflict.value, both.kinds[0].conflict.n) == (7, 2, 0.5, 2)
    assert [(file.path, file.pairs, file.conflicted) for file in both.hot] == [("a", 2, 1)]
    assert (together([]).pieces, together([]).whole) == (0, True)
    many = overlap([Pair("1", "2", "path", tuple(map(str, range(90))))], 2)
    assert len(many.hot) == HOT_MAX
