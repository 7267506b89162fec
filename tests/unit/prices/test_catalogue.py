"""Prices: exact to the millionth, of the right day and size of prompt, and never zero for what nobody knows."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from genai_prices.types import ModelInfo, ModelPrice, Provider
from genai_prices.types import Usage as Counts
from hypothesis import given
from hypothesis import strategies as st

from tallyward.prices import catalogue
from tallyward.prices.price import price
from tests.reports import usage

AUTUMN = datetime(2026, 11, 1, tzinfo=UTC)
EVERY_MODEL = [(provider, model) for provider in catalogue.load() for model in provider.models]


def cost(model: str, at: datetime = AUTUMN, **counts: Any) -> int | None:
    found = price(model, usage(model=model, **counts), at)
    return found[0] if found else None


def test_the_request_that_the_client_itself_prices_at_10_925_micros_costs_that() -> None:
    counts = {"input_tokens": 1200, "cache_write_5m_tokens": 300, "cache_read_tokens": 4000, "output_tokens": 42}

    assert cost("claude-opus-4-8", **counts) == 10_925


@pytest.mark.parametrize(
    ("count", "micros"),
    [
        ({"input_tokens": 1_000_000}, 5_000_000),
        ({"cache_write_5m_tokens": 1_000_000}, 6_250_000),
        ({"cache_write_1h_tokens": 1_000_000}, 10_000_000),
        ({"cache_read_tokens": 1_000_000}, 500_000),
        ({"output_tokens": 1_000_000}, 25_000_000),
        ({"output_tokens": 1_000_000, "reasoning_tokens": 900_000}, 25_000_000),
        ({"web_search_requests": 1_000}, 10_000_000),
        ({}, 0),
    ],
    ids=str,
)
def test_each_part_of_a_request_has_its_own_price(count: dict[str, int], micros: int) -> None:
    assert cost("claude-opus-4-8", **count) == micros


@pytest.mark.parametrize(
    "model",
    ["<synthetic>", "nobody-makes-this", "claude-opus-4-99-x/y", "gpt-99", "claude", "", "a" * 300, "é/\N{SNAKE}"],
)
def test_a_model_that_nobody_sells_has_no_price(model: str) -> None:
    assert cost(model, input_tokens=1) is None


def test_a_part_without_a_price_leaves_the_whole_without_one() -> None:
    assert cost("claude-3-haiku", input_tokens=1_000_000) == 250_000
    assert cost("claude-3-haiku", input_tokens=1_000_000, web_search_requests=1) is None


@pytest.mark.parametrize(
    ("fresh", "read", "written", "micros"),
    [
        (200_000, 0, 0, 600_000),  # $3 a million up to and with 200,000
        (200_001, 0, 0, 1_200_006),  # and $6 for all of it beyond
        (1, 200_000, 0, 120_006),  # what is read from the cache is part of the prompt
        (1, 0, 200_000, 1_500_006),  # and what is written to it
    ],
)
def test_a_long_prompt_costs_more_from_its_first_token(fresh: int, read: int, written: int, micros: int) -> None:
    counts = {"input_tokens": fresh, "cache_read_tokens": read, "cache_write_5m_tokens": written}

    assert cost("claude-sonnet-4-5", **counts) == micros


def test_a_price_is_that_of_the_day_of_the_request() -> None:
    before, after = datetime(2025, 6, 9, 23, 59, tzinfo=UTC), datetime(2025, 6, 10, tzinfo=UTC)
    used = usage(model="o3", input_tokens=1_000_000)
    version = f"genai-prices {catalogue.genai_prices.__version__}"

    assert price("o3", used, before) == (10_000_000, version)
    assert price("o3", used, after) == (2_000_000, f"{version} from 2025-06-10")


@pytest.mark.parametrize(
    ("model", "tier", "micros"),
    [
        ("claude-opus-4-8", None, 5_000_000),
        ("claude-opus-4-8", "standard", 5_000_000),
        ("claude-opus-4-8", "fast", 10_000_000),
        ("claude-opus-4-8", "batch", 2_500_000),
        ("gpt-5", "flex", 625_000),
        ("gpt-5", "priority", 2_500_000),
        ("claude-haiku-4-5", "fast", 1_000_000),  # there is no such offer, so it was not charged
    ],
)
def test_what_is_served_in_another_way_has_the_price_of_that_way(model: str, tier: str | None, micros: int) -> None:
    assert cost(model, input_tokens=1_000_000, service_tier=tier) == micros


@pytest.mark.parametrize(
    ("name", "micros"),
    [
        ("claude-haiku-4-5-20251001", 1_000_000),
        ("Claude-Haiku-4-5", 1_000_000),
        ("claude-sonnet-4-20250514", 3_000_000),
        ("claude-opus-4-8[1m]", 5_000_000),
        ("anthropic/claude-opus-4-8", 5_000_000),
        ("global.anthropic.claude-opus-4-8-v1:0", 5_000_000),
        ("us.anthropic.claude-opus-4-8-v1:0", 5_500_000),  # a region's own price
        ("bedrock/us.anthropic.claude-opus-4-8-v1:0", 5_500_000),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-8-v1:0", 5_500_000),
        ("gpt-5-codex", 1_250_000),
        ("gemini-3-pro-preview", 4_000_000),  # a prompt of a million tokens is a long one
    ],
)
def test_the_names_that_clients_use_are_known(name: str, micros: int) -> None:
    assert cost(name, input_tokens=1_000_000) == micros


def test_half_a_millionth_is_rounded_up() -> None:
    assert cost("claude-opus-4-8", cache_read_tokens=1) == 1  # 0.5
    assert cost("claude-haiku-4-5", cache_read_tokens=4) == 0  # 0.4
    assert cost("claude-opus-4-8", cache_write_5m_tokens=2) == 13  # 12.5


def test_more_reasoning_than_output_is_never_charged_twice() -> None:
    assert cost("claude-opus-4-8", output_tokens=10, reasoning_tokens=50) == 250


def expected(provider: Provider, model: ModelInfo, counts: dict[str, int]) -> int | None:
    """What the library's own sum gives; None where it has no price for what was used."""
    written = counts["cache_write_5m_tokens"] + counts["cache_write_1h_tokens"]
    told = Counts(
        input_tokens=counts["input_tokens"] + counts["cache_read_tokens"] + written,
        cache_read_tokens=counts["cache_read_tokens"],
        cache_write_tokens=written,
        cache_write_5m_tokens=counts["cache_write_5m_tokens"],
        cache_write_1h_tokens=counts["cache_write_1h_tokens"],
        output_tokens=counts["output_tokens"],
        output_reasoning_tokens=counts["reasoning_tokens"],
        web_searches=counts["web_search_requests"],
    )
    total = model.calc_price(told, provider, genai_request_timestamp=AUTUMN).total_price
    return int((total * 1_000_000).to_integral_value(ROUND_HALF_UP))


