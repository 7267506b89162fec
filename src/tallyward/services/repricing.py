"""Reckons again what every request cost, by the prices of this release, while the server goes on.

Rows are taken a batch at a time in the order of their keys, which is the order in which the writer locks them, so the
two wait for each other for milliseconds and never in a ring. What changes is the price and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tallyward.domain.usage import Usage
from tallyward.ledger.database import Connection, Database, fetch_all
from tallyward.ledger.usage_rows import Pricer, encoded, put_price

BATCH_ROWS = 1_000  # about 50 ms under lock


class Repriced(Struct, kw_only=True):
    """What became of the rows: each is changed, unchanged or unpriced. Sums of micros are over the priced rows."""

    tenant: str
    rows: int = 0
    changed: int = 0
    unchanged: int = 0
    unpriced: int = 0
    cost_micros_before: int = 0
    cost_micros_after: int = 0


async def reprice(database: Database, tenant: str, pricer: Pricer, *, batch_rows: int = BATCH_ROWS) -> Repriced:
    """Prices every request of a tenant anew. Interrupted, it may be run again: what is done stays done."""
    found = Repriced(tenant=tenant)
    after: str | None = ""
    while after is not None:
        async with database.transaction(tenant) as connection:
            after = await _reprice_batch(connection, found, pricer, after, batch_rows)
    if found.changed:
        await database.announce([tenant])
    return found


async def _reprice_batch(
    connection: Connection, found: Repriced, pricer: Pricer, after: str, batch_rows: int
) -> str | None:
    """The last key of the batch, None when it was the last batch."""
    rows = await fetch_all(connection, "lock_usage_after", {"after": after, "limit": batch_rows})
    stale = [usage for row in rows if (usage := _stale(row, found, pricer)) is not None]
    if stale:
        await fetch_all(connection, "update_prices", {"rows": encoded(stale)})
    return rows[-1]["request_key"] if len(rows) == batch_rows else None


def _stale(row: Mapping[str, Any], found: Repriced, pricer: Pricer) -> Usage | None:
    """The row as it shall be, None where it is so already. Only another cost is counted as a change."""
    usage = put_price(Usage(**row), pricer)
    before, after = row["cost_micros"], usage.cost_micros
    found.rows += 1
    found.cost_micros_before += before or 0
    found.cost_micros_after += after or 0
    if after is None:
        found.unpriced += 1
    elif after == before:
        found.unchanged += 1
    else:
        found.changed += 1
    return usage if (after, usage.price_version) != (before, row["price_version"]) else None
