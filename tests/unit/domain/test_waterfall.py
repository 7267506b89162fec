"""Which fire happened within which, from times alone."""

from datetime import UTC, datetime, timedelta

from tallyward.domain.waterfall import Span, parents

START = datetime(2026, 5, 17, 9, tzinfo=UTC)


def span(number: int, kind: str, start_ms: int, latency_ms: int | None, prompt: str | None = "p") -> Span:
    ts = START + timedelta(milliseconds=start_ms)
    return Span(id=number, kind=kind, ts=ts, latency_ms=latency_ms, prompt_id=prompt)


def test_what_an_agent_did_is_within_the_agent_and_the_agent_within_its_prompt():
    spans = [
        span(1, "session", 0, 10_000),
        span(2, "agent", 1_000, 5_000),
        span(3, "tool", 2_000, 100),
        span(4, "agent", 3_000, 1_000),
        span(5, "tool", 3_500, 100),
        span(6, "tool", 7_000, 100),
    ]
    assert parents(spans[::-1]) == {1: None, 2: 1, 3: 2, 4: 2, 5: 4, 6: 1}


def test_a_tool_holds_nothing_and_what_ends_later_is_not_within():
    spans = [span(1, "tool", 0, 1_000), span(2, "tool", 100, 10), span(3, "agent", 0, 500), span(4, "mcp", 400, 400)]
    assert parents(spans) == {1: None, 2: 3, 3: None, 4: None}


def test_the_fires_of_another_prompt_are_not_within_this_one():
    spans = [span(1, "session", 0, 1_000, "a"), span(2, "tool", 100, 10, "b"), span(3, "tool", 100, 10, None)]
    assert parents(spans) == {1: None, 2: None, 3: 1}


def test_an_agent_whose_end_is_unknown_holds_nothing():
    assert parents([span(1, "agent", 0, None), span(2, "tool", 0, 0)]) == {1: None, 2: None}


def test_no_fires_have_no_places():
    assert parents([]) == {}
