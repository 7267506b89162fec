"""The agents in the cluster as the organisation's own query has them: runs, dollars and merged pull requests."""

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.tenant import SAMPLE_TENANT, MergedPrDollars, light
from tallyward.ledger.database import Database, Row
from tallyward.metrics.agent_economics import AgentEconomics
from tallyward.services.asked import Asked, Window
from tallyward.services.reading import measured
from tallyward.services.tenants import Tenants


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
    rows: str


class EconomicsBoard(Struct, kw_only=True):
    """The agents in the cluster, dearest first."""

    days: int | None
    tenant: str
    sample: bool
    merged_pr_usd: dict[str, float]
    window: Window
    filters: dict[str, str]
    agents: list[AgentRow]


class Economics:
    """Reads the board of the agents' economics. Agents are nobody's secret: every role sees all."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def read(self, principal: Principal, asked: Asked, *, sample: bool = False) -> EconomicsBoard:
        """The agents and what a merged pull request of each cost."""
        tenant = SAMPLE_TENANT if sample else principal.tenant
        config = self._tenants.config(tenant)
        kinds = list(config.counted_kinds)
        async with self._database.transaction(tenant) as connection:
            rows = await measured(connection, AgentEconomics, asked, counted_kinds=kinds)
        link = {"runtime": "k8s-job"} | ({"kind": ",".join(kinds)} if asked.kinds is None else {})
        limits = config.merged_pr_usd
        return EconomicsBoard(
            days=asked.days,
            tenant=tenant,
            sample=tenant == SAMPLE_TENANT,
            merged_pr_usd={"yellow": limits.yellow, "red": limits.red},
            window=asked.window,
            filters=asked.filters,
            agents=[_agent(row, limits, asked.rows(skill=row["agent"], **link)) for row in rows],
        )


def _agent(row: Row, limits: MergedPrDollars, rows: str) -> AgentRow:
    """NUMERIC comes as Decimal; these dollars are for showing, so they become floats here and nowhere before."""
    dollars = {name: None if row[name] is None else float(row[name]) for name in ("cost_usd", "cost_usd_per_merged_pr")}
    return AgentRow(
        agent=row["agent"],
        runs=row["runs"],
        prs_merged=row["prs_merged"],
        light=light(dollars["cost_usd_per_merged_pr"], limits),
        rows=rows,
        **dollars,
    )
