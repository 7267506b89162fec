"""Keeps the sums of every tenant in the background of a server, a little at a time, so that nobody who writes notices.

Any number of servers may share a ledger: the one that holds the lock does it, and if it goes another takes over within
a minute. What it does not do in time is read as rows, so nothing is wrong meanwhile, only slower.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tallyward import clock
from tallyward.errors import Busy
from tallyward.ledger import rollup
from tallyward.ledger.background import hang_up
from tallyward.ledger.database import Connection, Database
from tallyward.services.tenants import Tenants

LOOK_SECONDS = 60.0  # between two looks whether there is something to sum
SEAL_AFTER = timedelta(minutes=10)  # an hour is summed when what it held has mostly come in
PAUSE_SECONDS_MAX = 1.0  # between two steps; else as long as the step took, so that half of the time is for others
TELL_SECONDS = 10.0  # between two lines about a year that is being summed
DAY = timedelta(days=1)

_log = logging.getLogger(__name__)


def sealable(now: datetime) -> datetime:
    """The moment up to which hours may be sealed."""
    return (now.astimezone(UTC) - SEAL_AFTER).replace(minute=0, second=0, microsecond=0)


async def catch_up(
    connection: Connection, tenant: str, tell: Callable[[str, rollup.Reach], None] = lambda _tenant, _reach: None
) -> None:
    """Sums whatever there is to sum of a tenant, some days in one step, and tells how far it is between two of them."""
    while True:
        begun = clock.elapsed_seconds()
        target = sealable(clock.now())
        reach = await rollup.seal(connection, tenant, target)
        if reach is None:
            return  # somebody writes for long; the next look tries again
        hours = await rollup.sum_marked(connection, tenant, reach.last_mark)
        if reach.sealed_until >= target and hours < rollup.HOURS_MAX:
            return
        tell(tenant, reach)
        await asyncio.sleep(min(clock.elapsed_seconds() - begun, PAUSE_SECONDS_MAX))


class Roller:
    """`start()` it with the server and `stop()` it before the database."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants
        self._task: asyncio.Task[None] | None = None
        self._told = 0.0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="roller")

    async def stop(self) -> None:
        if self._task is not None:
            await hang_up([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self.catch_up()
            except Busy as error:
                _log.info("the sums wait: %s", error.message)
            except Exception as mistake:  # noqa: BLE001  # a mistake of ours must not end the sums for ever: logged
                _log.error("the sums failed with %s", type(mistake).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def catch_up(self) -> None:
        """Sums whatever there is to sum, and deletes what need not be kept, unless another server is at it."""
        async with rollup.summing(self._database) as connection:
            if connection is None:
                return
            for tenant in await rollup.tenants(connection):
                await catch_up(connection, tenant, self._tell)
                await self._forget(connection, tenant)

    def _tell(self, tenant: str, reach: rollup.Reach) -> None:
        if clock.elapsed_seconds() - self._told > TELL_SECONDS:
            self._told = clock.elapsed_seconds()
            _log.info("%s: summed up to %s; what is newer is read row by row", tenant, f"{reach.sealed_until:%Y-%m-%d}")

    async def _forget(self, connection: Connection, tenant: str) -> None:
        """Deletes rows that are older than the tenant keeps them, a batch at a time, once their sums are kept."""
        days = self._tenants.config(tenant).retention.raw_days
        if not days:
            return
        horizon = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - days * DAY
        deleted = 0
        while batch := await rollup.forget(connection, tenant, horizon):
            deleted += batch
            await asyncio.sleep(rollup.FORGET_PAUSE_SECONDS)
        if deleted:
            _log.info("%s: deleted %s rows from before %s; their sums are kept", tenant, deleted, f"{horizon:%Y-%m-%d}")
