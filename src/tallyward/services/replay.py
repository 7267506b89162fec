"""Makes the derived tables anew from the outbox, beside the ones that are kept, and tells where they differ."""

from msgspec import Struct

from tallyward.ledger.database import Connection, Database, Row, fetch_all

NAMED_MAX = 1_000  # rows that are named; how many there are is told besides
_LOCKED_ROWS = 500  # rows that are looked at and mended while nothing moves


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
    differing: int
    differences: list[Difference]
    changed: int = 0

    @property
    def whole(self) -> bool:
        return self.broken_seq is None and not self.differing


async def replay(database: Database, tenant: str, *, mend: bool) -> Replayed:
    """Compares every derived row with what the outbox makes of it, and where `mend` says so, makes it that.

    Everything is read while items move on. Only what then differs is looked at again, some rows at a time and while
    nothing moves, so that whoever writes never waits for the length of the history. A row that no event tells of stays,
    and is named: the application deletes nothing.
    """
    async with database.transaction(tenant) as connection:
        (counted,) = await fetch_all(connection, "count_outbox")
        broken = await fetch_all(connection, "verify_outbox")
        suspects = [row["id"] for row in await _differing(connection, None)]
    found = Replayed(
        tenant=tenant,
        events=counted["events"],
        steps=counted["steps"],
        broken_seq=broken[0]["seq"] if broken else None,
        differing=0,
        differences=[],
    )
    for place in range(0, len(suspects), _LOCKED_ROWS):
        await _settle(database, found, suspects[place : place + _LOCKED_ROWS], mend=mend)
    return found


async def _settle(database: Database, found: Replayed, ids: list[int], *, mend: bool) -> None:
    """Looks at some rows again while nothing moves, mends them where that is asked for, and adds what is left."""
    async with database.transaction(found.tenant) as connection:
        await fetch_all(connection, "lock_outbox")
        rows = await _differing(connection, ids)
        if mend and rows:
            found.changed += len(await fetch_all(connection, "mend_work_items"))
            rows = await fetch_all(connection, "differing_work_items", {"ids": ids})
    found.differing += len(rows)
    found.differences += [
        Difference(table="work_items", project=row["project"], story_id=row["story_id"], differs=row["differs"])
        for row in rows[: NAMED_MAX - len(found.differences)]
    ]


async def _differing(connection: Connection, ids: list[int] | None) -> list[Row]:
    await fetch_all(connection, "remake_work_items", {"ids": ids})
    return await fetch_all(connection, "differing_work_items", {"ids": ids})
