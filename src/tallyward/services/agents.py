"""The board of the agents in the cluster: what they did, what it cost, what was merged and what of that is left."""

from datetime import date
from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.rate import Rate, rate
from tallyward.domain.tenant import TenantConfig, light
from tallyward.ledger.database import Database, Row
from tallyward.metrics.agent_runs import AgentRuns
from tallyward.metrics.agent_survival import AgentSurvival
from tallyward.metrics.cost_per_merged_pr import CostPerMergedPr
from tallyward.services.asked import Asked
from tallyward.services.reading import Board, measured
from tallyward.services.tenants import Tenants

MICROS_PER_USD = 1_000_000


class AgentWork(Struct, kw_only=True):
    """Runs, how they ended, cost and merged pull requests.

    `micros_per_merged_pr` and its dollars, which are for showing, are None where nothing was merged or metered; `light`
    is then undefined, else green, yellow or red by the tenant's thresholds.
    """

    runs: int
    successful: int
    errors: int
    abandoned: int
    success: Rate
    cost_micros: int | None
    prs_merged: int
    micros_per_merged_pr: int | None
    usd_per_merged_pr: float | None
    light: str


class AgentLine(AgentWork, kw_only=True):
    """One agent. `survival` is the share of what it opened that is merged and not reverted, as of `survival_on`."""

    agent: str
    p50_latency_ms: int | None
    p95_latency_ms: int | None
    survival: Rate | None
    survival_on: date | None
    rows: str


class AgentsBoard(Board, kw_only=True):
    """The agents in the cluster, the dearest first. Agents are nobody's secret: every role sees all."""

    merged_pr_usd: dict[str, float]
    entire: AgentWork
    rows: list[AgentLine]


class Agents:
    """Reads the board of the agents."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def read(self, principal: Principal, asked: Asked) -> AgentsBoard:
        """The agents of what is asked for."""
        config = self._tenants.config(principal.tenant)
        found = await self._found(principal.tenant, asked, list(config.counted_kinds))
        link = {"runtime": "k8s-job"} | ({"kind": ",".join(config.counted_kinds)} if asked.kinds is None else {})
        return AgentsBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            merged_pr_usd={"yellow": config.merged_pr_usd.yellow, "red": config.merged_pr_usd.red},
            entire=AgentWork(**_work(_sums(found), config)),
            rows=[_line(row, config, asked.rows(skill=row["agent"], **link)) for row in found],
        )

    async def _found(self, tenant: str, asked: Asked, kinds: list[str]) -> list[Row]:
        """One row an agent, of all three measures, for the agents that the search finds."""
        async with self._database.transaction(tenant) as connection:
            runs = await measured(connection, AgentRuns, asked, counted_kinds=kinds)
            merged = await measured(connection, CostPerMergedPr, asked, counted_kinds=kinds)
            survival = await measured(connection, AgentSurvival, asked)
        merges = {row["agent"]: row["prs_merged"] for row in merged}
        snapshots = {row["agent"]: row for row in survival}
        return [
            row | {"prs_merged": merges[row["agent"]], "snapshot": snapshots.get(row["agent"])}
            for row in runs
            if asked.q is None or asked.q.casefold() in row["agent"].casefold()
        ]


def _line(row: Row, config: TenantConfig, rows: str) -> AgentLine:
    return AgentLine(
        agent=row["agent"],
        p50_latency_ms=row["p50_latency_ms"],
        p95_latency_ms=row["p95_latency_ms"],
        rows=rows,
        **_work(row, config),
        **_survival(row["snapshot"]),
    )


def _sums(rows: list[Row]) -> Row:
    names = ("runs", "successful", "errors", "abandoned", "prs_merged")
    costs = [row["cost_micros"] for row in rows if row["cost_micros"] is not None]
    return {name: sum(row[name] for row in rows) for name in names} | {"cost_micros": sum(costs) if costs else None}


def _work(row: Row, config: TenantConfig) -> dict[str, Any]:
    names = ("runs", "successful", "errors", "abandoned", "cost_micros", "prs_merged")
    cost, merged = row["cost_micros"], row["prs_merged"]
    micros = None if cost is None or not merged else (2 * cost + merged) // (2 * merged)  # half up
    dollars = None if micros is None else micros / MICROS_PER_USD
    return {name: row[name] for name in names} | {
        "success": rate(row["successful"], row["runs"]),
        "micros_per_merged_pr": micros,
        "usd_per_merged_pr": dollars,
        "light": light(dollars, config.merged_pr_usd),
    }


def _survival(snapshot: Row | None) -> dict[str, Any]:
    if snapshot is None:
        return {"survival": None, "survival_on": None}
    return {"survival": rate(snapshot["survived"], snapshot["prs_opened"]), "survival_on": snapshot["snapshot_date"]}
