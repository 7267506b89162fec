"""What the agents in the cluster cost and what came of it: the organisation's own query, with dollars per merged PR."""

from tallyward.metrics._base import Metric


class AgentEconomics(Metric):
    """Runs, cost and merged pull requests per agent. A PR belongs to an agent by its head branch `axon/<agent>/...`."""

    title = "Agent economics"
    unit = "US dollars per merged pull request"
    caveat = (
        "cost_usd sums whole cents, as the organisation's own query does. The window of the runs is the window of the "
        "merges, so a run just before it may have paid for a merge inside it."
    )
    undefined_when = "Nothing merged, or nothing metered: dollars per merged PR is NULL, never 0."
    parameters = ("days", "counted_kinds")
    sql = """
        WITH runs AS (
            SELECT skill_name AS agent, count(*) AS runs, sum(cost_usd_cents) / 100.0 AS cost_usd
            FROM skill_invocations
            WHERE tenant = tally_tenant() AND runtime = 'k8s-job' AND kind = ANY(%(counted_kinds)s)
                AND ts > now() - make_interval(days => %(days)s)
            GROUP BY skill_name
        ), merged AS (
            SELECT agent, (
                SELECT count(*) FROM github_prs AS p
                WHERE starts_with(p.head_branch, 'axon/' || runs.agent || '/')
                    AND p.merged_at > now() - make_interval(days => %(days)s)
            ) AS prs_merged
            FROM runs
        )
        SELECT agent, runs, cost_usd, prs_merged, cost_usd / nullif(prs_merged, 0) AS cost_usd_per_merged_pr
        FROM runs JOIN merged USING (agent)
        ORDER BY cost_usd DESC NULLS LAST, agent
    """
