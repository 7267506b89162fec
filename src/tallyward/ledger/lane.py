"""One lane of the writer: a connection that commits groups of rows, and gets itself a new one when it fails.

The rows of one tenant and table that are new are one statement, and a statement is its own transaction: one round trip
to the database and back, where BEGIN and COMMIT would make three. Only rows that are known take more.

A group is written again, once, on a fresh connection when the connection fails, even when it failed in the commit and
nobody knows whether it happened: every row has its key before it is written, so a second time changes nothing.
"""

from collections.abc import Sequence

import psycopg

from tallyward.errors import Busy, LedgerUnavailable
from tallyward.fault_points import reached
from tallyward.ledger.database import Connection, Database, unavailable
from tallyward.ledger.rows import Numbers, Stored, store
from tallyward.ledger.usage_rows import Pricer

ATTEMPTS = 2


class Lane:
    """Commits rows of one tenant after another. It is used by one task at a time."""

    def __init__(self, database: Database, pricer: Pricer) -> None:
        self._database = database
        self._pricer = pricer
        self._connection: Connection | None = None
        self._tenant: str | None = None

    async def open(self) -> None:
        self._connection = await self._database.connect()
        self._tenant = None

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def commit(self, tenant: str, rows: Sequence[Stored]) -> Numbers:
        """The number of each row, after all of them are committed.

        Raises Busy when the database fails it twice, psycopg.Error when it refuses a row.
        """
        failure: Busy = LedgerUnavailable()
        for _ in range(ATTEMPTS):
            try:
                return await self._commit(tenant, rows)
            except psycopg.OperationalError as error:
                if _refuses_the_row(error):
                    raise
                await self.close()
                failure = unavailable(error)
                if not _worth_a_second_try(error):
                    break
            except Busy as error:  # no connection was to be had
                failure = error
        raise failure

    async def _commit(self, tenant: str, rows: Sequence[Stored]) -> Numbers:
        if self._connection is None:
            await self.open()
        assert self._connection is not None  # noqa: S101  # open() has just set it, or raised
        await self._speak_for(self._connection, tenant)
        reached("ledger.before_commit")
        numbers = await store(self._connection, rows, self._pricer)
        reached("ledger.after_commit")
        return numbers

    async def _speak_for(self, connection: Connection, tenant: str) -> None:
        """From here on this connection speaks for `tenant`. Nobody else ever gets it, so it need not forget."""
        if self._tenant != tenant:
            self._tenant = None  # should the next line fail half-way, nothing is taken for granted
            await connection.execute("SELECT set_config('tally.tenant', %s, false)", (tenant,))
            self._tenant = tenant


def _worth_a_second_try(error: psycopg.OperationalError) -> bool:
    """No SQLSTATE, 57P (shutdown) or 08 (connection): no server was there to refuse it. 40: it lost a deadlock."""
    return error.sqlstate is None or error.sqlstate.startswith(("57P", "08", "40"))


def _refuses_the_row(error: psycopg.OperationalError) -> bool:
    """54: a value is larger than the database can take. It is no failure of the database, and no second try helps."""
    return error.sqlstate is not None and error.sqlstate.startswith("54")
