"""The board of cost: who and what the money went to, how much nothing explains, and which models have no price."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, get_args

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.rate import Rate, rate
from tallyward.domain.suppression import PEOPLE_MIN, hidden, too_few
from tallyward.errors import Invalid
from tallyward.ledger.database import Connection, Database, Row
from tallyward.metrics.cost_days import CostDays
from tallyward.metrics.metered_usage import MeteredUsage
from tallyward.metrics.model_mix import ModelMix
from tallyward.metrics.unattributed_cost import UnattributedCost
from tallyward.services.asked import AGENT_RUNTIMES, RUNTIMES, Asked, Paging
from tallyward.services.days import OTHER, SERIES_MAX, days_of, grain_of_days, series
from tallyward.services.reading import Board, allowed, measured, sees_colleagues

By = Literal["skill", "model", "engineer", "repo", "agent", "runtime", "day"]
BYS: tuple[By, ...] = get_args(By)
PEOPLE = "(people)"  # by agent: what people asked for
_TOKENS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
_NUMBERS = ("people", "requests", *_TOKENS, "cost_micros", "unpriced_requests")
_FILTER_OF = {name: name for name in ("skill", "model", "engineer", "repo", "runtime")} | {"agent": "skill"}


class Spent(Struct, kw_only=True):
    """Requests to models, their tokens and their cost. All None where `suppressed`: too few people made them.

    `cost_micros` is in millionths of a US dollar over the requests that have a price, None where none has.
    """

    people: int | None
    requests: int | None
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_5m_tokens: int | None
    cache_write_1h_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_micros: int | None
    unpriced_requests: int | None
    suppressed: bool


class CostLine(Spent, kw_only=True):
    """What one skill, model, engineer, repository, agent, runtime or day took. `rows` is where its requests are."""

    key: str
    rows: str


class Unattributed(Struct, kw_only=True):
    """What no skill explains. `share` is of the requests."""

    requests: int
    cost_micros: int | None
    share: Rate


class Unpriced(Struct, kw_only=True):
    """A model without a known price, and how many requests it had."""

    model: str
    requests: int


class CostSeries(Struct, kw_only=True):
    """The cost of one key on each of the days; None where there were requests and no price."""

    key: str
    cost_micros: list[int | None]


class CostBoard(Board, kw_only=True):
    """Cost, the dearest first, or day by day.

    `unattributed`, `unpriced` and `daily` are told where nothing must be left out, to a lead or of the own rows.
    """

    by: By
    page: int
    limit: int
    found: int
    entire: Spent
    unattributed: Unattributed | None
    unpriced: list[Unpriced]
    days: list[date]
    daily: list[CostSeries]
    rows: list[CostLine]


class Cost:
    """Reads the board of cost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, principal: Principal, asked: Asked, by: str, paging: Paging) -> CostBoard:
        """What is asked for, by this key. Raises Invalid for a key that there is not."""
        key: By | None = next((known for known in BYS if known == by), None)
        if key is None:
            raise Invalid(f"by is {by[:60]!r}; it must be one of {', '.join(BYS)}.", field="by")
        asked = allowed(principal, asked)
        guarded = sees_colleagues(principal, asked)
        async with self._database.transaction(principal.tenant) as connection:
            grain = "day" if key == "day" else "any"
            spent = await measured(connection, MeteredUsage, asked, by=key, people_min=PEOPLE_MIN, grain=grain)
            told = _Told() if guarded else await _told(connection, asked, key)
        lines = _lines(spent, asked, key, guarded=guarded)
        if guarded and key == "engineer":
            lines = [line for line in lines if line.key == principal.engineer_id]
        found = [line for line in lines if asked.q is None or asked.q.casefold() in line.key.casefold()]
        return CostBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            by=key,
            page=paging.page,
            limit=paging.limit,
            found=len(found),
            entire=_entire(spent, guarded=guarded),
            unattributed=told.unattributed,
            unpriced=told.unpriced,
            days=told.days,
            daily=told.daily,
            rows=found[paging.offset : paging.offset + paging.limit],
        )


class _Told(Struct):
    """What is told only where no group must be left out."""

    unattributed: Unattributed | None = None
    unpriced: list[Unpriced] = []
    days: list[date] = []
    daily: list[CostSeries] = []


async def _told(connection: Connection, asked: Asked, by: By) -> _Told:
    (row,) = await measured(connection, UnattributedCost, asked)
    models = await measured(connection, ModelMix, asked)
    days = days_of(asked)
    daily: list[Row] = []
    if by != "day":
        daily = await measured(connection, CostDays, asked, by=by, grain=grain_of_days(asked))
    return _Told(
        unattributed=Unattributed(
            requests=row["unattributed_requests"],
            cost_micros=row["unattributed_micros"],
            share=rate(row["unattributed_requests"], row["requests"]),
        ),
        unpriced=[
            Unpriced(model=row["model"], requests=row["unpriced_requests"])
            for row in models
            if row["unpriced_requests"]
        ],
        days=list(days),
        daily=[
            CostSeries(key=OTHER if name is None else name, cost_micros=values)
            for name, values in series(daily, days, "cost_micros", lambda line: line["key"], SERIES_MAX)
        ],
    )


def _lines(spent: Sequence[Row], asked: Asked, by: By, *, guarded: bool) -> list[CostLine]:
    """Each key, those that may not be told last and in the order of their names, which tells nothing."""
    hide: frozenset[int] = frozenset()
    if guarded and spent and by != "engineer":
        hide = hidden([row["people"] for row in spent], spent[0]["people_of_small"])
    lines = [
        CostLine(key=row["key"], rows=_rows(asked, by, row["key"]), **_numbers(row, suppressed=place in hide))
        for place, row in enumerate(spent)
    ]
    return sorted(lines, key=lambda line: (line.suppressed, line.key if line.suppressed else ""))


def _rows(asked: Asked, by: By, key: str) -> str:
    """Where the requests of one key are listed."""
    if by == "day":
        return asked.on_day(date.fromisoformat(key)).requests()
    if by == "agent" and key == PEOPLE:
        return asked.requests(runtime=",".join(name for name in RUNTIMES if name not in AGENT_RUNTIMES))
    narrowed = {_FILTER_OF[by]: key} | ({"runtime": ",".join(AGENT_RUNTIMES)} if by == "agent" else {})
    return asked.requests(**narrowed)


def _entire(spent: Sequence[Row], *, guarded: bool) -> Spent:
    """All keys together. The people of several keys are the same people, so they are counted apart."""
    people = spent[0]["people_of_all"] if spent else 0
    sums: dict[str, Any] = {name: sum(row[name] or 0 for row in spent) for name in _NUMBERS} | {"people": people}
    if sums["requests"] and sums["requests"] == sums["unpriced_requests"]:
        sums["cost_micros"] = None
    return Spent(**_numbers(sums, suppressed=guarded and bool(spent) and too_few(people)))


def _numbers(row: Row, *, suppressed: bool) -> dict[str, Any]:
    return {name: None if suppressed else row[name] for name in _NUMBERS} | {"suppressed": suppressed}
