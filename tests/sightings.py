"""Made-up sightings for property tests: hostile on purpose, with equal sources, ties and every field present or not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import strategies as st

from tallyward.domain.fire import Fire, FireIn, Kind, Runtime, Source, Status, from_sighting

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
SOURCES: Sequence[str] = get_args(Source)
# Few values, so that ties and conflicts are the rule; among them an accent, a quote and a character of four bytes.
_TEXTS = st.sampled_from(["a", "b", "B", "é", "'", "\N{SNAKE}", "unknown"])
_AMOUNTS = st.none() | st.integers(0, 3) | st.just(2**31 - 1)


def sightings(keys: Sequence[str] = ("k",)) -> st.SearchStrategy[FireIn]:
    """A sighting of one of these fires, by any path, that knows anything or next to nothing."""
    return st.builds(
        FireIn,
        engineer_id=_TEXTS,
        skill_name=_TEXTS,
        runtime=st.sampled_from(get_args(Runtime)[:3]),
        status=st.sampled_from(get_args(Status)),
        kind=st.sampled_from(get_args(Kind)),
        source=st.sampled_from(SOURCES),
        fire_key=st.sampled_from(keys),
        ts=st.integers(-2, 2).map(lambda seconds: NOON + timedelta(seconds=seconds, microseconds=seconds)),
        repo=st.none() | _TEXTS,
        branch=st.none() | _TEXTS,
        model=st.none() | _TEXTS,
        session_id=st.none() | _TEXTS,
        prompt_id=st.none() | _TEXTS,
        arg_hash=st.none() | _TEXTS,
        latency_ms=_AMOUNTS,
        input_tokens=_AMOUNTS,
        output_tokens=_AMOUNTS,
        cost_micros=st.none() | st.integers(0, 30_000),
        cost_usd_cents=st.none() | st.integers(0, 3),
        request_bytes=st.none() | st.integers(0, 3) | st.just(2**53 - 1),
        response_bytes=st.none() | st.integers(0, 3),
    )


def fire(row: FireIn) -> Fire:
    """What a sighting tells of, received at noon."""
    return from_sighting(row, NOON, "fallback")
