"""How much of what an agent opened is still there: merged and not reverted, of all it opened."""

from tallyward.metrics._base import Metric


class AgentSurvival(Metric):
    """The latest daily snapshot of each agent up to the end of the range."""

    title = "Agent survival"
    unit = "share of the pull requests opened in the 30 days before the snapshot"
    caveat = (
        "A pull request that is still open counts as not survived, and a revert that is yet to come as survived: the "
        "share is too low for young work and too high for work that is about to fail. Over the 30 days before the "
        "snapshot, whatever range is asked for."
    )
    undefined_when = "No snapshot, or nothing opened: NULL, never 0."
    rates = (("survival", "survived", "prs_opened"),)
    sql = """
        SELECT DISTINCT ON (agent_name)
            agent_name AS agent, snapshot_date, prs_opened_30d AS prs_opened, prs_merged_30d AS prs_merged,
            prs_reverted_30d AS prs_reverted,
            least(greatest(prs_merged_30d - prs_reverted_30d, 0), prs_opened_30d) AS survived
        FROM agent_health_stats
        WHERE tenant = tally_tenant() AND snapshot_date <= least(%(until)s::timestamptz, now())
        ORDER BY agent_name, snapshot_date DESC
    """
