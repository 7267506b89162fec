"""Deliveries as they are listed: those that need somebody first, how many came each hour, and whether they have ceased.

That nothing comes any more is reckoned when somebody looks, from the last delivery and from when the first secret was
made; there is no clock of ours that could itself have stopped.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.domain.delivery import STATES, State
from tallyward.errors import Invalid, NotFound
from tallyward.ledger.database import Database
from tallyward.services.asked import Paging
from tallyward.services.tenants import Tenants

HOURS = 24


class Row(Struct, kw_only=True):
    """One delivery. `recovered`: it came only because the forge was asked for it."""

    id: int
    sender: str
    delivery_id: str
    event: str
    action: str | None
    subject: str
    repo: str | None
    number: int | None
    state: State
    reason: str | None
    tries: int
    received_at: datetime
    processed_at: datetime | None
    recovered: bool


class DeliveryFacts(Row, kw_only=True):
    """One delivery with what it told; of the body only its length and its digest."""

    body_sha256: str | None
    body_bytes: int | None
    next_try_at: datetime
    facts: dict[str, Any] | None


class HourOf(Struct, kw_only=True):
    """The deliveries of one hour of UTC, by what became of them."""

    hour: datetime
    counts: dict[str, int]


class Silence(Struct, kw_only=True):
    """How long nothing came. `alarm`: longer than this tenant is used to, although there is a secret to sign with."""

    hours: float | None
    limit_hours: int
    alarm: bool


class CaughtUp(Struct, kw_only=True):
    """What the last look at the forges' own lists found; `problems` are codes of errors, by repository."""

    at: datetime
    looked: int = 0
    missing: int = 0
    asked: int = 0
    problems: dict[str, str] = {}


class DeliveriesBoard(Struct, kw_only=True):
    """How the inbox stands, and one page of it."""

    page: int
    limit: int
    waiting: int
    parked: int
    missing: int
    recovered: int
    oldest_waiting: datetime | None
    last_received: datetime | None
    silence: Silence
    catch_up: CaughtUp | None
    hours: list[HourOf]
    deliveries: list[Row]


class Replayed(Struct):
    """The numbers of the deliveries that are processed again."""

    ids: list[int]


class Deliveries:
    """The deliveries of a ledger."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def listing(
        self, principal: Principal, paging: Paging, state: str | None = None, event: str | None = None
    ) -> DeliveriesBoard:
        """One page of the deliveries, of one state or event or of all."""
        if state is not None and state not in STATES:
            raise Invalid(f"state must be one of {', '.join(STATES)}.", field="state")
        tenant = principal.tenant
        params = {"state": state, "event": event, "limit": paging.limit, "offset": paging.offset}
        rows = await self._database.query(tenant, "list_deliveries", params)
        (counts,) = await self._database.query(tenant, "count_deliveries")
        return DeliveriesBoard(
            page=paging.page,
            limit=paging.limit,
            waiting=counts["waiting"],
            parked=counts["parked"],
            missing=counts["missing"],
            recovered=counts["recovered"],
            oldest_waiting=counts["oldest_waiting"],
            last_received=counts["last_received"],
            silence=await self._silence(tenant, counts["last_received"]),
            catch_up=await self._catch_up(tenant),
            hours=await self._hours(tenant),
            deliveries=[Row(**row) for row in rows],
        )

    async def one(self, principal: Principal, number: int) -> DeliveryFacts:
        """One delivery. Raises NotFound."""
        rows = await self._database.query(principal.tenant, "find_delivery", {"id": number})
        if not rows:
            raise NotFound(f"There is no delivery {number}.")
        return DeliveryFacts(**rows[0])

    async def replay(self, principal: Principal, number: int | None) -> Replayed:
        """Has one processed again, or every parked one. Raises NotFound where this one cannot be."""
        params = {"id": number, "actor": principal.name}
        rows = await self._database.query(principal.tenant, "replay_deliveries", params)
        if number is not None and not rows:
            raise NotFound(f"There is no delivery {number} that was processed and could be read.")
        return Replayed([row["id"] for row in rows])

    async def _silence(self, tenant: str, last: datetime | None) -> Silence:
        limit = self._tenants.config(tenant).webhooks.silent_hours
        secrets = await self._database.query(tenant, "list_webhook_secrets")
        now = clock.now()
        living = [
            secret["created_at"]
            for secret in secrets
            if secret["revoked_at"] is None and (secret["expires_at"] is None or secret["expires_at"] > now)
        ]
        since = max(filter(None, [last, min(living, default=None)]), default=None)
        hours = None if since is None else max((now - since) / timedelta(hours=1), 0.0)
        alarm = bool(living) and hours is not None and hours > limit
        return Silence(hours=None if hours is None else round(hours, 2), limit_hours=limit, alarm=alarm)

    async def _catch_up(self, tenant: str) -> CaughtUp | None:
        rows = await self._database.query(tenant, "find_catch_up")
        found = rows[0]["catch_up"] if rows else None
        return None if found is None else msgspec.convert(found, CaughtUp)

    async def _hours(self, tenant: str) -> list[HourOf]:
        """Each of the last hours, those in which nothing came too."""
        rows = await self._database.query(tenant, "count_deliveries_by_hour", {"hours": HOURS})
        this = clock.now().replace(minute=0, second=0, microsecond=0)
        hours = {
            this - timedelta(hours=back): HourOf(hour=this - timedelta(hours=back), counts={}) for back in range(HOURS)
        }
        for row in rows:
            if row["hour"] in hours:
                hours[row["hour"]].counts[row["state"]] = row["deliveries"]
        return sorted(hours.values(), key=lambda one: one.hour)
