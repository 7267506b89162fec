"""Locks with names, held by one server at a time, for as long as it acts on something outside of the ledger.

They are PostgreSQL's own and of a session, not of a transaction: what is done outside takes longer than a transaction
should. Whoever dies loses the session, and with it the lock.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import LiteralString

import psycopg

from tallyward.ledger.database import Connection, Database, unavailable


class Locks:
    """The locks of one session."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[bool]:
        """Whether the lock is ours while the block runs. It is not waited for."""
        mine = await self._ask("SELECT pg_try_advisory_lock(hashtextextended(%s, 0)) AS answer", name)
        try:
            yield mine
        finally:
            if mine:
                await self._ask("SELECT pg_advisory_unlock(hashtextextended(%s, 0)) AS answer", name)

    async def _ask(self, statement: LiteralString, name: str) -> bool:
        cursor = await self._connection.execute(statement, [name])
        row = await cursor.fetchone()
        return bool(row and row["answer"])


@asynccontextmanager
async def locks(database: Database) -> AsyncGenerator[Locks]:
    """A session to hold locks in. Raises Busy when the database fails it."""
    connection = await database.connect()
    try:
        async with connection:
            yield Locks(connection)
    except psycopg.OperationalError as error:
        raise unavailable(error) from error
