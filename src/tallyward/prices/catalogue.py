"""The prices that genai-prices bundles, and our own exact sum over them.

The library knows the models, their names, the days from which prices hold and the sizes of prompt from which others do.
Its own sum takes 130 us, which a backfill of a million requests would feel, so the sum is made here; a test holds the
two against each other over every model. Dollars per million tokens are millionths of a dollar per token, so the sum is
a few exact products of decimals, rounded once, half up.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import genai_prices
from genai_prices.data_snapshot import find_provider_by_id
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, Provider, StartDateConstraint, TieredPrices

from tallyward.domain.usage import Usage

MODELS_REMEMBERED = 4_096  # names come from outside, so what is remembered of them has a limit
_KILO = 1_000
_CONTEXTS: dict[str, dict[str, str]] = {
    "batch": {"processing": "batch"},
    "fast": {"speed": "fast", "service_tier": "fast"},  # one provider calls it a speed, the other a tier
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}


def load() -> list[Provider]:
    """Every provider of the bundled catalogue."""
    from genai_prices.data import providers

    return providers


def price(model: str, usage: Usage, at: datetime) -> tuple[int, str] | None:
    """Millionths of a US dollar and which price that is; None for a model, or a part of it, without a known price."""
    info = _find(model)
    if info is None:
        return None
    prices = info.get_prices(at, _CONTEXTS.get(usage.service_tier or ""))
    micros = _micros(vars(prices), usage)
    if micros is None:
        return None
    return int(micros.to_integral_value(ROUND_HALF_UP)), _version(info.prices, at)


def _micros(prices: Mapping[str, Any], usage: Usage) -> Decimal | None:
    """The sum over what was used. A part without a price of its own has that of the whole it is part of."""
    written = usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
    prompt = usage.input_tokens + usage.cache_read_tokens + written
    reasoning = min(usage.reasoning_tokens, usage.output_tokens)
    parts = (
        (usage.input_tokens, ("input_mtok",)),
        (usage.cache_read_tokens, ("cache_read_mtok", "input_mtok")),
        (usage.cache_write_5m_tokens, ("cache_write_5m_mtok", "cache_write_mtok", "input_mtok")),
        (usage.cache_write_1h_tokens, ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok")),
        (usage.output_tokens - reasoning, ("output_mtok",)),
        (reasoning, ("output_reasoning_mtok", "output_mtok")),
        (usage.web_search_requests * _KILO, ("web_searches_kcount",)),
        (_KILO if "requests_kcount" in prices else 0, ("requests_kcount",)),
    )
    total = Decimal(0)
    for count, keys in parts:
        if count:
            rate = _rate(prices, keys, prompt)
            if rate is None:
                return None
            total += rate * count
    return total


def _rate(prices: Mapping[str, Any], keys: tuple[str, ...], prompt: int) -> Decimal | None:
    """The first price there is, that of a prompt of this size where it depends on it."""
    found: Decimal | TieredPrices | None = next((prices[key] for key in keys if prices.get(key) is not None), None)
    if not isinstance(found, TieredPrices):
        return found
    return next((tier.price for tier in reversed(found.tiers) if prompt > tier.start), found.base)


def _version(prices: ModelPrice | list[ConditionalPrice], at: datetime) -> str:
    """The release of the catalogue, and from which day the price holds where it says so."""
    version = f"genai-prices {genai_prices.__version__}"
    for conditional in reversed(prices) if isinstance(prices, list) else ():
        constraint = conditional.constraint
        if constraint is None or constraint.active(at):
            since = constraint.start_date if isinstance(constraint, StartDateConstraint) else None
            return f"{version} from {since}" if since else version
    return version


@lru_cache(MODELS_REMEMBERED)
def _find(model: str) -> ModelInfo | None:
    """The model of this name; None where nobody is known to sell it under that name."""
    providers = load()
    for provider in providers:
        if provider.model_match is not None and provider.model_match.is_match(model):
            info = provider.find_model(model, all_providers=providers)
            if info is not None:
                return info
    seller, name = _seller(model)
    provider = find_provider_by_id(providers, seller) if seller else None
    return provider.find_model(name, all_providers=providers) if provider else None


def _seller(model: str) -> tuple[str, str]:
    """Who sells a model whose name says so, and its name there: `anthropic/claude-...`, `us.anthropic.claude-...`."""
    seller, slash, name = model.partition("/")
    if slash and seller.replace("-", "").replace("_", "").isalnum():
        return seller, name
    return ("bedrock" if "anthropic." in model else ""), model
