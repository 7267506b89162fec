"""What the shepherd reads of the outbox and appends to it."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.line_protocol import Point, Value
from tallyward.domain.series import ACTION, nanoseconds
from tallyward.domain.series import OUTCOME as ENDED
from tallyward.domain.shepherd_events import ACTED, DECIDED, OUTCOME, Event, Result, read, subject_of
from tallyward.domain.shepherd_facts import Action
from tallyward.ledger.database import CHANGES_CHANNEL, Connection, Database, fetch_all
from tallyward.services.series import Series

HOUR_SECONDS = 3600


class Known(Struct, frozen=True):
    """A pull request whose end was not told yet."""

    subject: str
    forge: str
    repo: str
    number: int


class Done(Struct, frozen=True, kw_only=True):
    """How acting on a decision went. again: it did not happen, and may be tried as if it had never begun."""

    ok: bool
    code: str
    again: bool = False
    count: int | None = None


class Memory:
    """The shepherd's events in the outbox of a ledger."""

    def __init__(self, database: Database, series: Series) -> None:
        self._database = database
        self._series = series

    async def events(self, tenant: str, subject: str) -> list[Event]:
        """What was done about one pull request, and the last look at it."""
        rows = await self._database.query(tenant, "find_shepherd_events", {"subject": subject})
        return [read(row["kind"], row["payload"]) for row in rows]

    async def known(self, tenant: str) -> list[Known]:
        """Every pull request that was looked at and whose end was not told yet."""
        rows = await self._database.query(tenant, "list_shepherded")
        return [
            Known(row["subject"], row["payload"]["forge"], row["payload"]["repo"], row["payload"]["number"])
            for row in rows
        ]

    async def decided(self, tenant: str, payload: dict[str, Any]) -> None:
        """Keeps a decision; it is committed when this returns, before anything is done about it."""
        async with self._database.transaction(tenant) as connection:
            await _append(connection, tenant, DECIDED, payload)
            fields = {"action": payload["action"], "reason": payload["reason"]}
            await self._point(connection, tenant, ACTION, payload, fields)

    async def acted(  # noqa: PLR0913  # who did what and how that went, by name
        self, tenant: str, told: PullRequestSignals, decision: str, action: Action, done: Done, *, escalated: str | None
    ) -> None:
        """Keeps how acting on a decision went; and that a person was asked and why, where `escalated` says so."""
        payload = {**_about(told), "decision": decision, "action": action, **msgspec.to_builtins(done)}
        async with self._database.transaction(tenant) as connection:
            await _append(connection, tenant, ACTED, payload)
            if escalated is not None:
                await self._end(connection, tenant, told, "escalated", escalated)

    async def ended(self, tenant: str, told: PullRequestSignals, detail: str) -> None:
        """Keeps that it was merged or closed."""
        async with self._database.transaction(tenant) as connection:
            await self._end(connection, tenant, told, "success" if told.state == "merged" else "closed", detail)

    async def _end(
        self, connection: Connection, tenant: str, told: PullRequestSignals, result: Result, detail: str
    ) -> None:
        at = _ended_at(told, result)
        hours = round(max(0.0, (at - told.created_at).total_seconds()) / HOUR_SECONDS, 4)
        payload = {
            **_about(told, at), "result": result, "detail": detail, "resolution_hours": hours,
        }  # fmt: skip
        await _append(connection, tenant, OUTCOME, payload)
        fields = {name: payload[name] for name in ("result", "detail", "resolution_hours")}
        await self._point(connection, tenant, ENDED, payload, fields)

    async def _point(
        self, connection: Connection, tenant: str, measurement: str, payload: dict[str, Any], fields: dict[str, Value]
    ) -> None:
        """Keeps the same as a point of the training series, in the same transaction."""
        tags = {"repo": payload["repo"], "pr": str(payload["number"])}
        at = nanoseconds(datetime.fromisoformat(payload["at"]))
        await self._series.append(connection, tenant, [Point(measurement, tags, fields, at)])


def _about(told: PullRequestSignals, at: datetime | None = None) -> dict[str, Any]:
    return {
        "subject": subject_of(told),
        "forge": told.forge,
        "repo": told.repo,
        "number": told.number,
        "at": clock.iso(at or clock.now()),
    }


def _ended_at(told: PullRequestSignals, result: Result) -> datetime:
    ended = {"success": told.merged_at, "closed": told.closed_at, "escalated": None}[result]
    return ended or clock.now()


async def _append(connection: Connection, tenant: str, kind: str, payload: dict[str, Any]) -> None:
    row = {"kind": kind, "payload": msgspec.json.encode(payload).decode()}
    await fetch_all(connection, "append_event", row)
    await connection.execute("SELECT pg_notify(%s, %s)", (CHANGES_CHANNEL, tenant))
