"""Keeps the sums: seals hours, sums what is marked from the rows, and blocks of days from the sums of their parts.

Sealing waits until no writer is under way, so what is marked by then is seen whole by the transaction that sums it. A
bucket is always written whole from what is below it, so to be stopped half-way or to do it twice changes nothing. One
session at a time does it, the one that holds the lock.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

import psycopg

from tallyward.fault_points import reached
from tallyward.ledger.database import Connection, Database, fetch_all, say_tenant, unavailable

Family = Literal["fires", "usage"]
FAMILIES: tuple[Family, ...] = ("fires", "usage")
SIZES = (24, 96, 384, 1536, 6144)  # hours of a block: 1, 4, 16, 64 and 256 days; each is four of the one before
HOURS_MAX = 192  # hours that one transaction sums
SEAL_DAYS = 4  # days that are sealed at once where a year is waiting
WRITERS_WAIT = "250ms"  # longest that sealing holds up those who write; then it tries again later
WORK_MEMORY = "64MB"  # of one connection, so that some days are sorted without a file
_ONE_AT_A_TIME = 7_236_838_789
HOUR = timedelta(hours=1)
FORGET_ROWS = 5_000  # of each table in one transaction
FORGET_PAUSE_SECONDS = 0.1  # between two of them, so that deleting a year takes its time and nobody else's


@dataclass(frozen=True)
class _Sums:
    """The statements of one family: which take buckets away, which write hours, and which write blocks."""

    drop: str
    hours: tuple[str, ...]
    blocks: tuple[str, ...]


_SUMS: dict[Family, _Sums] = {
    "fires": _Sums(
        drop="rollup_drop_fires",
        hours=("rollup_hours_by_engineer", "rollup_by_person", "rollup_hours_by_place", "rollup_hours_by_skill"),
        blocks=("rollup_blocks_by_engineer", "rollup_by_person", "rollup_blocks_by_place", "rollup_blocks_by_skill"),
    ),
    "usage": _Sums(drop="rollup_drop_usage", hours=("rollup_hours_usage",), blocks=("rollup_blocks_usage",)),
}


@dataclass(frozen=True)
class Reach:
    """How far the sums of a tenant reach. `marked_hours` are out of date and read as rows meanwhile."""

    sealed_until: datetime
    raw_from: datetime
    marked_hours: int
    last_mark: int


@asynccontextmanager
async def summing(database: Database, *, wait: bool = False) -> AsyncGenerator[Connection | None]:
    """A connection that alone keeps the sums of this ledger while the block runs.

    None while another one does, unless it shall wait for that one.
    """
    connection = await database.connect()
    try:
        async with connection:
            connection.prepare_threshold = None  # a plan for any hours is a bad plan for these
            await connection.execute("SELECT set_config('tally.summing', 'on', false)")
            await connection.execute("SELECT set_config('work_mem', %s, false)", (WORK_MEMORY,))
            if wait:
                await connection.execute("SELECT pg_advisory_lock(%s)", (_ONE_AT_A_TIME,))
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS alone", (_ONE_AT_A_TIME,))
            row = await cursor.fetchone()
            yield connection if row and row["alone"] else None
    except psycopg.OperationalError as error:
        raise unavailable(error) from error


async def tenants(connection: Connection) -> list[str]:
    """Every tenant of this ledger."""
    return [row["tenant"] for row in await fetch_all(connection, "rollup_tenants")]


async def seal(connection: Connection, tenant: str, target: datetime) -> Reach | None:
    """Seals what it may of the hours before `target`. None where writers are in the way, and nothing has changed."""
    try:
        async with connection.transaction():
            await say_tenant(connection, tenant)
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", (WRITERS_WAIT,))
            await fetch_all(connection, "rollup_lock")
            await fetch_all(connection, "rollup_seal", {"target": target, "days": SEAL_DAYS})
            return await reach(connection)
    except psycopg.errors.LockNotAvailable:
        return None


async def reach(connection: Connection) -> Reach | None:
    """How far the sums reach, on a connection that has said its tenant; None for a tenant that there is not."""
    rows = await fetch_all(connection, "rollup_reach")
    return Reach(**rows[0]) if rows else None


async def sum_marked(connection: Connection, tenant: str, last_mark: int) -> int:
    """Sums some of the marked hours anew, and the blocks around them. The number of hours; 0 when none is left."""
    done = 0
    for family in FAMILIES:
        async with one_moment(connection, tenant):
            params = {"family": family, "last_mark": last_mark, "limit": HOURS_MAX}
            hours = [row["hour"] for row in await fetch_all(connection, "rollup_marked_hours", params)]
            await fetch_all(connection, "rollup_unmark", {**params, "hours": hours})
            if hours:
                await _sum(connection, family, hours)
                reached("ledger.in_rollup")
        done = max(done, len(hours))
    return done


@asynccontextmanager
async def one_moment(connection: Connection, tenant: str) -> AsyncGenerator[None]:
    """A transaction in which rows, sums and marks are those of one moment."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await say_tenant(connection, tenant)
        yield


async def _sum(connection: Connection, family: Family, hours: Sequence[datetime]) -> None:
    """Sums hours anew, and the blocks around them that can be."""
    await put(connection, family, 1, hours)
    for size in SIZES:
        blocks = await blocks_due(connection, family, size, hours)
        if not blocks:
            break
        await put(connection, family, size, blocks)


async def blocks_due(connection: Connection, family: Family, size: int, hours: Sequence[datetime]) -> list[datetime]:
    """Blocks of a size around some hours that have ended and hold no mark."""
    params = {"family": family, "size": size, "hours": list(hours)}
    return [row["block"] for row in await fetch_all(connection, "rollup_blocks_due", params)]


async def put(connection: Connection, family: Family, size: int, buckets: Sequence[datetime]) -> None:
    """Writes buckets of one size whole: hours from the rows, blocks from what is next smaller."""
    params = {
        "size": size,
        "smaller": {large: small for small, large in pairwise((1, *SIZES))}.get(size),
        "buckets": list(buckets),
        "since": min(buckets),
        "until": max(buckets) + size * HOUR,
    }
    sums = _SUMS[family]
    for name in (sums.drop, *(sums.hours if size == 1 else sums.blocks)):
        await fetch_all(connection, name, params)


async def forget(connection: Connection, tenant: str, horizon: datetime) -> int:
    """Deletes some rows of before the horizon whose sums are kept. The number; 0 when none is left, or none may go."""
    try:
        async with connection.transaction():
            await say_tenant(connection, tenant)
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", (WRITERS_WAIT,))
            if await fetch_all(connection, "rollup_may_forget", {"horizon": horizon}):
                await fetch_all(connection, "rollup_lock")
                await fetch_all(connection, "rollup_forget_from", {"horizon": horizon})
        async with connection.transaction():
            await say_tenant(connection, tenant)
            (row,) = await fetch_all(connection, "rollup_forget", {"limit": FORGET_ROWS})
            return row["deleted"]
    except psycopg.errors.LockNotAvailable:
        return 0
