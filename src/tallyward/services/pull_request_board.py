"""The board of pull requests: what became of them by agent, which overlapped, and the pull requests themselves."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, get_args

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.domain.overlap import PAIRS_MAX, Overlap, Piece, overlap, pairs, together
from tallyward.domain.pull_request import State
from tallyward.domain.rate import Rate, rate
from tallyward.errors import Invalid
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.metrics.first_pass_share import FirstPassShare
from tallyward.metrics.pull_request_counts import PullRequestCounts
from tallyward.metrics.pull_request_days import PullRequestDays
from tallyward.metrics.revert_rate import RevertRate
from tallyward.metrics.time_to_merge import TimeToMerge
from tallyward.services.asked import Asked, Paging
from tallyward.services.days import days_of
from tallyward.services.reading import Board, allowed, measured

PIECES_MAX = 500  # of the latest, for which overlap is reckoned while somebody waits
STATES = (*get_args(State), "reverted")
_COUNTS = ("opened", "merged", "closed", "reverted", "open_now")
_HOURS = ("p50_hours_to_merge", "p90_hours_to_merge")


class PullRequestWork(Struct, kw_only=True):
    """What happened in the range; `open_now` are open now. The rates are of what was merged in it.

    `timed`: of how many merges the hours are known.
    """

    opened: int
    merged: int
    closed: int
    reverted: int
    open_now: int
    first_pass: Rate
    revert: Rate
    timed: int
    p50_hours_to_merge: float | None
    p90_hours_to_merge: float | None


class AgentPullRequests(PullRequestWork, kw_only=True):
    """One agent; people together are `(people)`."""

    agent: str


class PullRequestRow(Struct, kw_only=True):
    """One pull request. `attempts` is None where nobody can tell; `files` counts the paths that are known of it."""

    repo: str
    number: int | None
    state: str
    agent: str | None
    agent_evidence: str | None
    author: str | None
    head_branch: str | None
    base_branch: str | None
    labels: list[str]
    opened_at: datetime | None
    closed_at: datetime | None
    merged_at: datetime | None
    reverted_at: datetime | None
    reverted_by: str | None
    attempts: int | None
    review_rounds: int
    conflicted: bool | None
    files: int | None
    seen_by: list[str]
    merge_sha: str | None


class PullRequestsBoard(Board, kw_only=True):
    """Pull requests, the latest first, one page of them; what became of all in the range; and which overlapped.

    An engineer's token sees its own, a lead's the rows of agents and the sums of all, an admin's all. `days` and the
    three lists beside them are for drawing. `overlap` is of all time where a clone told it.
    """

    entire: PullRequestWork
    agents: list[AgentPullRequests]
    overlap: Overlap
    days: list[date]
    opened_daily: list[int]
    merged_daily: list[int]
    reverted_daily: list[int]
    page: int
    limit: int
    total: int | None
    rows: list[PullRequestRow]


class PullRequestBoard:
    """Reads the board of pull requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, principal: Principal, asked: Asked, paging: Paging, agent: str | None = None, state: str | None = None
    ) -> PullRequestsBoard:
        """What is asked for, as far as this principal may see it. Raises Invalid or ScopeMissing."""
        if state is not None and state not in STATES:
            raise Invalid(f"state is {state[:60]!r}; it must be one of {', '.join(STATES)}.", field="state")
        if agent is not None and "\0" in agent:
            raise Invalid("agent is no name.", field="agent")
        if principal.role == "engineer":
            asked = allowed(principal, asked.of(engineer=asked.engineer or principal.engineer_id))
        own = {"agent": agent, "state": state, "agents_only": principal.role == "lead"}
        async with self._database.transaction(principal.tenant) as connection:
            work = await _work(connection, asked)
            rows = await _listed(connection, asked, paging, own)
            daily = await measured(connection, PullRequestDays, asked)
            figures = await _overlap(connection, asked)
        entire = work.pop("")
        return PullRequestsBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            entire=PullRequestWork(**entire),
            agents=[AgentPullRequests(agent=name, **row) for name, row in work.items()],
            overlap=figures,
            **_daily(asked, daily),
            page=paging.page,
            limit=paging.limit,
            total=rows[0]["total"] if rows else 0 if paging.page == 1 else None,
            rows=[PullRequestRow(**{name: row[name] for name in PullRequestRow.__struct_fields__}) for row in rows],
        )


async def _work(connection: Connection, asked: Asked) -> dict[str, dict[str, Any]]:
    """What became of those of each agent, the most merged first; of all under an empty name."""
    counts = await measured(connection, PullRequestCounts, asked)
    times, reverts, firsts = [
        {_name(row): row for row in await measured(connection, metric, asked)}
        for metric in (TimeToMerge, RevertRate, FirstPassShare)
    ]
    found: dict[str, dict[str, Any]] = {}
    for row in counts:
        name = _name(row)
        time, revert, first = times.get(name, {}), reverts.get(name, {}), firsts.get(name, {})
        found[name] = {column: row[column] for column in _COUNTS} | {
            "timed": time.get("timed", 0),
            **{column: None if time.get(column) is None else float(time[column]) for column in _HOURS},
            "revert": rate(revert.get("reverted", 0), revert.get("merged", 0)),
            "first_pass": rate(first.get("at_first", 0), first.get("known", 0)),
        }
    return found


def _name(row: Row) -> str:
    return "" if row["entire"] else row["agent"]


async def _listed(connection: Connection, asked: Asked, paging: Paging, own: dict[str, Any]) -> list[Row]:
    listed = {**asked.params(), "q": asked.q, **own, "limit": paging.limit, "offset": paging.offset}
    return await fetch_all(connection, "list_pull_requests", listed)


def _daily(asked: Asked, rows: Sequence[Row]) -> dict[str, Any]:
    days = list(days_of(asked))
    by_day = {row["day"]: row for row in rows}
    return {"days": days} | {
        f"{name}_daily": [by_day[day][name] if day in by_day else 0 for day in days]
        for name in ("opened", "merged", "reverted")
    }


async def _overlap(connection: Connection, asked: Asked) -> Overlap:
    """What clones told of the overlap of their repositories, and for the others what the paths tell."""
    boards: list[Overlap] = []
    told: list[str] = []
    if asked.engineer is None:
        for row in await fetch_all(connection, "latest_overlaps", {"repo": asked.repo}):
            told.append(row["payload"]["repo"])
            boards.append(msgspec.convert(row["payload"]["overlap"], Overlap))
    params = {**asked.params(), "told": told, "limit": PIECES_MAX}
    by_repo: dict[str, list[Piece]] = defaultdict(list)
    now = clock.now()
    for row in await fetch_all(connection, "open_spans", params):
        since, until = row["opened_at"].timestamp(), (row["closed_at"] or now).timestamp()
        by_repo[row["repo"]].append(Piece(str(row["id"]), since, until, frozenset(row["changed_paths"])))
    boards += [overlap(list(islice(pairs(pieces), PAIRS_MAX)), len(pieces)) for pieces in by_repo.values()]
    return together(boards)
