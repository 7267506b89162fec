"""Durations in few bounds: each in exactly one, and a percentile that nobody makes up."""

import pytest

from tallyward import hook_times
from tallyward.domain.capture_report import HookTimes


@pytest.mark.parametrize(
    ("took", "place"), [(0, 0), (5, 0), (6, 1), (200, 6), (201, 7), (500, 7), (501, 8), (10**9, 8)]
)
def test_a_duration_belongs_to_the_first_bound_that_holds_it(took: int, place: int):
    assert hook_times.place(took) == place


def test_a_percentile_is_the_bound_that_so_many_stay_within():
    told = HookTimes.of(hook_times.added([[0, 10, 0, 0, 0, 0, 0, 0, 0], [0, 0, 9, 0, 0, 0, 0, 1, 0]]))
    assert told == HookTimes(events=20, p50_ms=10, p95_ms=20, slow=1)


def test_without_a_duration_there_is_no_percentile_and_never_a_nought():
    assert HookTimes.of(hook_times.added([])) == HookTimes(events=0, p50_ms=None, p95_ms=None, slow=0)
    assert hook_times.words(None) == "\N{EM DASH}"


def test_what_is_beyond_the_bounds_is_told_as_beyond():
    told = HookTimes.of([0] * 8 + [1])
    assert (told.p50_ms, hook_times.words(told.p50_ms), hook_times.words(20)) == (5_000, "over 500 ms", "≤ 20 ms")
