"""Where points are forwarded to, how far each sink has come, and what it refused."""

from datetime import datetime

from msgspec import Struct

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.ledger.database import Database
from tallyward.services.tenants import Tenants

PARKED_TOLD_MAX = 100


class SinkLine(Struct, kw_only=True):
    """One sink. `waiting` points have not been taken yet, the oldest of them is `lag_seconds` old.

    `configured`: whether the settings still name it; one that they do not keeps its place. `last_error` is None while
    it takes what comes. `retry_at` is when it is tried again.
    """

    name: str
    kind: str | None
    configured: bool
    position: int
    sent: int
    waiting: int
    lag_seconds: float | None
    parked: int
    failures: int
    retry_at: datetime | None
    last_error: str | None
    failed_at: datetime | None
    delivered_at: datetime | None


class ParkedPoint(Struct, kw_only=True):
    """A point that a sink refused for good."""

    sink: str
    series: str
    ns: int
    reason: str
    parked_at: datetime


class SinksBoard(Struct, kw_only=True):
    """Every sink, and the points that were refused last."""

    tenant: str
    sinks: list[SinkLine]
    parked: list[ParkedPoint]


class Sinks:
    """Tells of the sinks of a tenant."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def read(self, principal: Principal) -> SinksBoard:
        now = clock.now()
        kinds = {sink.name: sink.kind for sink in self._tenants.config(principal.tenant).sinks}
        lines: list[SinkLine] = []
        for row in await self._database.query(principal.tenant, "list_sinks"):
            oldest, name = row.pop("oldest_waiting"), row.pop("sink")
            lag = max((now - oldest).total_seconds(), 0.0) if oldest else None
            line = SinkLine(name=name, kind=kinds.get(name), configured=name in kinds, lag_seconds=lag, **row)
            lines.append(line)
        parked = await self._database.query(principal.tenant, "list_parked", {"limit": PARKED_TOLD_MAX})
        return SinksBoard(tenant=principal.tenant, sinks=lines, parked=[ParkedPoint(**row) for row in parked])
