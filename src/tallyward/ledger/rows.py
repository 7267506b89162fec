"""What is stored, as rows: new ones are added, known ones learn, and each gives the number it has.

Two statements for what is new and what is known, whatever the number of rows. Keys are written in their order, so that
two servers on one database never wait for each other in a ring.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg.rows import tuple_row

from tallyward.domain.delivery import Delivery
from tallyward.domain.fire import ONCE, Fetch, Fire, merge, merge_all
from tallyward.domain.usage import Usage
from tallyward.ledger.database import Connection, fetch_all
from tallyward.ledger.delivery_rows import store_deliveries
from tallyward.ledger.queries import statement
from tallyward.ledger.usage_rows import KNOWN, NEW, Pricer, store_usage

Stored = Fire | Fetch | Usage | Delivery
Identity = tuple[type, str]


@dataclass
class Numbers:
    """What a commit tells of its rows: the number of each, and which of them were new and nobody was told so yet."""

    of: dict[Identity, int]
    added: set[Identity]


def _identity(row: Stored) -> Identity:
    """What makes a row the row it is, within a tenant."""
    if isinstance(row, Fire):
        return Fire, row.fire_key
    if isinstance(row, Delivery):
        return Delivery, row.body_sha256
    return (Fetch, row.fetch_key) if isinstance(row, Fetch) else (Usage, row.request_key)


def number_of(row: Stored, numbers: Numbers) -> tuple[int, bool]:
    """The number of a stored row, and whether this one added it: of several in a commit the first that asks, so that
    what all of them are told adds up to the rows there are. A metered request has no number: it is NEW or KNOWN.
    """
    identity = _identity(row)
    number = numbers.of[identity]
    if isinstance(row, Usage):
        numbers.of[identity] = KNOWN
        return number, number == NEW
    is_new = identity in numbers.added
    numbers.added.discard(identity)
    return number, is_new


async def store(connection: Connection, rows: Sequence[Stored], pricer: Pricer) -> Numbers:
    """The number of each row by its identity, on a connection that has said its tenant and commits by itself."""
    added: set[Identity] = set()
    fires = await store_fires(connection, [row for row in rows if isinstance(row, Fire)], added)
    fetches = await _store_fetches(connection, [row for row in rows if isinstance(row, Fetch)], added)
    usages = await store_usage(connection, [row for row in rows if isinstance(row, Usage)], pricer)
    deliveries, came = await store_deliveries(connection, [row for row in rows if isinstance(row, Delivery)])
    added.update((Delivery, body) for body in came)
    return Numbers(
        {
            **{(Fire, key): number for key, number in fires.items()},
            **{(Fetch, key): number for key, number in fetches.items()},
            **{(Usage, key): number for key, number in usages.items()},
            **{(Delivery, body): number for body, number in deliveries.items()},
        },
        added,
    )


async def store_fires(connection: Connection, fires: list[Fire], added: set[Identity]) -> dict[str, int]:
    """The id of each fire by its key; the new ones come into `added`. Known fires learn what these sightings add, under
    a lock of their rows.
    """
    if not fires:
        return {}
    once = [fire for fire in fires if fire.fire_key.startswith(ONCE)]
    keyed = merge_all([fire for fire in fires if not fire.fire_key.startswith(ONCE)])
    ids = await _store_keyed(connection, keyed, added)
    # Last, and in one statement: should anything before fail, a sender that has no key to send again has lost nothing
    # and doubles nothing.
    new = await _insert(connection, "insert_fires", once)
    added.update((Fire, key) for key in new)
    return ids | new


async def _store_keyed(connection: Connection, merged: dict[str, Fire], added: set[Identity]) -> dict[str, int]:
    ids = await _insert(connection, "insert_fires", list(merged.values()))
    added.update((Fire, key) for key in ids)
    known_keys = [key for key in merged if key not in ids]
    if known_keys:
        async with connection.transaction():
            known = await fetch_all(connection, "lock_fires", {"fire_keys": known_keys})
            learned = _learned(known, merged)
            if learned:
                await fetch_all(connection, "update_fires", {"rows": _json(learned)})
        ids |= {row["fire_key"]: row["id"] for row in known}
    return ids


def _learned(known: Sequence[Mapping[str, Any]], merged: dict[str, Fire]) -> list[dict[str, Any]]:
    """The known rows that a new sighting changes, as they shall be. A plain repeat changes none and costs no write."""
    changed: list[dict[str, Any]] = []
    for row in known:
        before = Fire(**{name: value for name, value in row.items() if name != "id"})
        after = merge(before, merged[before.fire_key])
        before.cost_usd_cents = after.cost_usd_cents  # derived, so never a change of its own
        if after != before:
            changed.append({"id": row["id"], **msgspec.structs.asdict(after)})
    return changed


async def _store_fetches(connection: Connection, fetches: list[Fetch], added: set[Identity]) -> dict[str, int]:
    if not fetches:
        return {}
    by_key = {fetch.fetch_key: fetch for fetch in sorted(fetches, key=lambda fetch: fetch.fetch_key)}
    ids = await _insert(connection, "insert_fetches", list(by_key.values()))
    added.update((Fetch, key) for key in ids)
    known_keys = [key for key in by_key if key not in ids]
    if known_keys:
        known = await fetch_all(connection, "find_fetches", {"fetch_keys": known_keys})
        ids |= {row["fetch_key"]: row["id"] for row in known}
    return ids


async def _insert(connection: Connection, name: str, rows: Sequence[Fire | Fetch]) -> dict[str, int]:
    """The ids of the rows that were new, by their keys. Plain tuples: this is the hottest path there is."""
    if not rows:
        return {}
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement(name), {"rows": _json(rows)}, prepare=True)
        return dict(await cursor.fetchall())


def _json(rows: Sequence[Any]) -> str:
    return msgspec.json.encode(rows).decode()
