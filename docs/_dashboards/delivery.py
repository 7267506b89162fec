"""Delivery: the pull requests there are, by day and by whoever brought them; and what later parts will tell."""

from grafana_foundation_sdk.builders import dashboard

from docs._dashboards import panels
from docs._dashboards.panels import about
from docs._dashboards.queries import select
from tallyward.domain.tenant import TenantConfig
from tallyward.metrics.pull_request_days import PullRequestDays
from tallyward.metrics.pull_request_sources import PullRequestSources

UID = "delivery"
_DAY = "day::timestamp AT TIME ZONE 'UTC' AS time, opened, merged, reverted"
_TEAM = (
    "coalesce(sum(opened), 0)::bigint AS opened, coalesce(sum(merged), 0)::bigint AS merged,"
    " coalesce(sum(reverted), 0)::bigint AS reverted"
)
_SOURCE = "source, opened, merged, reverted, p50_hours_to_merge"
_EMPTY = "Empty until pull requests are told of by the forge; only the sample tenant has some of its own."
_NOT_YET = (
    "Cannot be told yet, since nothing of it is in the ledger:\n\n"
    "- label-to-pickup time: needs the dispatch of labelled work\n"
    "- minutes in review and rounds of review: need the reviews of the forge\n"
    "- duration of the checks, and the inner loop: need the runs of the forge's CI\n"
    "- how much of what was merged survives: needs reverts to be told of"
)


def build(config: TenantConfig) -> dashboard.Dashboard:
    """The dashboard of a tenant with these settings."""
    board = panels.board("Delivery", UID, "Pull requests of agents and people.")
    sources = select(_SOURCE, PullRequestSources, config, then="ORDER BY merged DESC, source")
    daily = select(_DAY, PullRequestDays, config, then="ORDER BY time")
    return (
        board.with_panel(panels.figures("Pull requests", about(PullRequestSources, _EMPTY), _totals(config)))
        .with_panel(panels.days("Pull requests by day", about(PullRequestDays, _EMPTY), daily, panels.WHOLE))
        .with_panel(panels.sheet("By agent and people", about(PullRequestSources, _EMPTY), sources, "merged"))
        .with_panel(panels.note("What later parts will tell", _NOT_YET, height=6))
    )


def _totals(config: TenantConfig) -> str:
    return select(_TEAM, PullRequestSources, config)
