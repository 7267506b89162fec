"""Makes the derived tables anew from the outbox, beside the ones that are kept, and tells where they differ."""

from msgspec import Struct

from tallyward.ledger.database import Database, fetch_all

NAMED_MAX = 1_000  # rows that are named; how many there are is told besides


class Difference(Struct, kw_only=True):
    """A row that is not what the outbox makes of it."""

    table: str
    project: str
    story_id: str
    differs: list[str]


class Replayed(Struct, kw_only=True):
    """What a replay read and found: rows that differ, `changed` ones not among them, and where the chain is broken."""

    tenant: str
    events: int
    steps: int
    broken_seq: int | None
    differences: list[Difference]
    changed: int = 0

    @property
    def whole(self) -> bool:
        return self.broken_seq is None and not self.differences


async def replay(database: Database, tenant: str, *, mend: bool) -> Replayed:
    """Compares every derived row with what the outbox makes of it, and where `mend` says so, makes it that.

    A row that no event tells of stays, and is named: the application deletes nothing.
    """
    async with database.transaction(tenant) as connection:
        (counted,) = await fetch_all(connection, "count_outbox")
        broken = await fetch_all(connection, "verify_outbox")
        # The chain takes longest and needs no lock: what is in it never changes. From here on no item may move.
        await fetch_all(connection, "lock_outbox")
        await fetch_all(connection, "remake_work_items")
        rows = await fetch_all(connection, "differing_work_items", {"limit": NAMED_MAX})
        changed = 0
        if mend:
            changed = len(await fetch_all(connection, "mend_work_items"))
            rows = await fetch_all(connection, "differing_work_items", {"limit": NAMED_MAX})
    return Replayed(
        tenant=tenant,
        events=counted["events"],
        steps=counted["steps"],
        broken_seq=broken[0]["seq"] if broken else None,
        differences=[Difference(table="work_items", **row) for row in rows],
        changed=changed,
    )
