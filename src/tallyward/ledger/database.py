"""Connections to PostgreSQL, and the one place where a transaction says which tenant it speaks for.

Every connection acts as the role `tally_app`, which owns nothing and cannot step past row-level security, so that a
query that forgets its tenant finds nothing. `SET LOCAL` ends with the transaction, so that a pooled connection carries
no tenant to whoever gets it next.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tallyward.errors import Busy, DatabaseUnreachable, DiskFull, LedgerUnavailable, UnsafeDatabase
from tallyward.ledger.background import Background
from tallyward.ledger.queries import statement
from tallyward.redact import Secret, redact

APP_ROLE = "tally_app"
CHANGES_CHANNEL = "tally_changed"
POOL_SIZE_MAX = 10  # pages and API reads; the writer has a connection of its own
CONNECT_TIMEOUT_SECONDS = 10
POOL_WAIT_SECONDS = 5  # a reader that waits longer is told to come back
POOL_CLOSE_SECONDS = 0.5  # for connections that are being made; one to a database that hangs is given up
SERVER_VERSION_MIN = 150_000  # security_invoker views need PostgreSQL 15

Row = dict[str, Any]
Connection = AsyncConnection[Row]


def unavailable(error: psycopg.Error) -> Busy:
    """What a failed statement means to whoever asked: try again, or free the disk first."""
    if isinstance(error, psycopg.errors.DiskFull) or "No space left on device" in str(error):
        return DiskFull()
    return LedgerUnavailable()


async def _act_as_app(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(APP_ROLE)))


class Database:
    """A pool of connections. Open it with `await open()`, close it with `await close()`."""

    def __init__(self, url: Secret) -> None:
        self.url = url
        self.background = Background()
        self._pool = AsyncConnectionPool[Connection](
            url.reveal(),
            min_size=1,
            max_size=POOL_SIZE_MAX,
            timeout=POOL_WAIT_SECONDS,
            open=False,
            configure=_act_as_app,
            check=AsyncConnectionPool[Connection].check_connection,
            kwargs={"row_factory": dict_row, "connect_timeout": CONNECT_TIMEOUT_SECONDS},
            connection_class=Connection,
        )

    async def open(self) -> None:
        """Connects. Raises DatabaseUnreachable, or UnsafeDatabase when a promise could not be kept on it."""
        try:
            await self._pool.open(wait=True, timeout=CONNECT_TIMEOUT_SECONDS)
        except PoolTimeout as error:
            raise DatabaseUnreachable(f"The database does not answer: {redact(str(error))}.") from error
        async with self.transaction(None) as connection:
            await _refuse_unsafe(connection)

    async def close(self) -> None:
        await self.background.end()
        await self._pool.close(timeout=POOL_CLOSE_SECONDS)

    async def connect(self) -> Connection:
        """A connection of its own, outside the pool, acting as the application role."""
        try:
            connection = await AsyncConnection[Row].connect(
                self.url.reveal(), row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT_SECONDS, autocommit=True
            )
            try:
                await _act_as_app(connection)
            except BaseException:  # cancelled half-way, say: nobody else knows this connection
                await connection.close()
                raise
        except psycopg.Error as error:
            raise unavailable(error) from error
        return connection

    @asynccontextmanager
    async def transaction(self, tenant: str | None) -> AsyncGenerator[Connection]:
        """One transaction that sees and writes the rows of `tenant` only. Raises Busy when the database fails it."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await say_tenant(connection, tenant)
                yield connection
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise unavailable(error) from error

    def pool_figures(self) -> Mapping[str, int]:
        """How the pool of connections stands: its size, how many are free, and how many readers wait for one."""
        return self._pool.get_stats()

    async def query(self, tenant: str | None, name: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of `queries/<name>.sql` for one tenant."""
        async with self.transaction(tenant) as connection:
            return await fetch_all(connection, name, params)

    async def answers(self, seconds: float) -> bool:
        """Whether the database answers in time. One that hangs is not waited for, nor is giving up on it."""
        asking = self.background.start(self.query(None, "answer_one"), "ask-database")
        done, _ = await asyncio.wait([asking], timeout=seconds)
        if not done:
            asking.cancel()
            return False
        return asking.exception() is None

    async def announce(self, tenants: Iterable[str]) -> None:
        """Tells whoever follows `changes`, on any server, that these tenants have new rows."""
        async with self.transaction(None) as connection:
            for tenant in tenants:
                await connection.execute("SELECT pg_notify(%s, %s)", (CHANGES_CHANNEL, tenant))

    async def changes(self) -> AsyncIterator[str]:
        """The tenant of each commit that stored something, as it happens, from any server on this database.

        First comes an empty text, when listening has begun: what was stored before that is not told. Raises Busy when
        the connection is lost.
        """
        connection = await self.connect()
        try:
            async with connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANGES_CHANNEL)))
                yield ""
                async for notice in connection.notifies():
                    yield notice.payload
        except psycopg.OperationalError as error:
            raise unavailable(error) from error


async def say_tenant(connection: Connection, tenant: str | None) -> None:
    """From here to the end of the transaction, `connection` speaks for `tenant`; None speaks for nobody."""
    await connection.execute("SELECT set_config('tally.tenant', %s, true)", (tenant or "",))


async def fetch_all(connection: Connection, name: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of `queries/<name>.sql` on a connection that has said its tenant."""
    cursor = await connection.execute(statement(name), params or {})
    return await cursor.fetchall() if cursor.description else []


async def _refuse_unsafe(connection: Connection) -> None:
    cursor = await connection.execute(
        "SELECT current_user AS role, rolsuper, rolbypassrls, current_setting('server_version_num')::int AS version,"
        " current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit"
        " FROM pg_roles WHERE rolname = current_user"
    )
    facts = await cursor.fetchone()
    if facts is None:
        raise UnsafeDatabase("The database does not say which role we act as.")
    if facts["version"] < SERVER_VERSION_MIN:
        raise UnsafeDatabase(f"The database is PostgreSQL {facts['version'] // 10_000}; 15 or newer is needed.")
    if facts["rolsuper"] or facts["rolbypassrls"]:
        raise UnsafeDatabase(f"The role {facts['role']} passes by row-level security (superuser or BYPASSRLS).")
    if facts["fsync"] == "off" or facts["synchronous_commit"] == "off":
        raise UnsafeDatabase("fsync or synchronous_commit is off, so a stored row could be lost.")
