"""Events of Codex played to its source: what becomes of one, and of a session with its memory and its transcript."""

from typing import Any

from tallyward.capture import _base
from tallyward.capture.codex import Codex
from tests.codex_events import Written

NOTHING = Written()


def seen(elapsed: float = 100.0, transcript: _base.Transcript = NOTHING, **facts: Any) -> _base.Seen:
    known: dict[str, Any] = {"engineer_id": "ann", "runtime": "codex-cli", "repo": "acme/widget", "branch": "main"}
    return _base.Seen(
        now="2026-11-21T08:17:53.250000Z", elapsed_seconds=elapsed, transcript=transcript, **{**known, **facts}
    )


def rows(one: dict[str, Any], transcript: _base.Transcript = NOTHING, **facts: Any) -> list[dict[str, Any]]:
    records, _ = Codex().records(one, seen(transcript=transcript, **facts), {})
    return [record["row"] for record in records]


def row(one: dict[str, Any], transcript: _base.Transcript = NOTHING, **facts: Any) -> dict[str, Any]:
    (only,) = rows(one, transcript, **facts)
    return only


def play(*events: tuple[float, dict[str, Any]], transcript: _base.Transcript = NOTHING) -> list[dict[str, Any]]:
    """All rows of a session, each event with the memory that is its own."""
    source, memories = Codex(), {}
    found: list[dict[str, Any]] = []
    for elapsed, one in events:
        part = source.part(one)
        records, memories[part] = source.records(one, seen(elapsed, transcript), memories.get(part) or {})
        found += [record["row"] for record in records]
    return found


def shape(found: list[dict[str, Any]]) -> list[tuple[str, str, str, int | None]]:
    return [(one["kind"], one["skill_name"], one["status"], one["latency_ms"]) for one in found]


class Later(Written):
    """A transcript of which nothing was there when the turn began."""

    def size(self) -> int:
        return 0
