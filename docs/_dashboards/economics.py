"""Agent economics: what the agents in the cluster cost, what came of it, and where the money of all models goes."""

from grafana_foundation_sdk.builders import dashboard

from docs._dashboards import panels
from docs._dashboards.panels import about
from docs._dashboards.queries import select
from tallyward.domain.tenant import TenantConfig
from tallyward.metrics.agent_economics import AgentEconomics
from tallyward.metrics.agent_runs import AgentRuns
from tallyward.metrics.agent_survival import AgentSurvival
from tallyward.metrics.metered_usage import MeteredUsage

UID = "agent-economics"
_TEAM = (
    "count(*) AS agents, coalesce(sum(runs), 0)::bigint AS runs, sum(cost_usd) AS cost_usd,"
    " coalesce(sum(prs_merged), 0)::bigint AS prs_merged"
)
_USAGE = (
    "requests, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,"
    " cost_micros / 1000000.0 AS cost_usd, unpriced_requests"
)
_RUNS = "agent, runs, successful, errors, abandoned, p50_latency_ms, p95_latency_ms"
_SURVIVAL = (
    "agent, snapshot_date, prs_opened, prs_merged, prs_reverted,"
    " survived::float8 / nullif(prs_opened, 0) AS survival_rate"
)
_NOT_YET = "Empty until something writes the daily snapshots of agent_health_stats, which comes with the agents' cron."


def build(config: TenantConfig) -> dashboard.Dashboard:
    """The dashboard of a tenant with these settings."""
    board = panels.board(
        "Agent economics", UID, "Cost of the agents in the cluster, per merged pull request and in all."
    )
    for panel in (*_agents(config), *_outcomes(config), *_usage(config)):
        board = board.with_panel(panel)
    return board


def _agents(config: TenantConfig) -> tuple[object, ...]:
    limits = config.merged_pr_usd
    columns = "agent, runs, cost_usd, prs_merged, cost_usd_per_merged_pr"
    rows = select(columns, AgentEconomics, config, then="ORDER BY cost_usd DESC NULLS LAST, agent")
    says = about(AgentEconomics, f"Red over ${limits.red:g}, yellow over ${limits.yellow:g}, otherwise green.")
    table = panels.sheet("Agent economics", says, rows, "cost_usd")
    totals = panels.figures("All agents", about(AgentEconomics), select(_TEAM, AgentEconomics, config))
    return (
        panels.dollars(totals, "cost_usd"),
        panels.lit(panels.dollars(table, "cost_usd"), "cost_usd_per_merged_pr", limits),
    )


def _outcomes(config: TenantConfig) -> tuple[object, ...]:
    runs = select(_RUNS, AgentRuns, config, then="ORDER BY runs DESC, agent")
    lasting = select(_SURVIVAL, AgentSurvival, config, then="ORDER BY survival_rate NULLS LAST, agent")
    return (
        panels.sheet("Runs and durations", about(AgentRuns), runs, "runs", panels.HALF),
        panels.sheet("Survival rate", about(AgentSurvival, _NOT_YET), lasting, "prs_opened", panels.HALF),
    )


def _usage(config: TenantConfig) -> tuple[object, ...]:
    by_day = "key::timestamp AT TIME ZONE 'UTC' AS time, cost_micros / 1000000.0 AS cost_usd"
    daily = select(by_day, MeteredUsage, config, then="ORDER BY time", by="day", grain="day")
    says = about(MeteredUsage)
    days = panels.days("Cost by day", says, daily, panels.WHOLE).unit("currencyUSD")
    return days, *(_by(config, key, title, says) for key, title in _KEYS)


_KEYS = (
    ("model", "Cost by model"),
    ("agent", "Cost by agent"),
    ("skill", "Cost by skill"),
    ("repo", "Cost by repository"),
)


def _by(config: TenantConfig, key: str, title: str, says: str) -> object:
    order = "ORDER BY cost_usd DESC NULLS LAST, key"
    sql = select(f"key AS {key}, {_USAGE}", MeteredUsage, config, then=order, by=key)
    return panels.dollars(panels.sheet(title, says, sql, "cost_usd", panels.HALF), "cost_usd")
