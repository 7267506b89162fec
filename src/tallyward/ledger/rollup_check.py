"""Sums everything anew and compares byte by byte with what is kept, a few days in one transaction.

Hours come from the rows, blocks from the sums of their parts, which have been compared before. Hours with a mark are
left out: they are known to be out of date, and read as rows. So are hours whose rows have been deleted.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from tallyward.ledger.database import Connection, fetch_all, say_tenant
from tallyward.ledger.rollup import FAMILIES, HOUR, SIZES, Family, blocks_due, one_moment, put

ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
CHUNK = timedelta(days=4)
BLOCKS_AT_ONCE = 4


@dataclass
class Compared:
    """What was compared: buckets in all, and those that differed, as (table, hours of the bucket, its beginning)."""

    buckets: int = 0
    different: list[tuple[str, int, datetime]] = field(default_factory=list[tuple[str, int, datetime]])


async def rebuild(connection: Connection, tenant: str, since: datetime | None, *, keep: bool) -> Compared:
    """Sums all hours since then anew, and the blocks around them. With `keep`, what differed is put right."""
    found = Compared()
    span = await _span(connection, tenant, since)
    if span is None:
        return found
    for family in FAMILIES:
        for size in (1, *SIZES):
            async for candidates in _chunks(span, size):
                await _compare(connection, tenant, family, size, candidates=candidates, found=found, keep=keep)
    return found


async def _span(connection: Connection, tenant: str, since: datetime | None) -> tuple[datetime, datetime] | None:
    """From the first hour of which there is anything, or from `since`, to where the sums end."""
    async with connection.transaction():
        await say_tenant(connection, tenant)
        reach = await fetch_all(connection, "rollup_reach")
        (first,) = await fetch_all(connection, "rollup_first")
    if not reach or first["hour"] is None:
        return None
    begins = max(first["hour"], since.astimezone(UTC)) if since else first["hour"]
    ends = reach[0]["sealed_until"]
    return (begins, ends) if begins < ends else None


async def _chunks(span: tuple[datetime, datetime], size: int) -> AsyncIterator[list[datetime]]:
    """Beginnings of the buckets of one size that lie in or around the span, some at a time."""
    step = size * HOUR
    at = ORIGIN + (span[0] - ORIGIN) // step * step
    width = max(CHUNK // step, BLOCKS_AT_ONCE)
    while at < span[1]:
        yield [moment for number in range(width) if (moment := at + number * step) < span[1]]
        at += width * step


async def _compare(  # noqa: PLR0913  # which buckets, by name
    connection: Connection,
    tenant: str,
    family: Family,
    size: int,
    *,
    candidates: Sequence[datetime],
    found: Compared,
    keep: bool,
) -> None:
    async with one_moment(connection, tenant):
        if size == 1:
            span = {"since": candidates[0], "until": candidates[-1] + HOUR, "family": family}
            buckets = [row["hour"] for row in await fetch_all(connection, "rollup_sound_hours", span)]
        else:
            buckets = await blocks_due(connection, family, size, candidates)
        if not buckets:
            return
        before = await _digests(connection, family, size, buckets)
        await put(connection, family, size, buckets)
        after = await _digests(connection, family, size, buckets)
        found.buckets += len(before.keys() | after.keys())
        differ = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        found.different += [(table, size, bucket) for bucket, table in differ]
        if not keep:
            raise psycopg.Rollback


async def _digests(
    connection: Connection, family: Family, size: int, buckets: Sequence[datetime]
) -> dict[tuple[datetime, str], str]:
    params = {"family": family, "size": size, "buckets": list(buckets)}
    rows = await fetch_all(connection, "rollup_digests", params)
    return {(row["bucket"], row["sums"]): row["digest"] for row in rows}
