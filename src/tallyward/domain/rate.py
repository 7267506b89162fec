"""A share of a whole, with how sure one may be of it.

A share without its number of cases cannot be told from luck: 3 of 4 and 750 of 1,000 are both 75 %. So every rate
carries how many cases it stands on and the interval in which the true one lies 95 times in a hundred, by Wilson's
score method, which stays within 0 and 1 and is honest for few cases and for shares near the ends. No cases, no rate.
"""

from math import sqrt

from msgspec import Struct

_Z = 1.959963984540054  # the 97.5 % point of the normal distribution: 95 % lie within it on both sides


class Rate(Struct, frozen=True, kw_only=True):
    """A share of `n` cases, from 0 to 1, and its 95 % interval after Wilson. Without a case all but `n` are None."""

    value: float | None
    n: int
    low: float | None
    high: float | None


UNDEFINED = Rate(value=None, n=0, low=None, high=None)


def rate(hits: int, n: int) -> Rate:
    """The share `hits` of `n`. Raises ValueError where that is no share."""
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is no share")
    if n == 0:
        return UNDEFINED
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n))
    # At the ends the bound is the end itself; the arithmetic may miss it by the last digit.
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == n else middle + half
    return Rate(value=share, n=n, low=low, high=high)
