"""The fires themselves, newest first: what every number of a board is made of."""

from datetime import datetime

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.canary import canary_tenant
from tallyward.domain.fire import EARLIEST
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.metrics.outcomes import Outcomes
from tallyward.services.asked import Asked, Paging
from tallyward.services.reading import Board, allowed, measured

CANARY_ROWS_MAX = 100  # one is right; more show what went wrong
_COLUMN_OF_STATUS = {"success": "successful", "error": "errors", "abandoned": "abandoned"}


class FireRow(Struct, kw_only=True):
    """One stored fire, every column."""

    id: int
    ts: datetime
    engineer_id: str
    skill_name: str
    repo: str | None
    runtime: str
    model: str | None
    latency_ms: int | None
    status: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd_cents: int | None
    arg_hash: str | None
    kind: str
    session_id: str | None
    prompt_id: str | None
    branch: str | None
    cost_micros: int | None
    fire_key: str
    seen_by: list[str]
    request_bytes: int | None = None
    response_bytes: int | None = None


class FiresBoard(Board, kw_only=True):
    """Fires, newest first, one page of them.

    `total` counts all that are asked for; it is None where neither a range nor a filter is given.
    """

    page: int
    limit: int
    total: int | None
    fires: list[FireRow]


class CanaryFires(Struct):
    """The made-up fires of one doctor, newest first."""

    fires: list[FireRow]


class Fires:
    """Lists fires."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, principal: Principal, asked: Asked, paging: Paging) -> FiresBoard:
        """One page of the fires that are asked for; an engineer's token sees its own."""
        if principal.role == "engineer" and asked.engineer is None:
            asked = asked.of(engineer=principal.engineer_id)
        asked = allowed(principal, asked)
        async with self._database.transaction(principal.tenant) as connection:
            listed = {**asked.listing(), "offset": paging.offset, "limit": paging.limit}
            rows = await fetch_all(connection, "list_fires", listed)
            total = await _total(connection, asked)
        return FiresBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            page=paging.page,
            limit=paging.limit,
            total=total,
            fires=[FireRow(**row) for row in rows],
        )

    async def canary(self, principal: Principal, session: str) -> CanaryFires:
        """The fires that a doctor made up, for whoever knows their session."""
        asked = Asked(since=EARLIEST, session=session)
        listed = {**asked.listing(), "offset": 0, "limit": CANARY_ROWS_MAX}
        rows = await self._database.query(canary_tenant(principal.tenant), "list_fires", listed)
        return CanaryFires([FireRow(**row) for row in rows])


async def _total(connection: Connection, asked: Asked) -> int | None:
    """How many there are, from the sums where they are kept: a status is a column of them."""
    if asked.since == EARLIEST and not asked.filters:
        return None
    counted = asked if asked.session is not None else asked.of(status=None)
    rows: list[Row] = await measured(connection, Outcomes, counted)
    column = "fires" if asked.status is None else _COLUMN_OF_STATUS[asked.status]
    return rows[0][column]
