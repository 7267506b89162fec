"""Whose word counts where two sightings of one thing differ: the rule that fires and metered requests share.

A text is the word of the path that knows best, and of equals the greatest, so that the order of the sightings never
matters. `field_sources` remembers the path behind each text, since a row may have its name from one and its model from
another.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

Source = Literal["hook", "relay", "transcript", "otlp", "api"]

# A hook knows the true name and repository; a relay the true call; a transcript the true model; an exporter redacts
# names of private skills; whoever calls the API says what it was told. `sql` are rows written past all of them.
_RANK = {"hook": 5, "relay": 4, "transcript": 3, "otlp": 2, "api": 1, "sql": 0}
UNKNOWN_ENGINEER = "unknown"
UNKNOWN_NAME = "unknown"  # what an exporter keeps to itself: a skill of your own, a tool of an MCP server
_UNKNOWN = {"engineer_id": UNKNOWN_ENGINEER, "skill_name": UNKNOWN_NAME}


class Seen(Protocol):
    """What was seen by one path or by several."""

    seen_by: list[str]
    field_sources: dict[str, str] | None


def named(engineer_id: str, token_engineer_id: str | None) -> str:
    """The engineer a sender names, or the one its token is bound to where it does not know."""
    return token_engineer_id if token_engineer_id and engineer_id == UNKNOWN_ENGINEER else engineer_id


def merged_texts(one: Seen, other: Seen, fields: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The texts that both tell of, and the path behind each. What neither knows is in neither."""
    texts: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in fields:
        claims = [claim for claim in (_claim(one, field), _claim(other, field)) if claim is not None]
        if claims:
            _, texts[field], sources[field] = max(claims)
    return texts, sources


def merged_paths(one: Seen, other: Seen) -> list[str]:
    """The sorted set of paths that saw it."""
    return sorted({*one.seen_by, *other.seen_by})


def _claim(seen: Seen, field: str) -> tuple[int, str, str] | None:
    """(rank, value, path) of one text, None where it is not known."""
    value = getattr(seen, field)
    if value is None:
        return None
    path = (seen.field_sources or {}).get(field, seen.seen_by[0])
    rank = _RANK.get(path, 0)
    if _UNKNOWN.get(field) == value:
        rank = -1  # not knowing the person, or what was used, is weaker than any name
    return rank, value, path
