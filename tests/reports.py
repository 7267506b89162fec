"""Made-up reports of metered requests for property tests, with equal sources, ties and every field present or not."""

from collections.abc import Sequence
from datetime import timedelta
from typing import get_args

from hypothesis import strategies as st

from tallyward.domain.fire import Runtime
from tallyward.domain.usage import ServiceTier, Usage, UsageIn, from_report
from tests.sightings import NOON, SOURCES

_TEXTS = st.sampled_from(["a", "b", "B", "é", "'", "\N{SNAKE}", "unknown"])
_COUNTS = st.integers(0, 3) | st.just(2**31 - 1)


def reports(keys: Sequence[str] = ("k",)) -> st.SearchStrategy[UsageIn]:
    """A report of one of these requests, by any path, that knows anything or next to nothing."""
    return st.builds(
        UsageIn,
        request_key=st.sampled_from(keys),
        ts=st.integers(-2, 2).map(lambda seconds: NOON + timedelta(seconds=seconds, microseconds=seconds)),
        model=_TEXTS,
        runtime=st.sampled_from(get_args(Runtime)[:3]),
        engineer_id=_TEXTS,
        input_tokens=_COUNTS,
        cache_read_tokens=_COUNTS,
        cache_write_5m_tokens=_COUNTS,
        cache_write_1h_tokens=_COUNTS,
        output_tokens=_COUNTS,
        reasoning_tokens=_COUNTS,
        web_search_requests=_COUNTS,
        session_id=st.none() | _TEXTS,
        prompt_id=st.none() | _TEXTS,
        repo=st.none() | _TEXTS,
        branch=st.none() | _TEXTS,
        skill_name=st.none() | st.sampled_from(["a", "b", "é"]),
        service_tier=st.none() | st.sampled_from(get_args(ServiceTier)),
        reported_cost_micros=st.none() | st.integers(0, 3),
        source=st.sampled_from(SOURCES),
    )


def report(**fields: object) -> UsageIn:
    """A report of one request, as a transcript tells it."""
    facts: dict[str, object] = {
        "request_key": "msg_1", "ts": NOON, "model": "claude-opus-4-8", "runtime": "claude-code-cli",
        "engineer_id": "amy", "source": "transcript",
    }  # fmt: skip
    return UsageIn(**{**facts, **fields})  # type: ignore[arg-type]


def usage(**fields: object) -> Usage:
    """The request that such a report tells of."""
    return from_report(report(**fields))
