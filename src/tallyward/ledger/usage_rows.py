"""Metered requests as rows: new ones are added with their price, known ones learn and are priced again.

The price depends on the merged counts, so it can only be reckoned here, under the lock of the row. The ledger knows no
prices itself: whoever makes the writer hands it a `Pricer`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import tuple_row

from tallyward.domain.usage import Usage, merge, merge_all
from tallyward.ledger.database import Connection, fetch_all
from tallyward.ledger.queries import statement

# (model, what it took, when) -> (millionths of a dollar, which price), None for a model without a known price.
Pricer = Callable[[str, Usage, datetime], tuple[int, str] | None]

NEW, KNOWN = 1, 0


def unpriced(_model: str, _usage: Usage, _at: datetime) -> None:
    """The pricer of a ledger that has none: everything waits to be priced."""
    return


def put_price(usage: Usage, pricer: Pricer) -> Usage:
    """The same request, with what it costs."""
    found = pricer(usage.model, usage, usage.ts)
    usage.cost_micros, usage.price_version = found or (None, None)
    return usage


async def store_usage(connection: Connection, usages: Sequence[Usage], pricer: Pricer) -> dict[str, int]:
    """NEW or KNOWN for each request by its key. Known requests learn and are priced again under a lock."""
    if not usages:
        return {}
    merged = merge_all(usages)
    async with connection.cursor(row_factory=tuple_row) as cursor:
        rows = [put_price(usage, pricer) for usage in merged.values()]
        await cursor.execute(statement("insert_usage"), {"rows": encoded(rows)}, prepare=True)
        added = {key for (key,) in await cursor.fetchall()}
    known_keys = [key for key in merged if key not in added]
    if known_keys:
        async with connection.transaction():
            known = await fetch_all(connection, "lock_usage", {"request_keys": known_keys})
            learned = _learned(known, merged, pricer)
            if learned:
                await fetch_all(connection, "update_usage", {"rows": encoded(learned)})
    return {key: NEW if key in added else KNOWN for key in merged}


def _learned(known: Sequence[Mapping[str, Any]], merged: dict[str, Usage], pricer: Pricer) -> list[Usage]:
    """The known rows that a new report changes, as they shall be. A plain repeat changes none and costs no write."""
    changed: list[Usage] = []
    for row in known:
        before = Usage(**row)
        before.cost_micros = before.price_version = None  # derived, so never a change of its own
        after = merge(before, merged[before.request_key])
        if after != before:
            changed.append(put_price(after, pricer))
    return changed


def encoded(rows: Sequence[Usage]) -> str:
    """Rows as one JSON parameter."""
    return msgspec.json.encode(rows).decode()
