"""Says whether a piece of work may begin beside those that are under way, and keeps the time that it waits.

What is decided is in `domain/scope.py` and `domain/hold.py`. Each question is answered under the lock of the outbox, by
the files that others are changing at that moment, so two who ask at once are answered one after the other.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain import scope
from tallyward.domain.access import Principal
from tallyward.domain.hold import ENDED, HOUR, STARTED, Hold, Result, ScopeIn, begun, ended, held_since, series_of
from tallyward.domain.scope import Decision, FileHistory, InFlight, OverlapPolicy
from tallyward.domain.trust import Trust
from tallyward.domain.work_item import REBASE_CONFLICT
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.services.body import read_one
from tallyward.services.rates import read_rates
from tallyward.services.revising import append
from tallyward.services.tenants import Tenants
from tallyward.services.trust import TrustBook

LANDINGS = 500  # that say whether a file is hot
IN_FLIGHT_DAYS, IN_FLIGHT_MAX = 3, 1_000  # work that nobody has moved for longer is not under way
HOLDS_MAX = 500
COST_DAYS = 30


class Overlap(Struct, kw_only=True):
    """Work that changes the same paths: a story, or `#` and the number of a pull request."""

    item: str
    paths: list[str]


class ScopeAnswer(Struct, kw_only=True):
    """Go or hold, why, and by what; `overlaps` are all there are, also those that hold nothing back."""

    decision: Literal["go", "hold"]
    policy: OverlapPolicy
    reason: str
    overlaps: list[Overlap]
    hot_files: list[str]
    hold_until: datetime | None
    held_hours: float
    trust: Trust


class HoldLine(Hold, frozen=True, kw_only=True):
    """A hold with the hours that it has cost so far."""

    hours: float


class HoldsBoard(Struct, kw_only=True):
    """The last holds, newest first: how many last, and what those that began in the last 30 days have cost."""

    lasting: int
    hours_30d: float
    holds_30d: int
    holds: list[HoldLine]


class Holds:
    """The holds of a ledger."""

    def __init__(self, database: Database, tenants: Tenants, trust: TrustBook) -> None:
        self._database = database
        self._tenants = tenants
        self._trust = trust
        self._decoder = msgspec.json.Decoder(ScopeIn)

    def read(self, body: bytes) -> ScopeIn:
        """The question in a body. Raises BadRequest or Invalid."""
        return read_one(self._decoder, body)

    async def check(self, principal: Principal, told: ScopeIn) -> ScopeAnswer:
        """Whether this work may begin now. A hold that begins or ends with the answer is an event."""
        paths, now = told.usable(), clock.now()
        async with self._database.transaction(principal.tenant) as connection:
            history = await _history(connection, told.project, paths)  # takes longest, and may be a moment old
            await fetch_all(connection, "lock_outbox")
            rates = await read_rates(connection, told.project, self._tenants.config(principal.tenant).rates)
            in_flight = await _in_flight(connection, told, now)
            last = await _last(connection, told)
            found = scope.decide(
                rates.overlap, paths, in_flight, history, now=now, held_since=held_since(last, now), urgent=told.urgent
            )
            await _keep(connection, told, found, rates.overlap, last, now)
            trust = await self._trust.level(connection, principal.tenant, told.agent)
        overlaps = [(one.item, scope.overlap(paths, one.paths)) for one in in_flight]
        return ScopeAnswer(
            decision="hold" if found.hold else "go",
            policy=rates.overlap,
            reason=scope.reason(rates.overlap, found, paths, urgent=told.urgent),
            overlaps=[Overlap(item=item, paths=sorted(shared)) for item, shared in overlaps if shared],
            hot_files=sorted(path for path, known in history.items() if known.hot),
            hold_until=found.ends_at,
            held_hours=_hours(last, now) if last is not None and last.lasts else 0.0,
            trust=trust,
        )

    async def board(self, principal: Principal, *, lasting: bool = False) -> HoldsBoard:
        """The last holds, or of these only those that last."""
        now = clock.now()
        rows = await self._database.query(principal.tenant, "list_holds", {"limit": HOLDS_MAX})
        holds = [_line(_hold(row["seq"], row["began"], row["ended"]), now) for row in rows]
        recent = [one for one in holds if one.since > now - timedelta(days=COST_DAYS)]
        return HoldsBoard(
            lasting=sum(one.lasts for one in holds),
            hours_30d=round(sum(one.hours for one in recent), 4),
            holds_30d=len(recent),
            holds=[one for one in holds if one.lasts or not lasting],
        )

    async def end_over(self, tenant: str) -> int:
        """Ends each hold whose time is over, or whose work went on without waiting. How many there were."""
        now = clock.now()
        async with self._database.transaction(tenant) as connection:
            if not await _over(connection, now):
                return 0  # nothing to lock for
            await fetch_all(connection, "lock_outbox")
            over = await _over(connection, now)
            for hold, result, at in over:
                await append(connection, ENDED, _written(ended(hold, result, at)))
        return len(over)


async def _over(connection: Connection, now: datetime) -> list[tuple[Hold, Result, datetime]]:
    rows = await fetch_all(connection, "list_holds", {"limit": HOLDS_MAX})
    found: list[tuple[Hold, Result, datetime]] = []
    for hold in (_hold(row["seq"], row["began"], None) for row in rows if row["ended"] is None):
        items = await fetch_all(connection, "find_work_item", {"project": hold.project, "story_id": hold.story_id})
        moved = items[0]["updated_at"] if items and items[0]["phase"] != "spec" else hold.since
        if moved > hold.since:
            found.append((hold, "not_candidate", moved))
        elif now >= hold.until:
            found.append((hold, "expired", hold.until))
    return found


async def _keep(  # noqa: PLR0913, PLR0917  # a decision and what it is about
    connection: Connection, told: ScopeIn, found: Decision, policy: OverlapPolicy, last: Hold | None, now: datetime
) -> None:
    lasting = last if last is not None and last.lasts else None
    if found.hold and lasting is None:
        await append(connection, STARTED, _written(begun(told, found, policy, last, now)))
    elif lasting is not None and not found.hold:
        await append(connection, ENDED, _written(ended(lasting, "expired" if found.expired else "cleared", now)))


def _written(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Its moments as text of one width, by which events are put in order."""
    return {name: clock.iso(fact) if isinstance(fact, datetime) else fact for name, fact in payload.items()}


