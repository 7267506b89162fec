"""How much of what was merged was taken back."""

from tallyward.metrics._base import Metric


class RevertRate(Metric):
    """Of the pull requests merged in the range, those reverted since, per agent and in the row `entire` of all."""

    title = "Revert rate"
    unit = "share of the merged pull requests"
    caveat = (
        "What was merged lately had little time to be reverted, so the share of a young range is too low. Only a "
        "revert that says what it reverts is known: a lower bound. A revert that was itself reverted does not count."
    )
    undefined_when = "Nothing merged: undefined, never 0."
    parameters = ("engineer", "repo")
    rates = (("revert", "reverted", "merged"),)
    sql = """
        SELECT
            coalesce(agent, '(people)') AS agent, grouping(coalesce(agent, '(people)')) = 1 AS entire,
            count(*) AS merged, count(*) FILTER (WHERE reverted_at IS NOT NULL) AS reverted
        FROM pull_requests
        WHERE tenant = tally_tenant()
            AND merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz
            AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
            AND (%(repo)s::text IS NULL OR repo = %(repo)s)
        GROUP BY GROUPING SETS ((coalesce(agent, '(people)')), ())
        ORDER BY entire DESC, agent
    """
