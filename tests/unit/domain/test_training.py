"""Shares and times by action: what is counted, and that the intervals hold what they promise."""

import math
import random
from typing import Any

import pytest

from tallyward.domain.training import Hours, hours, lines, student


def row(action: str, outcome: str | None, took: float | None = None, **more: Any) -> dict[str, Any]:
    return {"action": action, "dry_run": False, "outcome": outcome, "resolution_hours": took, "decisions": 1, **more}


def test_each_piece_of_work_counts_once_for_an_action_and_open_ones_apart():
    rows = [
        row("merge", "success", 2.0),
        row("wait", "success", 2.0, decisions=50),
        row("wait", "escalated", 72.0, decisions=3),
        row("wait", "closed"),
        row("wait", None, decisions=7),
    ]
    merge, wait = lines(rows)

    assert (merge.action, merge.works, merge.decisions, merge.success.value) == ("merge", 1, 1, 1.0)
    assert (wait.works, wait.decisions, wait.ended, wait.open) == (4, 61, 3, 1)
    assert wait.outcomes == {"closed": 1, "escalated": 1, "success": 1}
    assert (wait.success.n, wait.success.value) == (3, pytest.approx(1 / 3))
    assert (wait.resolution_hours.n, wait.resolution_hours.mean, wait.resolution_hours.median) == (2, 37.0, 37.0)


def test_what_was_only_said_is_apart_from_what_was_done():
    said, done = lines([row("merge", None, dry_run=False), row("merge", "success", dry_run=True)])

    assert [(line.dry_run, line.ended) for line in (said, done)] == [(False, 0), (True, 1)]


def test_nothing_is_defined_without_a_case_and_no_interval_with_too_few():
    assert lines([]) == []
    assert hours([]) == Hours(n=0)
    one, five, six = hours([4.0]), hours([1.0, 2, 3, 4, 5]), hours([1.0, 2, 3, 4, 5, 6])

    assert (one.mean, one.mean_low, one.median, one.median_low) == (4.0, None, 4.0, None)
    assert five.mean_low is not None
    assert five.median_low is None
    assert (six.median_low, six.median_high) == (1.0, 6.0)
    assert hours([0.0, 100.0]).mean_low == 0.0, "no time is below none"


def chance_within(t: float, degrees: int, steps: int = 20_000) -> float:
    """The share of Student's t within ±t, by Simpson's rule over its density."""
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi)
    width = t / steps
    density = [scale * (1 + (i * width) ** 2 / degrees) ** (-(degrees + 1) / 2) for i in range(steps + 1)]
    return 2 * width / 3 * (density[0] + density[-1] + 4 * sum(density[1:-1:2]) + 2 * sum(density[2:-1:2]))


@pytest.mark.parametrize("degrees", [*range(1, 41), 60, 120, 1_000])
def test_students_t_holds_95_of_a_hundred(degrees: int):
    assert chance_within(student(degrees), degrees) == pytest.approx(0.95, abs=2e-5)


@pytest.mark.parametrize("n", [6, 20, 100, 101, 400])
def test_the_interval_of_the_median_holds_it_95_times_in_a_hundred_at_least(n: int):
    chance = random.Random(n)  # noqa: S311  # made-up times
    held = 0
    for _ in range(1_000):
        found = hours([chance.expovariate(1.0) for _ in range(n)])
        held += (found.median_low or 0) <= math.log(2) <= (found.median_high or 0)
    assert held >= 930
