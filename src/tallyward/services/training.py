"""What was decided about pull requests and what came of it: row by row for whoever learns from it, and in sums."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.training import ActionLine, lines
from tallyward.ledger.database import Database
from tallyward.ledger.queries import statement
from tallyward.services.asked import Asked, Window

ROWS_AT_ONCE = 1_000


class TrainingReport(Struct, kw_only=True):
    """Success and time by action, over the decisions of a span of time."""

    tenant: str
    window: Window
    decisions: int
    actions: list[ActionLine]


class Training:
    """Reads decisions of a ledger beside their outcomes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def report(self, principal: Principal, asked: Asked) -> TrainingReport:
        """What each action led to."""
        span = _span(asked.since, asked.until)
        rows = await self._database.query(principal.tenant, "sum_training", span)
        found = lines(rows)
        return TrainingReport(
            tenant=principal.tenant,
            window=asked.window,
            decisions=sum(line.decisions for line in found),
            actions=found,
        )

    async def rows(self, tenant: str, since: datetime, until: datetime | None = None) -> AsyncIterator[dict[str, Any]]:
        """Every decision in its order, a thousand at a time, however many there are: one snapshot of the ledger."""
        async with (
            self._database.transaction(tenant) as connection,
            connection.cursor(name="training") as cursor,
        ):
            cursor.itersize = ROWS_AT_ONCE
            await cursor.execute(statement("export_training"), _span(since, until))
            async for row in cursor:
                yield row


def _span(since: datetime, until: datetime | None) -> dict[str, Any]:
    return {"since": since, "until": until or "infinity"}
