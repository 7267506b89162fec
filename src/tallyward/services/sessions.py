"""Sessions: which there were, and of one of them every fire in its place and every request with its cost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.fire import EARLIEST
from tallyward.domain.waterfall import Span, parents
from tallyward.errors import NotFound, ScopeMissing
from tallyward.ledger.database import Database, Row, fetch_all
from tallyward.services.asked import AGENT_RUNTIMES, NAME_CHARS_MAX, Asked, Paging
from tallyward.services.fires import FireRow
from tallyward.services.reading import Board
from tallyward.services.requests import RequestRow

REACH_FIRES = 20_000  # the latest fires that a list of sessions is made from: a day of hundreds of people
SPANS_MAX = 5_000  # a drawing of more is no drawing
REQUESTS_MAX = 5_000
_NO_SUCH = "There is no such session, or it is not yours to see."
_NOT_YOURS = "A lead's token sees the sessions of agents; those of people are for themselves and for an admin."


class SessionLine(Struct, kw_only=True):
    """One session. Of its first fire the engineer, the runtime and the repository. `session` is where all of it is."""

    session_id: str
    engineer_id: str
    runtime: str
    repo: str | None
    started_at: datetime
    ended_at: datetime
    prompts: int
    fires: int
    errors: int
    skills: list[str]
    requests: int
    cost_micros: int | None
    unpriced_requests: int
    session: str


class SessionsBoard(Board, kw_only=True):
    """Sessions, the last active first, one page of them. Where not `complete`, a range that ends earlier shows more."""

    page: int
    limit: int
    complete: bool
    rows: list[SessionLine]


class SpanLine(FireRow, kw_only=True):
    """One fire in its place: `start_ms` after the beginning of the session, within `parent`, `depth` deep."""

    start_ms: int
    parent: int | None
    depth: int


class SessionBoard(Struct, kw_only=True):
    """One session. Fires and requests come in the order of time; `omitted` says how many more there are of both.

    Sums are of all requests. `cost_micros` is None where none has a price.
    """

    tenant: str
    session_id: str
    engineer_id: str
    runtime: str
    repo: str | None
    started_at: datetime
    ended_at: datetime
    requests_total: int
    cost_micros: int | None
    unpriced_requests: int
    omitted: int
    spans: list[SpanLine]
    requests: list[RequestRow]


class Sessions:
    """Reads sessions for those who may: an engineer the own, a lead those of agents, an admin all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listing(self, principal: Principal, asked: Asked, paging: Paging) -> SessionsBoard:
        """One page of the sessions that are asked for. Raises ScopeMissing for those that may not be seen."""
        asked = _visible(principal, asked)
        params = {**asked.listing(), "q": asked.q, "reach": REACH_FIRES, "offset": paging.offset, "limit": paging.limit}
        rows = await self._database.query(principal.tenant, "list_sessions", params)
        cut = [row.pop("cut") for row in rows]
        return SessionsBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            page=paging.page,
            limit=paging.limit,
            complete=not any(cut),
            rows=[SessionLine(**row, session=f"/v1/sessions/{quote(row['session_id'], safe='')}") for row in rows],
        )

    async def one(self, principal: Principal, session_id: str) -> SessionBoard:
        """A whole session. Raises NotFound where there is none that may be seen, ScopeMissing for a lead's."""
        if "\0" in session_id or len(session_id) > NAME_CHARS_MAX:
            raise NotFound(_NO_SUCH)
        asked = Asked(since=EARLIEST, session=session_id)
        if principal.role == "engineer":
            asked = asked.of(engineer=principal.engineer_id)
        async with self._database.transaction(principal.tenant) as connection:
            fires = await fetch_all(connection, "list_fires", _all_of(asked, SPANS_MAX + 1))
            requests = await fetch_all(connection, "list_requests", _all_of(asked, REQUESTS_MAX + 1))
            sums = await fetch_all(connection, "sum_session", asked.listing())
        if not fires:
            raise NotFound(_NO_SUCH)
        if principal.role == "lead" and any(row["runtime"] not in AGENT_RUNTIMES for row in fires):
            raise ScopeMissing(_NOT_YOURS)
        return _session(principal.tenant, session_id, fires[::-1], requests[::-1], sums[0])


def _all_of(asked: Asked, limit: int) -> dict[str, Any]:
    return {**asked.listing(), "offset": 0, "limit": limit}


def _visible(principal: Principal, asked: Asked) -> Asked:
    if principal.role == "engineer":
        if asked.engineer not in (None, principal.engineer_id):
            raise ScopeMissing("This token sees the rows of its own engineer only.")
        return asked.of(engineer=principal.engineer_id)
    if principal.role == "lead":
        wanted = asked.runtime.split(",") if asked.runtime else AGENT_RUNTIMES
        if not set(wanted) <= set(AGENT_RUNTIMES):
            raise ScopeMissing(_NOT_YOURS)
        return asked.of(runtime=",".join(wanted))
    return asked


def _session(tenant: str, session_id: str, fires: Sequence[Row], requests: Sequence[Row], sums: Row) -> SessionBoard:
    shown, asked_for = fires[:SPANS_MAX], requests[:REQUESTS_MAX]
    first = shown[0]
    return SessionBoard(
        tenant=tenant,
        session_id=session_id,
        engineer_id=first["engineer_id"],
        runtime=first["runtime"],
        repo=next((row["repo"] for row in shown if row["repo"] is not None), None),
        started_at=first["ts"],
        ended_at=max(row["ts"] + timedelta(milliseconds=row["latency_ms"] or 0) for row in shown),
        requests_total=sums["requests"],
        cost_micros=sums["cost_micros"],
        unpriced_requests=sums["unpriced_requests"],
        omitted=sums["fires"] - len(shown) + sums["requests"] - len(asked_for),
        spans=_spans(shown),
        requests=[RequestRow(**row) for row in asked_for],
    )


def _spans(fires: Sequence[Row]) -> list[SpanLine]:
    """Each fire in its place. One that is within another stands below it."""
    names = ("id", "kind", "ts", "latency_ms", "prompt_id")
    within = parents([Span(**{name: row[name] for name in names}) for row in fires])
    depth: dict[int, int] = {}
    for row in sorted(fires, key=lambda one: (one["ts"], -(one["latency_ms"] or 0), one["id"])):
        parent = within[row["id"]]
        depth[row["id"]] = 0 if parent is None else depth[parent] + 1
    began = fires[0]["ts"]
    return [
        SpanLine(
            **row,
            start_ms=round((row["ts"] - began) / timedelta(milliseconds=1)),
            parent=within[row["id"]],
            depth=depth[row["id"]],
        )
        for row in fires
    ]
