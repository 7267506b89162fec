"""The audit trail: what was decided and changed, by whom, and whether the chain that binds it is whole."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.ledger.database import Database, fetch_all
from tallyward.services.asked import Asked, Paging

CHECKED_MAX = 10_000  # events whose hashes are made anew for one read, about a tenth of a second


class EventRow(Struct, kw_only=True):
    """One event. `hash` is over it and the hash before it; `prev_hash` is empty for the first."""

    seq: int
    created_at: datetime
    kind: str
    work_item_id: int | None
    payload: dict[str, Any]
    prev_hash: str
    hash: str


class Chain(Struct, kw_only=True):
    """The chain of hashes, of which the last `checked` events were gone over; `tally db verify` goes over all.

    `broken_at` is the first of them whose place in it is wrong; `head` the hash of the last.
    """

    whole: bool
    checked: int
    broken_at: int | None
    length: int
    head: str | None


class AuditBoard(Struct, kw_only=True):
    """The trail, newest first, one page of it."""

    tenant: str
    page: int
    limit: int
    total: int
    chain: Chain
    events: list[EventRow]


class Audit:
    """Reads the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, principal: Principal, asked: Asked, paging: Paging, kind: str | None = None) -> AuditBoard:
        """One page of the trail of the range, of one kind of event or of all, and whether the end of it is whole."""
        params = {"kind": kind, "since": asked.since, "until": asked.until}
        page = {"offset": paging.offset, "limit": paging.limit}
        async with self._database.transaction(principal.tenant) as connection:
            events = await fetch_all(connection, "list_events", params | page)
            (counted,) = await fetch_all(connection, "count_events", params)
            broken = await fetch_all(connection, "verify_outbox_end", {"events": CHECKED_MAX})
        broken_at = broken[0]["seq"] if broken else None
        return AuditBoard(
            tenant=principal.tenant,
            page=paging.page,
            limit=paging.limit,
            total=counted["total"],
            chain=Chain(
                whole=broken_at is None,
                checked=min(counted["length"], CHECKED_MAX),
                broken_at=broken_at,
                length=counted["length"],
                head=counted["head"],
            ),
            events=[EventRow(**row) for row in events],
        )
