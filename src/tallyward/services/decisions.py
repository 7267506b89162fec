"""What the shepherd decided, for whoever reads: the decisions, and the pull requests that it takes care of.

Agents are nobody's secret. Of what people made, an engineer sees the own, and of agents' work not whose account it was.
"""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.domain.shepherd_events import Result
from tallyward.domain.shepherd_facts import ACTIONS, CAUSES, Action, Cause
from tallyward.domain.shepherd_states import State, state
from tallyward.errors import Invalid
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.services.asked import Asked, Paging
from tallyward.services.tenants import Tenants

OUTCOMES_SHOWN = 20
LOOKS_MAX = 600  # of one pull request, of which its path is drawn: two days of them


class DecisionRow(Struct, kw_only=True):
    """One look at a pull request. `stands` is the state it was found in, `deadline` that of what was asked for.

    `state` is every signal that was seen, `shadow` what a policy that only watches would have done.
    """

    seq: int
    at: datetime
    forge: str
    repo: str
    number: int
    action: Action
    reason: str
    stands: State
    candidates: list[Action]
    probability: float
    policy: str
    dry_run: bool
    episode: int
    attempts: dict[str, int]
    trust: str
    held: str | None
    agent: str | None
    asked: Cause | None
    deadline: datetime | None
    shadow: dict[str, Any] | None
    state: dict[str, Any]


class DecisionsBoard(Struct, kw_only=True):
    """Decisions, newest first, one page of them."""

    page: int
    limit: int
    decisions: list[DecisionRow]


class Stretch(Struct, kw_only=True):
    """How long it stood in one state."""

    stands: State
    since: datetime
    until: datetime


class Cared(Struct, kw_only=True):
    """A pull request that is taken care of: where it stands, what is next and why, and how it came here.

    asked, deadline: what an answer is waited for, and until when. escalation: why a person was asked.
    """

    forge: str
    repo: str
    number: int
    agent: str | None
    stands: State
    action: Action
    reason: str
    dry_run: bool
    at: datetime
    attempts: dict[str, int]
    limits: dict[str, int]
    asked: Cause | None
    deadline: datetime | None
    trust: str
    held: str | None
    escalation: str | None
    path: list[Stretch]


class DayOfDecisions(Struct, kw_only=True):
    """How often each step was decided on in a day."""

    day: date
    decisions: dict[str, int]


class EndOfCare(Struct, kw_only=True):
    """How a pull request ended, or that a person was asked to see to it."""

    forge: str
    repo: str
    number: int
    result: Result
    detail: str
    resolution_hours: float
    at: datetime


class ShepherdBoard(Struct, kw_only=True):
    """The pull requests that are taken care of, those that wait for a person first, the steps of the range day by day,
    and the last ends.
    """

    pull_requests: list[Cared]
    days: list[DayOfDecisions]
    outcomes: list[EndOfCare]


class Decisions:
    """Reads what the shepherd decided."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def read(
        self, principal: Principal, asked: Asked, paging: Paging, action: str | None = None, number: int | None = None
    ) -> DecisionsBoard:
        """One page of the decisions of a range, of one repository, pull request or action or of all."""
        if action is not None and action not in ACTIONS:
            raise Invalid(f"action must be one of {', '.join(ACTIONS)}.", field="action")
        params = {
            **_range(asked), "action": action, "repo": asked.repo, "number": number,
            "engineer": _bound(principal), "limit": paging.limit, "offset": paging.offset,
        }  # fmt: skip
        rows = await self._database.query(principal.tenant, "list_decisions", params)
        found = [_row(row["seq"], row["payload"], principal) for row in rows]
        return DecisionsBoard(page=paging.page, limit=paging.limit, decisions=found)

    async def board(self, principal: Principal, asked: Asked) -> ShepherdBoard:
        """Every pull request whose end was not told yet, and the steps of the range."""
        async with self._database.transaction(principal.tenant) as connection:
            rows = await fetch_all(connection, "list_shepherded")
            told = [(row["subject"], row["payload"]) for row in rows if _may_see(principal, row["payload"])]
            paths = await _paths(connection, [subject for subject, _ in told])
            days = await fetch_all(connection, "count_decisions", {**_range(asked), "tz": asked.tz})
            ends = await fetch_all(connection, "list_outcomes", {"limit": OUTCOMES_SHOWN})
        limits = msgspec.to_builtins(self._tenants.config(principal.tenant).shepherd.attempts)
        cared = [_cared(payload, paths.get(subject, []), limits) for subject, payload in told]
        return ShepherdBoard(
            pull_requests=sorted(cared, key=_urgency),
            days=_by_day(days),
            outcomes=[msgspec.convert(row["payload"], EndOfCare) for row in ends],
        )


def _range(asked: Asked) -> dict[str, str | None]:
    return {"since": clock.iso(asked.since), "until": clock.iso(asked.until) if asked.until else None}


def _bound(principal: Principal) -> str | None:
    return principal.engineer_id if principal.role == "engineer" else None


def _may_see(principal: Principal, payload: dict[str, Any]) -> bool:
    whose = _bound(principal)
    return whose is None or payload["agent"] is not None or payload["state"]["author"] == whose


def _row(seq: int, payload: dict[str, Any], principal: Principal) -> DecisionRow:
    seen: dict[str, Any] = payload["state"]
    whose = _bound(principal)
    if whose is not None and seen["author"] != whose:
        seen = {**seen, "author": None}
    made = {"seq": seq, "stands": state(payload["action"], payload["reason"]), "state": seen}
    return msgspec.convert({**payload, **made, **_asked(payload), "shadow": payload.get("shadow")}, DecisionRow)


def _asked(payload: dict[str, Any]) -> dict[str, Any]:
    """What was asked for and is open, and until when."""
    found: dict[str, Any] = payload["open_instruction"] or {}
    return {"asked": found.get("cause"), "deadline": found.get("deadline")}


async def _paths(connection: Connection, subjects: Sequence[str]) -> dict[str, list[Row]]:
    rows = await fetch_all(connection, "list_paths", {"subjects": list(subjects), "limit": LOOKS_MAX})
    return {subject: list(looks) for subject, looks in groupby(rows, key=itemgetter("subject"))}


def _cared(payload: dict[str, Any], looks: Sequence[Row], limits: dict[str, int]) -> Cared:
    made = {
        "stands": state(payload["action"], payload["reason"]),
        "limits": {name: limits[name] for name in CAUSES},
        "escalation": payload.get("escalation"),
        "path": path_of(looks, clock.now()),
    }
    return msgspec.convert({**payload, **made, **_asked(payload)}, Cared)


def path_of(looks: Sequence[Row], now: datetime) -> list[Stretch]:
    """The states one after the other; the last one lasts until now."""
    found: list[Stretch] = []
    for look in looks:
        stands = state(look["action"], look["reason"])
        if found:
            found[-1].until = look["at"]
        if not found or found[-1].stands != stands:
            found.append(Stretch(stands=stands, since=look["at"], until=look["at"]))
    if found:
        found[-1].until = max(now, found[-1].until)
    return found


def _urgency(cared: Cared) -> tuple[bool, str, int]:
    return cared.stands != "NEEDS_HUMAN", cared.repo, cared.number


def _by_day(rows: Sequence[Row]) -> list[DayOfDecisions]:
    return [
        DayOfDecisions(day=day, decisions={row["action"]: row["decisions"] for row in of_day})
        for day, of_day in groupby(rows, key=itemgetter("day"))
    ]
