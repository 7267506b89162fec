"""What the agents in the cluster cost and what came of it: the organisation's own query, with dollars per merged PR."""

from tallyward.metrics._base import Metric


class AgentEconomics(Metric):
    """Runs, cost and merged pull requests per agent. A PR belongs to an agent by its head branch `axon/<agent>/...`."""

    title = "Agent economics"
    unit = "US dollars per merged pull request"
    caveat = (
        "cost_usd sums whole cents, as the organisation's own query does. The range of the runs is the range of the "
        "merges, so a run just before it may have paid for a merge inside it."
    )
    undefined_when = "Nothing merged, or nothing metered: dollars per merged PR is NULL, never 0."
    parameters = ("counted_kinds",)
    sql = """
        WITH runs AS (
            SELECT skill_name AS agent, sum(fires)::bigint AS runs, sum(cost_usd_cents) / 100.0 AS cost_usd
            FROM {fires}
            WHERE runtime = 'k8s-job' AND kind = ANY(%(counted_kinds)s)
            GROUP BY skill_name
        ), merged AS (
            SELECT agent, (
                SELECT count(*) FROM github_prs AS p
                WHERE starts_with(p.head_branch, 'axon/' || runs.agent || '/')
                    AND p.merged_at >= %(since)s::timestamptz AND p.merged_at < %(until)s::timestamptz
            ) AS prs_merged
            FROM runs
        )
        SELECT agent, runs, cost_usd, prs_merged, cost_usd / nullif(prs_merged, 0) AS cost_usd_per_merged_pr
        FROM runs JOIN merged USING (agent)
        ORDER BY cost_usd DESC NULLS LAST, agent
    """
