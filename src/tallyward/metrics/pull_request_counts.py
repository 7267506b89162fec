"""What became of pull requests, by the agent whose work they are: opened, merged, given up, taken back."""

from tallyward.metrics._base import Metric


class PullRequestCounts(Metric):
    """Pull requests per agent by the tenant's rules, of people as `(people)`, and in the row `entire` of all."""

    title = "Pull requests by agent"
    unit = "pull requests"
    caveat = (
        "Each is counted by what happened in the range, so what was merged need not have been opened in it. Open are "
        "those that are open now. A clone does not tell what was opened, nor what was closed and not merged."
    )
    undefined_when = "Nothing happened: the agent is not listed."
    parameters = ("engineer", "repo")
    sql = """
        SELECT
            coalesce(agent, '(people)') AS agent, grouping(coalesce(agent, '(people)')) = 1 AS entire,
            count(*) FILTER (WHERE opened_at >= %(since)s::timestamptz AND opened_at < %(until)s::timestamptz)
                AS opened,
            count(*) FILTER (WHERE merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz)
                AS merged,
            count(*) FILTER (
                WHERE state = 'closed' AND closed_at >= %(since)s::timestamptz AND closed_at < %(until)s::timestamptz
            ) AS closed,
            count(*) FILTER (WHERE reverted_at >= %(since)s::timestamptz AND reverted_at < %(until)s::timestamptz)
                AS reverted,
            count(*) FILTER (WHERE state = 'open') AS open_now
        FROM pull_requests
        WHERE tenant = tally_tenant()
            AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
            AND (%(repo)s::text IS NULL OR repo = %(repo)s)
            AND (
                state = 'open' OR (opened_at >= %(since)s::timestamptz AND opened_at < %(until)s::timestamptz)
                OR (closed_at >= %(since)s::timestamptz AND closed_at < %(until)s::timestamptz)
                OR (merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz)
                OR (reverted_at >= %(since)s::timestamptz AND reverted_at < %(until)s::timestamptz)
            )
        GROUP BY GROUPING SETS ((coalesce(agent, '(people)')), ())
        ORDER BY entire DESC, merged DESC, agent
    """
