"""Which pull requests were open at the same time and touched the same places, and how often such pairs conflict.

Two that change one file are more likely to conflict than two that do not, but most of them merge clean: so a pair's
kind is told with the share of that kind which truly conflicted, and its interval, and not taken for a conflict itself.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct

from tallyward.domain.rate import Rate, rate

Shared = Literal["path", "directory", "none"]
SHARED: tuple[Shared, ...] = get_args(Shared)
PAIRS_MAX, HOT_MAX = 100_000, 20


class Piece(Struct, frozen=True):
    """One pull request while it was open: from when to when, in any unit, and what it changes."""

    name: str
    since: float
    until: float
    paths: frozenset[str]


class Pair(Struct, frozen=True):
    """Two that were open at the same time."""

    one: str
    other: str
    shared: Shared
    paths: tuple[str, ...] = ()

    @property
    def lot(self) -> bytes:
        """By which a fixed sample is drawn."""
        return hashlib.sha256(f"{self.one}\n{self.other}".encode()).digest()


class OverlapKind(Struct, frozen=True, kw_only=True):
    """The pairs of one kind, how many of them were really merged with each other, and the share that conflicted."""

    shared: Shared
    pairs: int
    tried: int
    conflicted: int
    conflict: Rate


class HotFile(Struct, frozen=True, kw_only=True):
    """A file that pairs have in common: how many pairs, and how many of those that were tried conflicted."""

    path: str
    pairs: int
    conflicted: int


class Overlap(Struct, frozen=True, kw_only=True):
    """The pairs of some pull requests. `whole` is False where there were more than are counted."""

    pieces: int
    whole: bool
    kinds: list[OverlapKind]
    hot: list[HotFile]


def pairs(pieces: Iterable[Piece]) -> Iterator[Pair]:
    """Every two that were open at one moment, in the order in which the later of them was opened."""
    open_ones: list[tuple[Piece, frozenset[str]]] = []
    for piece in sorted(pieces, key=lambda one: (one.since, one.name)):
        directories = frozenset(_directory(path) for path in piece.paths)
        open_ones = [kept for kept in open_ones if kept[0].until > piece.since]
        for other, others in open_ones:
            common = piece.paths & other.paths
            shared: Shared = "path" if common else "directory" if directories & others else "none"
            yield Pair(other.name, piece.name, shared, tuple(sorted(common)))
        open_ones.append((piece, directories))


def sample(found: Sequence[Pair], each: int) -> list[Pair]:
    """Up to `each` pairs of every kind, the same ones every time."""
    drawn: list[Pair] = []
    for shared in SHARED:
        drawn += sorted((pair for pair in found if pair.shared == shared), key=lambda pair: pair.lot)[:each]
    return drawn


def overlap(found: Sequence[Pair], pieces: int, tried: Mapping[Pair, bool] | None = None) -> Overlap:
    """The figures of these pairs. `tried`: whether those conflicted that were merged with each other."""
    results = tried or {}
    counted = Counter(pair.shared for pair in found)
    files = Counter(path for pair in found for path in pair.paths)
    conflicts = Counter(path for pair, conflicted in results.items() if conflicted for path in pair.paths)
    hot = sorted(files, key=lambda path: (-files[path], -conflicts[path], path))[:HOT_MAX]
    return Overlap(
        pieces=pieces,
        whole=len(found) < PAIRS_MAX,
        kinds=[kind_of(shared, counted[shared], *_tried(results, shared)) for shared in SHARED],
        hot=[HotFile(path=path, pairs=files[path], conflicted=conflicts[path]) for path in hot],
    )


def together(boards: Sequence[Overlap]) -> Overlap:
    """The figures of several repositories as one."""
    sums = {shared: [0, 0, 0] for shared in SHARED}
    files: dict[str, list[int]] = {}
    for board in boards:
        for one in board.kinds:
            added = (one.pairs, one.tried, one.conflicted)
            sums[one.shared] = [known + more for known, more in zip(sums[one.shared], added, strict=True)]
        for file in board.hot:
            known = files.setdefault(file.path, [0, 0])
            known[0] += file.pairs
            known[1] += file.conflicted
    hot = sorted(files, key=lambda path: (-files[path][0], -files[path][1], path))[:HOT_MAX]
    return Overlap(
        pieces=sum(board.pieces for board in boards),
        whole=all(board.whole for board in boards),
        kinds=[kind_of(shared, *sums[shared]) for shared in SHARED],
        hot=[HotFile(path=path, pairs=files[path][0], conflicted=files[path][1]) for path in hot],
    )


def _tried(results: Mapping[Pair, bool], shared: Shared) -> tuple[int, int]:
    outcomes = [conflicted for pair, conflicted in results.items() if pair.shared == shared]
    return len(outcomes), sum(outcomes)


def kind_of(shared: Shared, count: int, tried: int, conflicted: int) -> OverlapKind:
    """The figures of one kind of pairs."""
    return OverlapKind(shared=shared, pairs=count, tried=tried, conflicted=conflicted, conflict=rate(conflicted, tried))


def _directory(path: str) -> str:
    return path.rpartition("/")[0]
