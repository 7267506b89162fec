"""What people set about trust by hand, kept in the outbox and nowhere else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tallyward import ids
from tallyward.domain.trust_override import ENDED, OVERRIDDEN, End, Override, OverrideIn, standing
from tallyward.ledger.database import Connection, fetch_all
from tallyward.redact import redact
from tallyward.services.revising import append

_EVENTS_MAX = 1_000  # an override lasts a month at most, so whatever stands is among the last


async def standing_overrides(connection: Connection) -> dict[str | None, Override]:
    """The overrides that nothing has ended, by agent and None for all; one of them may have run out."""
    rows = await fetch_all(connection, "list_overrides", {"limit": _EVENTS_MAX})
    found = standing((row["kind"], row["payload"]) for row in rows)
    return {agent: _override(payload) for agent, payload in found.items()}


def _override(payload: Mapping[str, Any]) -> Override:
    return msgspec.convert({name: payload.get(name) for name in Override.__struct_fields__}, Override)


async def put(connection: Connection, told: OverrideIn, *, by: str, actor: str, now: datetime) -> Override:
    """Sets a level; what was set before for the same agent is replaced. The connection holds the outbox's lock."""
    before = (await standing_overrides(connection)).get(told.agent)
    if before is not None:
        await end(connection, before, "replaced" if before.holds(now) else "expired", now, actor=actor)
    made = Override(
        id=ids.random_hex(8),
        level=told.level,
        agent=told.agent,
        by=by,
        reason=redact(told.reason),
        since=now,
        until=told.until,
    )
    await append(connection, OVERRIDDEN, {**msgspec.to_builtins(made), "actor": actor})
    return made


async def end(connection: Connection, one: Override, how: End, now: datetime, *, actor: str | None = None) -> None:
    """Appends that an override has ended: when, how, and for one that somebody ended, by whose token."""
    at = min(now, one.until) if how == "expired" else now
    said = {"id": one.id, "agent": one.agent, "level": one.level, "how": how, "at": at}
    await append(connection, ENDED, {**said, "actor": actor} if actor else said)


async def end_expired(connection: Connection, now: datetime) -> int:
    """Appends the end of every override that has run out. How many there were."""
    over = [one for one in (await standing_overrides(connection)).values() if not one.holds(now)]
    for one in over:
        await end(connection, one, "expired", now)
    return len(over)
