"""The team's board: who lets agents do how much, and the shape of it over the days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.suppression import hidden, too_few
from tallyward.domain.tenant import SAMPLE_TENANT, TenantConfig, grade
from tallyward.ledger.database import Connection, Database, Row
from tallyward.metrics.daily_fires import DailyFires
from tallyward.metrics.team_days import TeamDays
from tallyward.metrics.utilisation import Utilisation
from tallyward.services.asked import UTC_NAME, Asked, Window
from tallyward.services.days import days_of, grain_of_days, place_of
from tallyward.services.reading import allowed, measured, sees_colleagues
from tallyward.services.tenants import Tenants

UNKNOWN = "unknown"  # the engineer of whom nothing is known: rows, and no person


class EngineerRow(Struct, kw_only=True):
    """One engineer in a range. `daily`: counted fires per day, oldest first. `rows`: where all are listed."""

    engineer_id: str
    fires_30d: int
    successful: int
    unique_skills: int
    top_skill: str | None
    utilization: str
    tool_calls: int
    sessions: int
    all_rows: int
    daily: list[int]
    rows: str


class TeamTotals(Struct, kw_only=True):
    """The whole tenant in a range. Where `suppressed`, the team is too small for one of it to be told: all are None.

    To one of the team a day of `daily` on which fewer than three worked is None; their days are those of UTC.
    """

    engineers: int | None
    fires_30d: int | None
    successful: int | None
    tool_calls: int | None
    sessions: int | None
    all_rows: int | None
    daily: list[int | None]
    suppressed: bool = False


class TeamBoard(Struct, kw_only=True):
    """`sample` is True when the sample tenant is shown. An engineer's token sees its own row and the totals.

    `first_day` is the day of the first of the `daily` numbers. Grades are for 30 days, and shown for any range. `rows`
    of an engineer lists what `fires_30d` counts.
    """

    days: int | None
    tenant: str
    sample: bool
    counted_kinds: list[str]
    grades: dict[str, int]
    window: Window
    filters: dict[str, str]
    first_day: date
    engineers: list[EngineerRow]
    team: TeamTotals


class Team:
    """Reads the team's board."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def read(self, principal: Principal, asked: Asked, *, sample: bool = False) -> TeamBoard:
        """The board of the own tenant, or of the sample. An engineer sees the own row beside the totals."""
        if sample:
            return await self.of(SAMPLE_TENANT, asked)
        asked = allowed(principal, asked)
        board = await self.of(principal.tenant, asked)
        if sees_colleagues(principal, asked) and board.engineers and too_few(_people(board.engineers)):
            board.team = _untold()
        elif sees_colleagues(principal, asked):
            board.team.daily = _guarded(board.engineers, len(board.team.daily))
        if principal.role == "engineer":
            board.engineers = [row for row in board.engineers if row.engineer_id == principal.engineer_id]
        return board

    async def of(self, tenant: str, asked: Asked) -> TeamBoard:
        """The whole board of a tenant, whoever looks at it."""
        config = self._tenants.config(tenant)
        kinds: list[str] = list(config.counted_kinds)
        days = days_of(asked)
        async with self._database.transaction(tenant) as connection:
            rows = await measured(connection, Utilisation, asked, counted_kinds=kinds)
            daily = await _daily(connection, asked, kinds)
            team_days = await measured(connection, TeamDays, asked, counted_kinds=kinds, grain=grain_of_days(asked))
        engineers = _engineers(rows, _bars(daily, days), asked, config)
        whole = _bars([{"engineer_id": "", **row} for row in team_days], days)
        return TeamBoard(
            days=asked.days,
            tenant=tenant,
            sample=tenant == SAMPLE_TENANT,
            counted_kinds=kinds,
            grades=thresholds(config),
            window=asked.window,
            filters=asked.filters,
            first_day=days[0],
            engineers=engineers,
            team=_totals(engineers, whole[""]),
        )


def thresholds(config: TenantConfig) -> dict[str, int]:
    """The grades of a tenant and the number of fires that each must exceed."""
    return {name: getattr(config.grades, name) for name in config.grades.__struct_fields__}


async def _daily(connection: Connection, asked: Asked, kinds: list[str]) -> list[Row]:
    """Of one engineer by days of the reader's zone; of many by days of UTC, by which their sums are kept."""
    if asked.engineer is not None:
        return await measured(connection, DailyFires, asked, counted_kinds=kinds, grain="hour")
    return await measured(connection, DailyFires, asked, counted_kinds=kinds, grain="day", tz=UTC_NAME)


def _bars(rows: Sequence[Row], days: Sequence[date]) -> defaultdict[str, list[int]]:
    """The number of each day, for each engineer; for one without a row a line of zeros."""
    bars: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(days))
    for row in rows:
        place = place_of(row["day"], days)
        if place is not None:
            bars[row["engineer_id"]][place] += row["fires"]
    return bars


def _engineers(
    rows: Sequence[Row], bars: defaultdict[str, list[int]], asked: Asked, config: TenantConfig
) -> list[EngineerRow]:
    link = {"kind": ",".join(config.counted_kinds)} if asked.kinds is None else {}
    return [
        EngineerRow(
            **row,
            utilization=grade(row["fires_30d"], config.grades),
            daily=bars[row["engineer_id"]],
            rows=asked.rows(engineer=row["engineer_id"], **link),
        )
        for row in rows
    ]


def _guarded(engineers: Sequence[EngineerRow], days: int) -> list[int | None]:
    """The team's days for one of the team: those on which too few worked are left out, as groups are."""
    worked = [
        {row.engineer_id for row in engineers if row.daily[day] and row.engineer_id != UNKNOWN} for day in range(days)
    ]
    active = [day for day in range(days) if any(row.daily[day] for row in engineers)]
    of_small = len(set[str]().union(*(worked[day] for day in active if too_few(len(worked[day])))))
    left_out = {active[place] for place in hidden([len(worked[day]) for day in active], of_small)}
    return [None if day in left_out else sum(row.daily[day] for row in engineers) for day in range(days)]


def _people(engineers: Sequence[EngineerRow]) -> int:
    return sum(row.engineer_id != UNKNOWN for row in engineers)


def _totals(engineers: Sequence[EngineerRow], daily: Sequence[int]) -> TeamTotals:
    names = ("fires_30d", "successful", "tool_calls", "sessions", "all_rows")
    sums: Mapping[str, Any] = {name: sum(getattr(row, name) for row in engineers) for name in names}
    return TeamTotals(engineers=len(engineers), daily=list(daily), **sums)


def _untold() -> TeamTotals:
    return TeamTotals(
        engineers=None,
        fires_30d=None,
        successful=None,
        tool_calls=None,
        sessions=None,
        all_rows=None,
        daily=[],
        suppressed=True,
    )
