"""The accounts after real work: every request with the tokens that the scripted model reported, at its price."""

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tallyward.testing.scripted_model import Usage
from tests.clients.rows import fires
from tests.clients.workplace import Workplace
from tests.servers import Server

Request = tuple[Any, ...]
# Dollars a million, by hand: fresh, written for five minutes and for an hour, read, output.
PRICES = {
    "claude-opus-4-8": ("5", "6.25", "10", "0.5", "25"),
    "claude-sonnet-4-5": ("3", "3.75", "6", "0.3", "15"),
    "claude-haiku-4-5-20251001": ("1", "1.25", "2", "0.1", "5"),
    "gpt-5.5": ("5", "5", "5", "0.5", "30"),
    "gpt-5-codex": ("1.25", "1.25", "1.25", "0.125", "10"),
}


def micros(model: str, usage: Usage) -> int:
    counts = (usage.fresh, usage.cache_write, usage.cache_write_hour, usage.cache_read, usage.output)
    cost = sum((Decimal(price) * count for price, count in zip(PRICES[model], counts, strict=True)), Decimal(0))
    return int(cost.quantize(Decimal(1), ROUND_HALF_UP))


def scripted(workplace: Workplace) -> "Counter[Request]":
    """What every model that worked here has reported, and what that costs."""
    found: Counter[Request] = Counter()
    for model, usage in workplace.answered:
        counts = (usage.fresh, usage.cache_write, usage.cache_write_hour, usage.cache_read, usage.output)
        found[model, *counts, micros(model, usage)] += 1
    return found


def metered(serve: Server) -> "Counter[Request]":
    """Every request as it is counted."""
    return Counter(
        serve.rows(
            "SELECT model, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens,"
            " output_tokens, cost_micros FROM metered_requests"
        )
    )


def assert_counted(workplace: Workplace, serve: Server) -> None:
    """Each request is counted once and costs what it costs, and the sums of the API are those of the requests."""
    expected = scripted(workplace)
    assert metered(serve) == expected
    totals = serve.call("GET", "/v1/usage?by=model", token=serve.token()).json["totals"]
    sums = [sum(request[place] * times for request, times in expected.items()) for place in range(1, 7)]
    names = ("input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_read_tokens", "output_tokens")
    assert [totals[name] for name in (*names, "cost_micros")] == sums
    assert (totals["requests"], totals["unpriced_requests"]) == (expected.total(), 0)


def assert_nothing_changed(live: list[dict[str, Any]], serve: Server) -> None:
    """Every fire is still the one row it was, and what was known of it is what is known; gaps may be filled."""
    before, after = ({row["fire_key"]: row for row in rows} for rows in (live, fires(serve)))
    assert sorted(after) == sorted(before)
    for key, row in before.items():
        known = {name: value for name, value in row.items() if value is not None and name != "seen_by"}
        assert {name: after[key][name] for name in known} == known
        assert set(row["seen_by"]) < set(after[key]["seen_by"]) or after[key] == row
