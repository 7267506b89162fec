"""The boards: who uses what, as plain data for the pages, the API and the terminal alike."""

from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.canary import canary_tenant
from tallyward.domain.tenant import SAMPLE_TENANT, MergedPrDollars, grade, light
from tallyward.errors import Invalid, ScopeMissing
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.metrics._base import Metric
from tallyward.metrics.agent_economics import AgentEconomics
from tallyward.metrics.daily_fires import DailyFires
from tallyward.metrics.skill_mix import SkillMix
from tallyward.metrics.utilisation import Utilisation
from tallyward.services.tenants import Tenants

DAYS_MAX = 366
RECENT_FIRES = 20
CANARY_ROWS_MAX = 100  # one is right; more show what went wrong


class EngineerRow(Struct, kw_only=True):
    """One engineer in a window of days. `daily`: counted fires per day, oldest first."""

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


class TeamTotals(Struct, kw_only=True):
    """The whole tenant in a window of days."""

    engineers: int
    fires_30d: int
    successful: int
    tool_calls: int
    sessions: int
    all_rows: int
    daily: list[int]


class TeamBoard(Struct, kw_only=True):
    """`sample` is True when the sample tenant is shown. An engineer's token sees its own row and the totals."""

    days: int
    tenant: str
    sample: bool
    counted_kinds: list[str]
    grades: dict[str, int]
    engineers: list[EngineerRow]
    team: TeamTotals


class SkillRow(Struct, kw_only=True):
    """One skill of one engineer; `p50_latency_ms` is None when no duration is known."""

    skill_name: str
    kind: str
    fires: int
    successful: int
    errors: int
    abandoned: int
    p50_latency_ms: int | None


class MyBoard(Struct, kw_only=True):
    """One engineer's own board. `row` is None when nothing was captured in the window."""

    engineer_id: str
    days: int
    tenant: str
    counted_kinds: list[str]
    grades: dict[str, int]
    row: EngineerRow | None
    skills: list[SkillRow]
    recent: list[dict[str, Any]]


class AgentRow(Struct, kw_only=True):
    """One cluster agent. Dollars are None where nothing was metered, dollars per PR also where nothing was merged.

    `light`: green, yellow or red by the tenant's thresholds, or undefined.
    """

    agent: str
    runs: int
    cost_usd: float | None
    prs_merged: int
    cost_usd_per_merged_pr: float | None
    light: str


class EconomicsBoard(Struct, kw_only=True):
    """The agents in the cluster, dearest first."""

    days: int
    tenant: str
    sample: bool
    merged_pr_usd: dict[str, float]
    agents: list[AgentRow]


