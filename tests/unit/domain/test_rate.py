"""Rates carry their interval, and there is none without cases. The known values are those of published tables."""

import pytest

from tallyward.domain.rate import UNDEFINED, rate

# Wilson's score interval at 95 % as statistics packages give it.
KNOWN = [
    (43, 50, 0.738, 0.930),
    (35, 50, 0.562, 0.809),
    (0, 10, 0.0, 0.2775),
    (10, 10, 0.7225, 1.0),
    (1, 1, 0.2065, 1.0),
    (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
    (15, 148, 0.0624, 0.1605),  # the same
    (1, 29, 0.0061, 0.1718),  # the same
]


@pytest.mark.parametrize(("hits", "n", "low", "high"), KNOWN)
def test_the_interval_is_wilsons(hits: int, n: int, low: float, high: float):
    found = rate(hits, n)

    assert (found.value, found.n) == (hits / n, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))


def test_each_bound_is_where_the_rate_would_be_just_rejected():
    """Its definition, without its formula: (share - bound)^2 = z^2 bound (1 - bound) / n."""
    for n in (1, 2, 7, 30, 1_000, 10_000_000):
        for hits in {0, 1, n // 3, n // 2, n - 1, n}:
            found = rate(hits, n)
            for bound in (found.low, found.high):
                assert bound is not None
                assert 0 <= bound <= 1
                assert (hits / n - bound) ** 2 == pytest.approx(
                    1.959963984540054**2 * bound * (1 - bound) / n, abs=1e-12
                )


def test_no_case_is_no_rate_and_never_zero():
    assert rate(0, 0) == UNDEFINED
    assert (UNDEFINED.value, UNDEFINED.n, UNDEFINED.low, UNDEFINED.high) == (None, 0, None, None)


@pytest.mark.parametrize(("hits", "n"), [(2, 1), (-1, 5), (0, -1)])
def test_what_is_no_share_is_refused(hits: int, n: int):
    with pytest.raises(ValueError, match="no share"):
        rate(hits, n)
