"""What actions on pull requests led to: shares and times with how sure one may be of them.

What is counted is a pull request up to its outcome, once for each action that was decided about it, however often:
fifty times `wait` about one pull request is one case, not fifty. One without an outcome is open; it is counted apart
and is in no share, since nobody knows yet. That an action went before an outcome does not say that it led to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import ceil, floor, sqrt
from statistics import fmean, median, stdev
from typing import Any

from msgspec import Struct

from tallyward.domain.rate import Rate, rate
from tallyward.domain.rates_now import order_statistics

SUCCESS = "success"
_Z = 1.959963984540054
_EXACT_MAX = 100  # cases up to which the ranks of the median are reckoned by the binomial distribution itself
# The 97.5 % point of Student's t with 1, 2, ... degrees of freedom.
_T = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
    2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
)  # fmt: skip


class Hours(Struct, frozen=True, kw_only=True):
    """Mean and median of `n` times, each with its 95 % interval: by Student's t, and by order statistics.

    Undefined numbers are None: all of them without a case, the interval of the mean with one, that of the median with
    fewer than six.
    """

    n: int
    mean: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    median: float | None = None
    median_low: float | None = None
    median_high: float | None = None


class ActionLine(Struct, frozen=True, kw_only=True):
    """One action. `works` pull requests up to an outcome had it decided `decisions` times; `open` ones have no outcome.

    `dry_run`: it was said and not done. `success` is over those that ended, `resolution_hours` over those of them that
    say how long they took.
    """

    action: str
    dry_run: bool
    decisions: int
    works: int
    ended: int
    open: int
    outcomes: dict[str, int]
    success: Rate
    resolution_hours: Hours


def lines(rows: Iterable[Mapping[str, Any]]) -> list[ActionLine]:
    """A line for each action, from a row for each action and piece of work, in the order of actions."""
    return [
        _line(action, list(group), dry_run=dry_run)
        for (action, dry_run), group in groupby(rows, key=lambda row: (row["action"], row["dry_run"]))
    ]


def _line(action: str, rows: Sequence[Mapping[str, Any]], *, dry_run: bool) -> ActionLine:
    results = [str(row["outcome"]) for row in rows if row["outcome"] is not None]
    took = [row["resolution_hours"] for row in rows if row["resolution_hours"] is not None]
    return ActionLine(
        action=action,
        dry_run=dry_run,
        decisions=sum(row["decisions"] for row in rows),
        works=len(rows),
        ended=len(results),
        open=len(rows) - len(results),
        outcomes={result: results.count(result) for result in sorted(set(results))},
        success=rate(results.count(SUCCESS), len(results)),
        resolution_hours=hours(took),
    )


def hours(took: Sequence[float]) -> Hours:
    """Mean and median of these times."""
    n = len(took)
    if n == 0:
        return Hours(n=0)
    ordered, mean = sorted(took), fmean(took)
    half = student(n - 1) * stdev(took) / sqrt(n) if n > 1 else None
    low, high = _ranks(n)
    return Hours(
        n=n,
        mean=mean,
        mean_low=None if half is None else max(mean - half, 0.0),
        mean_high=None if half is None else mean + half,
        median=median(ordered),
        median_low=None if low is None else ordered[low - 1],
        median_high=None if high is None else ordered[high - 1],
    )


def student(degrees: int) -> float:
    """The 97.5 % point of Student's t distribution, to four digits."""
    if degrees <= len(_T):
        return _T[degrees - 1]
    z, v = _Z, degrees  # what Cornish and Fisher expand it to
    return z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)


def _ranks(n: int) -> tuple[int | None, int | None]:
    """The ranks, from 1, between which the true median lies 95 times in 100; none where there are too few cases."""
    if 0.5**n * 2 > 0.05:  # noqa: PLR2004  # even the smallest and the greatest do not hold it often enough
        return None, None
    if n <= _EXACT_MAX:
        return order_statistics(n, 0.5)
    half = _Z * sqrt(n) / 2
    return max(floor(n / 2 - half), 1), min(ceil(n / 2 + 1 + half), n)
