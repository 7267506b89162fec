"""Latency: durations that occurred, and none where none is known."""

from typing import Any

import pytest

from tallyward.metrics.latency import Latency
from tests.ledger.metrics.facts import Facts

PERCENTILES = ("p50_latency_ms", "p95_latency_ms", "p99_latency_ms")


def latency(facts: Facts, **params: Any) -> dict[str | None, tuple[Any, ...]]:
    return {
        row["skill_name"]: tuple(row[name] for name in ("latency_count", *PERCENTILES))
        for row in facts.measured(Latency, **params)
    }


def test_the_percentiles_are_true_within_the_width_of_a_bucket(facts: Facts):
    for milliseconds in range(1, 101):
        facts.fire(latency_ms=milliseconds * 10)

    found = latency(facts)

    assert found["/start"] == found[None]
    assert found["/start"] == (100, *(pytest.approx(wanted, rel=0.022) for wanted in (505, 950.5, 990.1)))


def test_a_fire_of_unknown_duration_has_no_say(facts: Facts):
    facts.fire(latency_ms=40)
    facts.fire(times=9)

    assert latency(facts)["/start"] == (1, 40, 40, 40)


def test_no_duration_known_is_no_percentile_and_not_zero(facts: Facts):
    facts.fire()

    assert latency(facts)["/start"] == (0, None, None, None)


def test_all_together_is_no_mean_of_the_parts(facts: Facts):
    facts.fire(skill_name="quick", latency_ms=1, times=9)
    facts.fire(skill_name="slow", latency_ms=27, times=90)

    assert latency(facts)[None] == (99, 27, 27, 27)
    assert latency(facts)["quick"] == (9, 1, 1, 1)


def test_the_filters_hold_here_too(facts: Facts):
    facts.fire(latency_ms=5, repo="o/a")
    facts.fire(latency_ms=500)

    assert latency(facts, repo="o/a")["/start"] == (1, 5, 5, 5)