def prices_of(model: ModelInfo) -> ModelPrice:
    return model.get_prices(AUTUMN)


SUMMED = [
    pair
    for pair in EVERY_MODEL
    if prices_of(pair[1]).input_mtok is not None and prices_of(pair[1]).output_mtok is not None
]


@given(
    st.sampled_from(SUMMED),
    st.fixed_dictionaries(
        {
            "input_tokens": st.integers(0, 300_000),
            "cache_read_tokens": st.integers(0, 300_000),
            "cache_write_5m_tokens": st.integers(0, 300_000),
            "cache_write_1h_tokens": st.integers(0, 300_000),
            "output_tokens": st.integers(1000, 100_000),
            "reasoning_tokens": st.integers(0, 1000),
            "web_search_requests": st.integers(0, 20),
        }
    ),
)
def test_our_sum_is_the_sum_of_the_library(pair: tuple[Provider, ModelInfo], counts: dict[str, int]) -> None:
    provider, model = pair
    if prices_of(model).web_searches_kcount is None:
        counts = {**counts, "web_search_requests": 0}
    micros = catalogue._micros(vars(prices_of(model)), usage(**counts))

    assert micros is not None
    assert int(micros.to_integral_value(ROUND_HALF_UP)) == expected(provider, model, counts)


def test_our_sum_knows_every_unit_that_a_request_of_an_agent_can_have() -> None:
    ours = {
        "input_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_5m_mtok", "cache_write_1h_mtok",
        "output_mtok", "output_reasoning_mtok", "web_searches_kcount", "requests_kcount",
    }  # fmt: skip
    agents = ("anthropic", "openai", "google", "aws", "azure")
    kinds = ("audio", "image", "video", "storage", "document", "mchars", "messages")  # no agent reports these
    priced = {
        key
        for provider, model in EVERY_MODEL
        if provider.id in agents
        for key, value in vars(prices_of(model)).items()
        if value is not None and not any(kind in key for kind in kinds)
    }

    assert priced <= ours
    assert {"input_mtok", "cache_write_1h_mtok"} <= priced


def test_what_is_remembered_of_made_up_names_has_a_limit() -> None:
    for number in range(catalogue.MODELS_REMEMBERED + 10):
        cost(f"claude-made-up-{number}", input_tokens=1)

    assert catalogue._find.cache_info().currsize <= catalogue.MODELS_REMEMBERED


def test_a_price_is_exact_where_a_float_is_not() -> None:
    counts = {"input_tokens": 2**31 - 1, "cache_read_tokens": 2**31 - 1, "output_tokens": 2**31 - 1}
    exact = Decimal(2**31 - 1) * (Decimal(5) + Decimal("0.5") + Decimal(25))

    assert cost("claude-opus-4-8", **counts) == int(exact.to_integral_value(ROUND_HALF_UP))
