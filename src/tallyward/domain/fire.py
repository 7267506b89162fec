"""A fire: one use of a skill, tool, MCP server or agent, or the work of one prompt.

Several paths may see the same fire: a hook, an exporter, a relay, a transcript. Each reports a *sighting*; sightings
that share a `fire_key` are one fire. `merge` is a join: commutative, associative and idempotent, so any order and any
repetition of sightings gives the same fire. Every rule below follows from that: times take the earliest, amounts the
greatest, the status the most final, and a text the word of the path that knows best.
"""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from tallyward.domain.sighting import Source, merged_paths, merged_texts, named

INT4_MAX = 2**31 - 1
KEY_CHARS_MAX = 500
SIZE_MAX = 2**53 - 1  # what every JSON parser reads exactly; a flood through a server may be more than an integer
MICROS_PER_CENT = 10_000
COST_MICROS_MAX = INT4_MAX * MICROS_PER_CENT  # so that the derived cents still fit their column
ONCE = "once:"  # begins the key of a row whose sender gave none and nothing to build one from: no other can share it
# Moments before and after cannot be written in UTC with four digits for the year, so not every reader could read them.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

Kind = Literal["skill", "tool", "mcp", "agent", "session"]
Status = Literal["success", "abandoned", "error"]
Runtime = Literal[
    "claude-code-cli",
    "claude-code-desktop",
    "claude-code-local",
    "codex-cli",
    "codex-desktop",
    "codex-local",
    "k8s-job",
    "modal",
    "local-job",
]
KINDS: tuple[Kind, ...] = ("skill", "tool", "mcp", "agent", "session")

Name = Annotated[str, Meta(min_length=1, max_length=300)]
Handle = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=500)]
Key = Annotated[str, Meta(min_length=1, max_length=KEY_CHARS_MAX)]
Count = Annotated[int, Meta(ge=0, le=INT4_MAX)]
Size = Annotated[int, Meta(ge=0, le=SIZE_MAX)]
Moment = Annotated[datetime, Meta(tz=True)]

# Nothing more was heard is the weakest news; an error is known from the result itself, so it outweighs a success
# that another path inferred.
_STATUS_RANK = {"abandoned": 0, "success": 1, "error": 2}
TEXT_FIELDS = (
    "engineer_id",
    "skill_name",
    "repo",
    "branch",
    "runtime",
    "model",
    "kind",
    "session_id",
    "prompt_id",
    "arg_hash",
)
AMOUNT_FIELDS = ("latency_ms", "input_tokens", "output_tokens", "cost_micros", "request_bytes", "response_bytes")


class FireIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A sighting as it comes in at `POST /v1/trace`: the organisation's own fields first, then ours."""

    engineer_id: Handle
    skill_name: Name
    runtime: Runtime
    status: Status
    repo: Text | None = None
    model: Text | None = None
    latency_ms: Count | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    arg_hash: Text | None = None
    cost_usd_cents: Count | None = None
    ts: Moment | None = None
    kind: Kind = "skill"
    session_id: Key | None = None
    prompt_id: Key | None = None
    fire_key: Key | None = None
    cost_micros: Annotated[int, Meta(ge=0, le=COST_MICROS_MAX)] | None = None
    branch: Text | None = None
    source: Source = "api"
    request_bytes: Size | None = None
    response_bytes: Size | None = None


class Fire(Struct, kw_only=True, omit_defaults=True):
    """A fire as far as it is known. `field_sources` names the path behind each text field."""

    fire_key: str
    ts: datetime
    engineer_id: str
    skill_name: str
    runtime: str
    status: str
    kind: str
    repo: str | None = None
    branch: str | None = None
    model: str | None = None
    session_id: str | None = None
    prompt_id: str | None = None
    arg_hash: str | None = None
    latency_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_micros: int | None = None
    cost_usd_cents: int | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    seen_by: list[str]
    field_sources: dict[str, str] | None = None


