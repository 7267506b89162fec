"""How long the hooks kept an agent waiting, as counts in a few bounds: small enough for a day's books, and easy to add.

A percentile of it is the bound that it lies within, never a number between two. Standard library only: the laptop
counts by it, too.
"""

from collections.abc import Iterable, Sequence

# Milliseconds, each the longest that its count holds. The last stands for everything beyond the one before.
BOUNDS = (5, 10, 20, 30, 50, 100, 200, 500, 5_000)
WITHIN_MS = 200  # what a hook has, and no longer


def place(milliseconds: int) -> int:
    """Which of the counts a duration belongs to."""
    return sum(milliseconds > bound for bound in BOUNDS[:-1])


def added(histograms: Iterable[Sequence[int]]) -> list[int]:
    """Several histograms as one; without any, one of zeros."""
    sums = [0] * len(BOUNDS)
    for counts in histograms:
        for number, count in enumerate(counts):
            sums[number] += count
    return sums


def percentile(counts: Sequence[int], percent: int) -> int | None:
    """The bound that so many percent of the durations stay within; None of none."""
    asked, reached = sum(counts) * percent, 0
    if not asked:
        return None
    for bound, count in zip(BOUNDS, counts, strict=True):
        reached += count
        if reached * 100 >= asked:
            return bound
    return BOUNDS[-1]


def slow(counts: Sequence[int]) -> int:
    """How many took longer than a hook may."""
    return sum(count for bound, count in zip(BOUNDS, counts, strict=True) if bound > WITHIN_MS)


def words(bound: int | None) -> str:
    """A percentile as people read it."""
    if bound is None:
        return "\N{EM DASH}"
    return f"over {BOUNDS[-2]} ms" if bound == BOUNDS[-1] else f"≤ {bound} ms"
