"""What a merged pull request of each agent cost: the number by which an agent is worth its money or is not."""

from tallyward.metrics._base import Metric


class CostPerMergedPr(Metric):
    """Cost and merged pull requests per agent. A PR belongs to an agent by its head branch `axon/<agent>/...`."""

    title = "Cost per merged PR"
    unit = "millionths of a US dollar per merged pull request"
    caveat = (
        "The true cost of the runs, where the organisation's own query sums whole cents. The range of the runs is the "
        "range of the merges, so a run just before it may have paid for a merge inside it. What was opened and not "
        "merged is paid for by what was."
    )
    undefined_when = "Nothing merged, or nothing metered: NULL, never 0."
    parameters = ("counted_kinds",)
    sql = """
        WITH runs AS (
            SELECT skill_name AS agent, sum(cost_micros)::bigint AS cost_micros
            FROM {fires}
            WHERE runtime = 'k8s-job' AND kind = ANY(%(counted_kinds)s)
            GROUP BY skill_name
        ), merged AS (
            SELECT agent, cost_micros, (
                SELECT count(*) FROM github_prs AS p
                WHERE starts_with(p.head_branch, 'axon/' || runs.agent || '/')
                    AND p.merged_at >= %(since)s::timestamptz AND p.merged_at < %(until)s::timestamptz
            ) AS prs_merged
            FROM runs
        )
        SELECT
            agent, cost_micros, prs_merged, round(cost_micros::numeric / nullif(prs_merged, 0))::bigint AS micros_per_pr
        FROM merged
        ORDER BY micros_per_pr DESC NULLS LAST, agent
    """
