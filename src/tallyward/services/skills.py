"""The board of skills: which are used, by how many, how they end and how long they take."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.fire import KINDS
from tallyward.domain.rate import Rate, rate
from tallyward.domain.suppression import PEOPLE_MIN, hidden, too_few
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.ledger.database import Database, Row
from tallyward.metrics.latency import Latency
from tallyward.metrics.skill_days import SkillDays
from tallyward.metrics.skill_use import SkillUse
from tallyward.services.asked import Asked, Paging
from tallyward.services.days import OTHER, SERIES_MAX, days_of, grain_of_days, series
from tallyward.services.reading import Board, allowed, measured, sees_colleagues

LISTED_KINDS = tuple(kind for kind in KINDS if kind != "session")  # a session is no skill; it is listed when asked for
_COUNTS = ("people", "fires", "successful", "errors", "abandoned", "latency_count")
_AMOUNTS = ("p50_latency_ms", "p95_latency_ms", "p99_latency_ms", "input_tokens", "output_tokens", "cost_micros")


class Use(Struct, kw_only=True):
    """Fires, how they ended, how long they took. All None where `suppressed`: too few people did them.

    Durations are over the `latency_count` fires that have one. Tokens and cost are what the fires themselves were
    metered with, mostly those of agents; `/v1/cost` knows more.
    """

    people: int | None
    fires: int | None
    successful: int | None
    errors: int | None
    abandoned: int | None
    success: Rate | None
    error: Rate | None
    abandon: Rate | None
    latency_count: int | None
    p50_latency_ms: int | None
    p95_latency_ms: int | None
    p99_latency_ms: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_micros: int | None
    suppressed: bool


class SkillLine(Use, kw_only=True):
    """One skill. `rows` is where its fires are listed."""

    skill_name: str
    kind: str
    rows: str


class SkillSeries(Struct, kw_only=True):
    """The fires of one skill on each of the days. The rest of the skills together are `(other)`, of no kind."""

    skill_name: str
    kind: str
    fires: list[int]


class SkillsBoard(Board, kw_only=True):
    """Skills, the most used first, and those that are suppressed last.

    `found` counts those that the search finds, and `rows` is one page of them; `entire` is over all. `daily` is told
    where nothing must be left out, to a lead or of the own rows.
    """

    sample: bool
    kinds: list[str]
    page: int
    limit: int
    found: int
    entire: Use
    days: list[date]
    daily: list[SkillSeries]
    rows: list[SkillLine]


class Skills:
    """Reads the board of skills."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, principal: Principal, asked: Asked, paging: Paging, *, sample: bool = False) -> SkillsBoard:
        """The skills of what is asked for. A search goes by the name, and leaves the total as it is."""
        asked = asked if sample else allowed(principal, asked)
        tenant = SAMPLE_TENANT if sample else principal.tenant
        counted = asked.of(kinds=asked.kinds or LISTED_KINDS)
        guarded = sees_colleagues(principal, asked) and not sample
        async with self._database.transaction(tenant) as connection:
            used = await measured(connection, SkillUse, counted, people_min=PEOPLE_MIN)
            durations = await measured(connection, Latency, counted)
            daily = [] if guarded else await measured(connection, SkillDays, counted, grain=grain_of_days(asked))
        whole, *lines = _joined(used, durations)
        hide = hidden([line["people"] for line in lines], whole["people_of_small"]) if guarded else frozenset[int]()
        shown = [_line(line, asked, suppressed=place in hide) for place, line in enumerate(lines)]
        shown.sort(key=lambda line: (line.suppressed, line.skill_name if line.suppressed else ""))
        found = [line for line in shown if asked.q is None or asked.q.casefold() in line.skill_name.casefold()]
        return SkillsBoard(
            tenant=tenant,
            sample=sample,
            kinds=list(counted.kinds or ()),
            window=asked.window,
            filters=asked.filters,
            page=paging.page,
            limit=paging.limit,
            found=len(found),
            entire=_use(whole, suppressed=guarded and too_few(whole["people"])),
            days=list(days_of(asked)),
            daily=_daily(daily, days_of(asked)),
            rows=found[paging.offset : paging.offset + paging.limit],
        )


def _daily(rows: Sequence[Row], days: Sequence[date]) -> list[SkillSeries]:
    lines = series(rows, days, "fires", lambda row: (row["skill_name"], row["kind"]), SERIES_MAX)
    return [
        SkillSeries(
            skill_name=key[0] if key else OTHER, kind=key[1] if key else "", fires=[value or 0 for value in values]
        )
        for key, values in lines
    ]


def _joined(used: Iterable[Row], durations: Iterable[Row]) -> list[Row]:
    """Each line of the one measure with that of the other."""
    timed = {(row["entire"], row["skill_name"], row["kind"]): row for row in durations}
    return [{**timed[row["entire"], row["skill_name"], row["kind"]], **row} for row in used]


def _use(row: Row, *, suppressed: bool) -> Use:
    return Use(**_numbers(row, suppressed=suppressed))


def _line(row: Row, asked: Asked, *, suppressed: bool) -> SkillLine:
    link = asked.rows(skill=row["skill_name"], kind=row["kind"])
    return SkillLine(skill_name=row["skill_name"], kind=row["kind"], rows=link, **_numbers(row, suppressed=suppressed))


def _numbers(row: Row, *, suppressed: bool) -> dict[str, Any]:
    if suppressed:
        return dict.fromkeys((*_COUNTS, *_AMOUNTS, "success", "error", "abandon")) | {"suppressed": True}
    counts = {name: row[name] or 0 for name in _COUNTS}
    rates = {
        name: rate(counts[outcome], counts["fires"])
        for name, outcome in (("success", "successful"), ("error", "errors"), ("abandon", "abandoned"))
    }
    return counts | rates | {name: row[name] for name in _AMOUNTS} | {"suppressed": False}
