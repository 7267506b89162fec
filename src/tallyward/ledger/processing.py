"""Takes deliveries out of the table that is their queue: begun in one transaction, settled in another.

One session of a ledger processes them, the one that holds the lock; everything it does goes over that session. So when
it is lost, the lock and whatever was half done are lost with it, and the next has nothing to wait for.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct

from tallyward.domain.delivery import State
from tallyward.ledger.database import Connection, Database, fetch_all, say_tenant, unavailable

BATCH = 50  # deliveries of one transaction
_ONE_AT_A_TIME = 7_236_838_790


class Begun(Struct, frozen=True):
    """A delivery that is being processed, for the `tries`th time."""

    id: int
    subject: str
    facts: dict[str, Any] | None
    tries: int
    received_at: datetime


class Settled(Struct, frozen=True, kw_only=True):
    """What became of it. `tries` is given back where it was not its turn after all."""

    id: int
    state: State
    reason: str | None = None
    tries: int
    delay: float = 0.0


@asynccontextmanager
async def processing(database: Database) -> AsyncGenerator[Connection | None]:
    """A connection that alone processes the deliveries of this ledger while the block runs; None while another does."""
    connection = await database.connect()
    try:
        async with connection:
            await connection.execute("SELECT set_config('tally.processing', 'on', false)")
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS alone", (_ONE_AT_A_TIME,))
            row = await cursor.fetchone()
            yield connection if row and row["alone"] else None
    except psycopg.OperationalError as error:
        raise unavailable(error) from error


async def tenants(connection: Connection) -> list[str]:
    """The tenants that have a delivery which is due."""
    return [row["tenant"] for row in await fetch_all(connection, "process_tenants")]


async def begin(connection: Connection, tenant: str) -> list[Begun]:
    """Some deliveries that are due, in their order. That they were begun is committed before anything is done."""
    async with connection.transaction():
        await say_tenant(connection, tenant)
        held = [row["subject"] for row in await fetch_all(connection, "held_subjects")]
        rows = await fetch_all(connection, "begin_deliveries", {"limit": BATCH, "held": held})
    return sorted((Begun(**row) for row in rows), key=lambda begun: begun.id)


async def settle(connection: Connection, settled: Sequence[Settled]) -> None:
    """Writes down what became of them, in the transaction of what they led to."""
    rows = msgspec.json.encode(settled).decode()
    await fetch_all(connection, "settle_deliveries", {"rows": rows})