async def _in_flight(connection: Connection, told: ScopeIn, now: datetime) -> list[InFlight]:
    asked = {
        "project": told.project,
        "story_id": told.story_id,
        "pull_request": told.pull_request,
        "since": now - timedelta(days=IN_FLIGHT_DAYS),
        "limit": IN_FLIGHT_MAX,
    }
    rows = await fetch_all(connection, "list_in_flight", asked)
    return [InFlight(row["item"], frozenset(row["paths"])) for row in rows]


async def _history(connection: Connection, project: str, paths: frozenset[str]) -> dict[str, FileHistory]:
    asked = {"project": project, "paths": sorted(paths), "limit": LANDINGS, "conflict": REBASE_CONFLICT}
    rows = await fetch_all(connection, "sum_paths", asked) if paths else []
    return {row["path"]: FileHistory(row["landings"], row["conflicts"]) for row in rows}


async def _last(connection: Connection, told: ScopeIn) -> Hold | None:
    rows = await fetch_all(connection, "find_last_hold", {"series": series_of(told.project, told.story_id)})
    if not rows or rows[0]["began"] is None:
        return None
    row = rows[0]
    return _hold(row["began_seq"], row["began"], row["payload"] if row["kind"] == ENDED else None)


def _hold(seq: int, began: Mapping[str, Any], over: Mapping[str, Any] | None) -> Hold:
    facts: Row = {**began, "hold": str(seq), "since": began["at"]}
    if over is not None:
        facts |= {"ended_at": over["at"], "result": over["result"]}
    return msgspec.convert({name: facts.get(name) for name in Hold.__struct_fields__}, Hold)


def _line(hold: Hold, now: datetime) -> HoldLine:
    return HoldLine(**{name: getattr(hold, name) for name in Hold.__struct_fields__}, hours=_hours(hold, now))


def _hours(hold: Hold, now: datetime) -> float:
    return round(((hold.ended_at or now) - hold.since) / HOUR, 4)
