"""A metered request: what one call to a model took in and gave out, whoever reported it.

Several paths may report the same request: a transcript line by line as the answer grows, an exporter, a relay. Reports
that share a `request_key` are one request. `merge` is a join, as for fires: any order and any repetition of reports
gives the same request. Counts take the greatest, since a report is either partial or whole and never too large; the
time takes the earliest; a text is the word of the path that knows best.

What it cost is no part of a report. It is reckoned from the merged counts and the prices of its day, so it can be
reckoned again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from tallyward.domain.fire import COST_MICROS_MAX, Count, Handle, Key, Moment, Name, Runtime, Text
from tallyward.domain.sighting import Source, merged_paths, merged_texts, named

# What Claude Code writes in the place of a model when it answers by itself: nobody was asked and nothing is owed.
SYNTHETIC_MODEL = "<synthetic>"

# How a request was served where that is not the usual way, and so at another price.
ServiceTier = Literal["standard", "batch", "fast", "flex", "priority"]

TEXT_FIELDS = (
    "model",
    "runtime",
    "engineer_id",
    "skill_name",
    "session_id",
    "prompt_id",
    "repo",
    "branch",
    "service_tier",
)
COUNT_FIELDS = (
    "input_tokens",
    "cache_read_tokens",
    "output_tokens",
    "reasoning_tokens",
    "web_search_requests",
)


class UsageIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A report as it comes in at `POST /v1/usage`."""

    request_key: Key
    ts: Moment
    model: Name
    runtime: Runtime
    engineer_id: Handle
    input_tokens: Count = 0
    cache_read_tokens: Count = 0
    cache_write_5m_tokens: Count = 0
    cache_write_1h_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0
    web_search_requests: Count = 0
    session_id: Key | None = None
    prompt_id: Key | None = None
    repo: Text | None = None
    branch: Text | None = None
    skill_name: Name | None = None
    service_tier: ServiceTier | None = None
    reported_cost_micros: Annotated[int, Meta(ge=0, le=COST_MICROS_MAX)] | None = None
    source: Source = "api"


class Usage(Struct, kw_only=True, omit_defaults=True):
    """A metered request as far as it is known. `input_tokens` are fresh; `reasoning_tokens` are part of the output."""

    request_key: str
    ts: datetime
    model: str
    runtime: str | None = None
    engineer_id: str | None = None
    input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    web_search_requests: int
    skill_name: str | None = None
    session_id: str | None = None
    prompt_id: str | None = None
    repo: str | None = None
    branch: str | None = None
    service_tier: str | None = None
    reported_cost_micros: int | None = None
    cost_micros: int | None = None
    price_version: str | None = None
    seen_by: list[str]
    field_sources: dict[str, str] | None = None


def from_report(row: UsageIn, engineer_id: str | None = None) -> Usage:
    """The request that one report tells of. `engineer_id` (whom the token is bound to) stands in for `unknown`."""
    return Usage(
        request_key=row.request_key,
        ts=row.ts,
        model=row.model,
        runtime=row.runtime,
        engineer_id=named(row.engineer_id, engineer_id),
        input_tokens=row.input_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_5m_tokens=row.cache_write_5m_tokens,
        cache_write_1h_tokens=row.cache_write_1h_tokens,
        output_tokens=row.output_tokens,
        reasoning_tokens=row.reasoning_tokens,
        web_search_requests=row.web_search_requests,
        skill_name=row.skill_name,
        session_id=row.session_id,
        prompt_id=row.prompt_id,
        repo=row.repo,
        branch=row.branch,
        service_tier=row.service_tier,
        reported_cost_micros=row.reported_cost_micros,
        seen_by=[row.source],
    )


def merge(one: Usage, other: Usage) -> Usage:
    """The request that both tell of, not priced. The order of the arguments does not matter."""
    texts, field_sources = merged_texts(one, other, TEXT_FIELDS)
    counts: dict[str, Any] = {field: max(getattr(one, field), getattr(other, field)) for field in COUNT_FIELDS}
    reported = [cost for cost in (one.reported_cost_micros, other.reported_cost_micros) if cost is not None]
    seen_by = merged_paths(one, other)
    return Usage(
        request_key=one.request_key,
        ts=min(one.ts, other.ts),
        reported_cost_micros=max(reported, default=None),
        seen_by=seen_by,
        field_sources=field_sources if len(seen_by) > 1 else None,
        **counts,
        **_merged_cache_writes(one, other),
        **texts,
    )


def _merged_cache_writes(one: Usage, other: Usage) -> dict[str, int]:
    """What was written to the cache, by how long it is kept.

    An exporter tells the sum alone, which is reported as kept for five minutes; a transcript tells both apart. The
    greatest of each field would count what one calls five minutes and the other an hour twice. So the sum takes the
    greatest, the hour takes the greatest, and five minutes is the rest.
    """
    hour = max(one.cache_write_1h_tokens, other.cache_write_1h_tokens)
    whole = max(usage.cache_write_5m_tokens + usage.cache_write_1h_tokens for usage in (one, other))
    return {"cache_write_5m_tokens": whole - hour, "cache_write_1h_tokens": hour}


def merge_all(usages: Iterable[Usage]) -> dict[str, Usage]:
    """One request per key, in the order of the keys (so that concurrent writers lock rows in one order)."""
    merged: dict[str, Usage] = {}
    for usage in usages:
        seen = merged.get(usage.request_key)
        merged[usage.request_key] = usage if seen is None else merge(seen, usage)
    return dict(sorted(merged.items()))
