"""The outbox as a stream: whoever follows it asks for what came after the last event it has, and misses none.

The numbers have no gaps and are given under a lock, so a reader that has event 7 has all before it.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.ledger.database import Database

LIMIT_DEFAULT, LIMIT_MAX = 100, 1_000
OPEN_KINDS = (  # what whoever may read may follow; the rest tells of tokens and is for admins
    "phase.transition",
    "metric.rates",
    "metric.window_filled",
    "metric.threshold_crossed",
    "metric.threshold_withdrawn",
    "metric.early_warning",
    "trust.overridden",
    "trust.override_ended",
    "scope.hold_started",
    "scope.hold_ended",
)
_WHO = frozenset({"actor", "idempotency_key", "request"})  # whose token did it, and under which key: for admins


class Event(Struct, kw_only=True):
    """One event. `seq` is its place in the chain, `hash` binds it to all before."""

    seq: int
    created_at: datetime
    kind: str
    work_item_id: int | None
    payload: dict[str, Any]
    hash: str


class EventPage(Struct, kw_only=True):
    """Events in their order, and the number to ask after for the next ones."""

    events: list[Event]
    next_after: int


class Events:
    """Follows the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, principal: Principal, after: int, kind: str | None, limit: int) -> EventPage:
        """What came after event `after`, of one kind or of all that this token may follow."""
        open_to_them = None if principal.role == "admin" else list(OPEN_KINDS)
        kinds = open_to_them if kind is None else [kind] if open_to_them is None or kind in open_to_them else []
        params = {"after": after, "kinds": kinds, "limit": limit}
        rows = await self._database.query(principal.tenant, "follow_events", params)
        if principal.role != "admin":
            for row in rows:
                row["payload"] = {name: fact for name, fact in row["payload"].items() if name not in _WHO}
        return EventPage(events=[Event(**row) for row in rows], next_after=rows[-1]["seq"] if rows else after)
