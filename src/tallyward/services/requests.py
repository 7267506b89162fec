"""The metered requests themselves, newest first: what every cost is made of."""

from datetime import datetime

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.fire import EARLIEST
from tallyward.ledger.database import Database, fetch_all
from tallyward.metrics.unattributed_cost import UnattributedCost
from tallyward.services.asked import Asked, Paging
from tallyward.services.reading import Board, allowed, measured


class RequestRow(Struct, kw_only=True):
    """One request to a model. `skill_name` is the last skill before it in its prompt, None where there is none."""

    request_key: str
    ts: datetime
    engineer_id: str | None
    model: str
    repo: str | None
    branch: str | None
    runtime: str | None
    session_id: str | None
    prompt_id: str | None
    skill_name: str | None
    input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    web_search_requests: int
    cost_micros: int | None
    price_version: str | None
    reported_cost_micros: int | None
    seen_by: list[str]


class RequestsBoard(Board, kw_only=True):
    """Requests to models, newest first, one page of them. `total` and its cost are of all that are asked for.

    Both are None where neither a range nor a filter is given.
    """

    page: int
    limit: int
    total: int | None
    cost_micros: int | None
    requests: list[RequestRow]


class Requests:
    """Lists metered requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, principal: Principal, asked: Asked, paging: Paging) -> RequestsBoard:
        """One page of the requests that are asked for; an engineer's token sees its own."""
        if principal.role == "engineer" and asked.engineer is None:
            asked = asked.of(engineer=principal.engineer_id)
        asked = allowed(principal, asked)
        async with self._database.transaction(principal.tenant) as connection:
            listed = {**asked.listing(), "offset": paging.offset, "limit": paging.limit}
            rows = await fetch_all(connection, "list_requests", listed)
            everything = asked.since == EARLIEST and not asked.filters
            sums = {} if everything else (await measured(connection, UnattributedCost, asked))[0]
        return RequestsBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            page=paging.page,
            limit=paging.limit,
            total=sums.get("requests"),
            cost_micros=sums.get("cost_micros"),
            requests=[RequestRow(**row) for row in rows],
        )
