"""The rates as they stand, with their number of cases, their interval and the words for them."""

import math
from collections.abc import Sequence

from msgspec import Struct

from tallyward.domain.rate import rate
from tallyward.domain.rates import (
    ABANDONED,
    CONFLICT_WINDOW,
    CONFLICTS,
    ENDED_WINDOW,
    FIRST_PASS,
    FIRST_PASS_WINDOW,
    GLOBAL,
    P95,
    P95_WINDOW,
    Merge,
    State,
    is_conflicted,
    is_first_pass,
)

TAIL = 0.025  # on either side of an interval of 95 %


class RateNow(Struct, kw_only=True):
    """A rate as it stands: null until `n` fills the window. `scope` says whose merges, `says` all of it in words."""

    value: float | None
    n: int
    window: int
    scope: str
    interval: list[float] | None
    state: str
    says: str


def first_pass_now(merges: Sequence[Merge], state: State) -> RateNow:
    """The share of the last 50 merges that were merged at their first attempt."""
    last = merges[-FIRST_PASS_WINDOW:]
    return _share_now(FIRST_PASS, sum(map(is_first_pass, last)), len(last), FIRST_PASS_WINDOW, GLOBAL, state)


def conflicts_now(merges: Sequence[Merge], scope: str, state: State) -> RateNow:
    """The share of the last 100 merges whose last verdict before was a rebase conflict."""
    last = merges[-CONFLICT_WINDOW:]
    return _share_now(CONFLICTS, sum(map(is_conflicted, last)), len(last), CONFLICT_WINDOW, scope, state)


def abandoned_now(abandoned: int, ended: int) -> RateNow:
    """The share of the last 50 items to end that were abandoned: giving up what is hard lifts no rate unseen."""
    return _share_now(ABANDONED, abandoned, ended, ENDED_WINDOW, GLOBAL, "defined")


def _share_now(name: str, hits: int, n: int, window: int, scope: str, state: str) -> RateNow:  # noqa: PLR0913, PLR0917  # the facts of a share
    if n < window:
        says = f"{name} = undefined (n={n}/{window})"
        return RateNow(value=None, n=n, window=window, scope=scope, interval=None, state="undefined", says=says)
    found = rate(hits, n)
    interval = [found.low or 0.0, found.high or 0.0]
    span = f"{interval[0]:.1%} to {interval[1]:.1%}"
    says = f"{name} = {hits / n:.1%} (n={n}/{window}, {scope}, 95 % interval {span}, {state})"
    return RateNow(value=hits / n, n=n, window=window, scope=scope, interval=interval, state=state, says=says)


def p95_now(merges: Sequence[Merge]) -> RateNow:
    """The 95th percentile of attempts by nearest rank, and the order statistics that hold the true one."""
    n, window = len(merges), P95_WINDOW
    if n < window:
        says = f"{P95} = undefined (n={n}/{window})"
        return RateNow(value=None, n=n, window=window, scope=GLOBAL, interval=None, state="undefined", says=says)
    ordered = sorted(merge.attempts for merge in merges)
    low, high = order_statistics(n, 0.95)
    value, interval = float(ordered[math.ceil(0.95 * n) - 1]), [float(ordered[low - 1]), float(ordered[high - 1])]
    says = f"{P95} = {value:.0f} (n={n}/{window}, {GLOBAL}, 95 % interval {interval[0]:.0f} to {interval[1]:.0f})"
    return RateNow(value=value, n=n, window=window, scope=GLOBAL, interval=interval, state="defined", says=says)


def order_statistics(n: int, quantile: float) -> tuple[int, int]:
    """The ranks, from 1, between which the true quantile lies 95 times in 100, by the binomial distribution."""
    chances = [math.comb(n, k) * quantile**k * (1 - quantile) ** (n - k) for k in range(n + 1)]
    low = max((rank for rank in range(1, n + 1) if sum(chances[:rank]) <= TAIL), default=1)
    high = min((rank for rank in range(1, n + 1) if sum(chances[rank:]) <= TAIL), default=n)
    return low, high