class Board:
    """Reads boards for a principal, who sees what its role allows."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def team(self, principal: Principal, days: int = 30, *, sample: bool = False) -> TeamBoard:
        """The team. The sample tenant is shown when asked for, or when the own tenant is empty and it exists."""
        require_days(days)
        board = await self._team(SAMPLE_TENANT if sample else principal.tenant, days)
        if not sample and not board.engineers and await self._tenants.exists(SAMPLE_TENANT):
            board = await self._team(SAMPLE_TENANT, days)
        if principal.role == "engineer" and not board.sample:
            board.engineers = [row for row in board.engineers if row.engineer_id == principal.engineer_id]
        return board

    async def own_team(self, principal: Principal, days: int = 30) -> TeamBoard:
        """The principal's own tenant, empty or not: for programs, which must not take a sample for the truth."""
        require_days(days)
        board = await self._team(principal.tenant, days)
        if principal.role == "engineer":
            board.engineers = [row for row in board.engineers if row.engineer_id == principal.engineer_id]
        return board

    async def _team(self, tenant: str, days: int) -> TeamBoard:
        config = self._tenants.config(tenant)
        params = {"days": days, "counted_kinds": list(config.counted_kinds)}
        async with self._database.transaction(tenant) as connection:
            rows = await measure(connection, Utilisation, params)
            daily = await measure(connection, DailyFires, params)
        engineers = _with_daily(rows, daily, days)
        for row in engineers:
            row.utilization = grade(row.fires_30d, config.grades)
        return TeamBoard(
            days=days,
            tenant=tenant,
            sample=tenant == SAMPLE_TENANT,
            counted_kinds=list(config.counted_kinds),
            grades=self.grades(tenant),
            engineers=engineers,
            team=_totals(engineers, days),
        )

    def grades(self, tenant: str) -> dict[str, int]:
        """The grades of a tenant and the number of fires that each must exceed."""
        thresholds = self._tenants.config(tenant).grades
        return {name: getattr(thresholds, name) for name in thresholds.__struct_fields__}

    async def me(self, principal: Principal, days: int = 30, engineer: str | None = None) -> MyBoard:
        """One engineer: oneself, or, for a lead, anyone. Raises ScopeMissing for somebody else, Invalid for nobody."""
        require_days(days)
        name = engineer or principal.engineer_id
        if name is None:
            raise Invalid("This token is bound to no engineer; say whom with ?engineer=.", field="engineer")
        if principal.role == "engineer" and name != principal.engineer_id:
            raise ScopeMissing("This token sees the rows of its own engineer only.")
        board = await self._team(principal.tenant, days)
        async with self._database.transaction(principal.tenant) as connection:
            skills = await measure(connection, SkillMix, {"days": days, "engineer": name})
            recent = await fetch_all(
                connection, "list_fires", {"session": None, "engineer": name, "since": None, "limit": RECENT_FIRES}
            )
        return MyBoard(
            engineer_id=name,
            days=days,
            tenant=principal.tenant,
            counted_kinds=board.counted_kinds,
            grades=board.grades,
            row=next((row for row in board.engineers if row.engineer_id == name), None),
            skills=[SkillRow(**row) for row in skills],
            recent=recent,
        )

    async def economics(self, principal: Principal, days: int = 30, *, sample: bool = False) -> EconomicsBoard:
        """The agents in the cluster and what a merged pull request of each cost."""
        require_days(days)
        tenant = SAMPLE_TENANT if sample else principal.tenant
        config = self._tenants.config(tenant)
        async with self._database.transaction(tenant) as connection:
            rows = await measure(
                connection, AgentEconomics, {"days": days, "counted_kinds": list(config.counted_kinds)}
            )
        limits = config.merged_pr_usd
        return EconomicsBoard(
            days=days,
            tenant=tenant,
            sample=tenant == SAMPLE_TENANT,
            merged_pr_usd={"yellow": limits.yellow, "red": limits.red},
            agents=[_agent(row, limits) for row in rows],
        )

    async def fires(self, principal: Principal, **filters: Any) -> list[Row]:
        """The latest fires; an engineer's token sees its own."""
        engineer = principal.engineer_id if principal.role == "engineer" else None
        return await self._database.query(principal.tenant, "list_fires", {"engineer": engineer, **filters})

    async def canary(self, principal: Principal, session: str) -> list[Row]:
        """The fires that a doctor made up, for whoever knows their session."""
        filters = {"engineer": None, "session": session, "since": None, "limit": CANARY_ROWS_MAX}
        return await self._database.query(canary_tenant(principal.tenant), "list_fires", filters)


async def measure(connection: Connection, metric: type[Metric], params: dict[str, Any]) -> list[Row]:
    """The rows of one measure, in a transaction that has said its tenant."""
    cursor = await connection.execute(metric.sql, params)
    return await cursor.fetchall()


def require_days(days: int) -> None:
    """Raises Invalid for a window that no board has."""
    if not 1 <= days <= DAYS_MAX:
        raise Invalid(f"days is {days}; it must be from 1 to {DAYS_MAX}.", field="days")


def _with_daily(rows: list[Row], daily: list[Row], days: int) -> list[EngineerRow]:
    bars: dict[str, list[int]] = {row["engineer_id"]: [0] * days for row in rows}
    for cell in daily:
        bar = bars.get(cell["engineer_id"])
        if bar is not None:
            bar[days - 1 - min(cell["age"], days - 1)] += cell["fires"]
    return [EngineerRow(**row, utilization="", daily=bars[row["engineer_id"]]) for row in rows]


def _totals(engineers: list[EngineerRow], days: int) -> TeamTotals:
    return TeamTotals(
        engineers=len(engineers),
        fires_30d=sum(row.fires_30d for row in engineers),
        successful=sum(row.successful for row in engineers),
        tool_calls=sum(row.tool_calls for row in engineers),
        sessions=sum(row.sessions for row in engineers),
        all_rows=sum(row.all_rows for row in engineers),
        daily=[sum(row.daily[day] for row in engineers) for day in range(days)],
    )


def _agent(row: Row, limits: MergedPrDollars) -> AgentRow:
    """NUMERIC comes as Decimal; these dollars are for showing, so they become floats here and nowhere before."""
    dollars = {name: None if row[name] is None else float(row[name]) for name in ("cost_usd", "cost_usd_per_merged_pr")}
    return AgentRow(
        agent=row["agent"],
        runs=row["runs"],
        prs_merged=row["prs_merged"],
        light=light(dollars["cost_usd_per_merged_pr"], limits),
        **dollars,
    )