def cents(micros: int | None) -> int | None:
    """Whole US cents of an amount in millionths of a dollar, half up."""
    return None if micros is None else (micros + MICROS_PER_CENT // 2) // MICROS_PER_CENT


def from_sighting(row: FireIn, received_at: datetime, fallback_key: str, engineer_id: str | None = None) -> Fire:
    """The fire that one sighting tells of. `received_at` stands in for an absent `ts`, `fallback_key` for a key that
    cannot be built, and `engineer_id` (the person the token is bound to) for an engineer the sender does not know.
    """
    if (cost_micros := row.cost_micros) is None and row.cost_usd_cents is not None:
        cost_micros = row.cost_usd_cents * MICROS_PER_CENT
    return Fire(
        fire_key=row.fire_key or _derived_key(row) or fallback_key,
        ts=row.ts or received_at,
        engineer_id=named(row.engineer_id, engineer_id),
        skill_name=row.skill_name,
        runtime=row.runtime,
        status=row.status,
        kind=row.kind,
        repo=row.repo,
        branch=row.branch,
        model=row.model,
        session_id=row.session_id,
        prompt_id=row.prompt_id,
        arg_hash=row.arg_hash,
        latency_ms=row.latency_ms,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_micros=cost_micros,
        cost_usd_cents=cents(cost_micros),
        request_bytes=row.request_bytes,
        response_bytes=row.response_bytes,
        seen_by=[row.source],
    )


def _derived_key(row: FireIn) -> str | None:
    if not (row.session_id and row.prompt_id):
        return None
    key = f"{row.session_id}:{row.prompt_id}:{row.skill_name}"
    # The index of the keys takes 2,700 bytes at most; three long names together may have more.
    return key if len(key) <= KEY_CHARS_MAX else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def merge(one: Fire, other: Fire) -> Fire:
    """The fire that both tell of. The order of the arguments does not matter."""
    fields, field_sources = merged_texts(one, other, TEXT_FIELDS)
    for field in AMOUNT_FIELDS:
        amounts = [amount for amount in (getattr(one, field), getattr(other, field)) if amount is not None]
        fields[field] = max(amounts, default=None)
    seen_by = merged_paths(one, other)
    return Fire(
        fire_key=one.fire_key,
        ts=min(one.ts, other.ts),
        status=max(one.status, other.status, key=_STATUS_RANK.__getitem__),
        cost_usd_cents=cents(fields["cost_micros"]),
        seen_by=seen_by,
        field_sources=field_sources if len(seen_by) > 1 else None,
        **fields,
    )


def merge_all(fires: list[Fire]) -> dict[str, Fire]:
    """One fire per key, in the order of the keys (so that concurrent writers lock rows in one order)."""
    merged: dict[str, Fire] = {}
    for fire in fires:
        seen = merged.get(fire.fire_key)
        merged[fire.fire_key] = fire if seen is None else merge(seen, fire)
    return dict(sorted(merged.items()))


class FetchIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A file that an agent read, as it comes in at `POST /v1/context-fetches`."""

    agent_name: Name
    file_path: Annotated[str, Meta(min_length=1, max_length=4096)]
    repo: Text | None = None
    ts: Moment | None = None
    fetch_key: Key | None = None


class Fetch(Struct, kw_only=True, omit_defaults=True):
    """A file that an agent read."""

    fetch_key: str
    ts: datetime
    agent_name: str
    file_path: str
    repo: str | None = None


def from_report(row: FetchIn, received_at: datetime, fallback_key: str) -> Fetch:
    """The fetch that one report tells of."""
    return Fetch(
        fetch_key=row.fetch_key or fallback_key,
        ts=row.ts or received_at,
        agent_name=row.agent_name,
        file_path=row.file_path,
        repo=row.repo,
    )


def capture_fields() -> list[str]:
    """Names of every field a sighting may carry: the allow-list that the README prints."""
    return [field.name for field in msgspec.structs.fields(FireIn)]
