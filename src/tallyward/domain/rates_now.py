"""The rates as they stand, with their number of cases, their interval and the words for them."""

import math
from collections.abc import Sequence

from msgspec import Struct

from tallyward.domain.rate import rate
from tallyward.domain.rates import (
    CONFLICT_WINDOW,
    ENDED_WINDOW,
    FIRST_PASS_WINDOW,
    GLOBAL,
    P95,
    P95_WINDOW,
    Merge,
    State,
    is_conflicted,
    is_first_pass,
)

TURNED = ("below", "between", "above")
TAIL = 0.025  # on either side of an interval of 95 %


class RateNow(Struct, kw_only=True):
    """A rate as it stands: null until `n` fills the window. `scope` says whose merges were counted."""

    value: float | None
    n: int
    window: int
    scope: str
    interval: list[float] | None
    state: str


def first_pass_now(merges: Sequence[Merge], state: State, scope: str = GLOBAL) -> RateNow:
    """The share of the last 50 merges that were merged at their first attempt."""
    last = merges[-FIRST_PASS_WINDOW:]
    return _share_now(sum(map(is_first_pass, last)), len(last), FIRST_PASS_WINDOW, scope, state)


def conflicts_now(merges: Sequence[Merge], scope: str, state: State) -> RateNow:
    """The share of the last 100 merges whose last verdict before was a rebase conflict."""
    last = merges[-CONFLICT_WINDOW:]
    return _share_now(sum(map(is_conflicted, last)), len(last), CONFLICT_WINDOW, scope, state)


def abandoned_now(abandoned: int, n: int) -> RateNow:
    """The share of 50 items that were abandoned: giving up what is hard lifts no rate unseen.

    Of the last to end, which is settled; and of the last to be opened, of which some may still go either way.
    """
    return _share_now(abandoned, n, ENDED_WINDOW, GLOBAL, "defined")


def _share_now(hits: int, n: int, window: int, scope: str, state: str) -> RateNow:
    if n < window:
        return _undefined(n, window, scope)
    found = rate(hits, n)
    interval = [found.low or 0.0, found.high or 0.0]
    return RateNow(value=hits / n, n=n, window=window, scope=scope, interval=interval, state=state)


def _undefined(n: int, window: int, scope: str) -> RateNow:
    return RateNow(value=None, n=n, window=window, scope=scope, interval=None, state="undefined")


def p95_now(merges: Sequence[Merge]) -> RateNow:
    """The 95th percentile of attempts by nearest rank, and the order statistics that hold the true one."""
    n, window = len(merges), P95_WINDOW
    if n < window:
        return _undefined(n, window, GLOBAL)
    ordered = sorted(merge.attempts for merge in merges)
    low, high = order_statistics(n, 0.95)
    value, interval = float(ordered[math.ceil(0.95 * n) - 1]), [float(ordered[low - 1]), float(ordered[high - 1])]
    return RateNow(value=value, n=n, window=window, scope=GLOBAL, interval=interval, state="defined")


def in_words(name: str, rate: RateNow) -> str:
    """`first_pass_merge_rate = undefined (n=23/50)`, or the value with whatever it takes to judge it."""
    if rate.value is None or rate.interval is None:
        return f"{name} = undefined (n={rate.n}/{rate.window})"
    low, high = rate.interval
    shown = "{:.0f}" if name == P95 else "{:.1%}"
    span = f"95 % interval {shown.format(low)} to {shown.format(high)}"
    turned = f", {rate.state}" if rate.state in TURNED else ""
    return f"{name} = {shown.format(rate.value)} (n={rate.n}/{rate.window}, {rate.scope}, {span}{turned})"


def order_statistics(n: int, quantile: float) -> tuple[int, int]:
    """The ranks, from 1, between which the true quantile lies 95 times in 100, by the binomial distribution."""
    chances = [math.comb(n, k) * quantile**k * (1 - quantile) ** (n - k) for k in range(n + 1)]
    low = max((rank for rank in range(1, n + 1) if sum(chances[:rank]) <= TAIL), default=1)
    high = min((rank for rank in range(1, n + 1) if sum(chances[rank:]) <= TAIL), default=n)
    return low, high
