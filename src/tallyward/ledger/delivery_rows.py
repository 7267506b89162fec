"""Deliveries of forges as rows: each once, by its number and by its body, whichever is seen first."""

from collections.abc import Sequence

import msgspec

from tallyward.domain.delivery import Delivery
from tallyward.ledger.database import Connection, fetch_all


async def store_deliveries(connection: Connection, deliveries: Sequence[Delivery]) -> tuple[dict[str, int], set[str]]:
    """The number of each delivery by the digest of its body, and the digests of those that were new.

    Two bodies under one number are one delivery, the first. One that was missing, or that could not be read when it
    came, is completed by what comes now, and counts as new.
    """
    if not deliveries:
        return {}, set()
    by_body = {delivery.body_sha256: delivery for delivery in deliveries}
    rows = msgspec.json.encode(list(by_body.values())).decode()
    found = {row["body_sha256"]: row["id"] for row in await fetch_all(connection, "insert_deliveries", {"rows": rows})}
    rest = [delivery for body, delivery in by_body.items() if body not in found]
    if not rest:
        return found, set(found)
    rows = msgspec.json.encode(rest).decode()
    came = {row["body_sha256"]: row["id"] for row in await fetch_all(connection, "recover_deliveries", {"rows": rows})}
    new = {*found, *came}
    return found | came | await _known(connection, [one for one in rest if one.body_sha256 not in came]), new


async def _known(connection: Connection, deliveries: Sequence[Delivery]) -> dict[str, int]:
    if not deliveries:
        return {}
    asked = {
        "bodies": [delivery.body_sha256 for delivery in deliveries],
        "delivery_ids": [delivery.delivery_id for delivery in deliveries],
    }
    known = await fetch_all(connection, "find_deliveries", asked)
    by_body = {row["body_sha256"]: row["id"] for row in known}
    by_number = {row["delivery_id"]: row["id"] for row in known}
    return {
        delivery.body_sha256: by_body.get(delivery.body_sha256, by_number.get(delivery.delivery_id, 0))
        for delivery in deliveries
    }
