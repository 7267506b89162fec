"""Who brings the pull requests: each agent of the cluster, and people."""

from tallyward.metrics._base import Metric


class PullRequestSources(Metric):
    """Pull requests per agent, by the head branch `axon/<agent>/...`, and of all others together as `(people)`."""

    title = "Pull requests by source"
    unit = "pull requests, and hours"
    caveat = (
        "What was opened, merged and reverted in the range need not be the same pull requests. Hours are those of the "
        "merges in the range, from opening to merge, nights and weekends included. With an engineer "
        "asked for, those that they opened."
    )
    undefined_when = "Nothing merged, or nobody said when it was opened: the median of the hours is NULL, never 0."
    parameters = ("engineer", "repo")
    sql = """
        WITH known AS (
            SELECT
                CASE WHEN head_branch LIKE 'axon/_%%/%%' THEN split_part(head_branch, '/', 2) ELSE '(people)' END
                    AS source,
                opened_at >= %(since)s::timestamptz AND opened_at < %(until)s::timestamptz AS opened,
                merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz AS merged,
                reverted_at >= %(since)s::timestamptz AND reverted_at < %(until)s::timestamptz AS reverted,
                extract(epoch FROM merged_at - opened_at) / 3600 AS hours
            FROM pull_requests
            WHERE tenant = tally_tenant()
                AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
                AND (%(repo)s::text IS NULL OR repo = %(repo)s)
        )
        SELECT
            source, count(*) FILTER (WHERE opened) AS opened, count(*) FILTER (WHERE merged) AS merged,
            count(*) FILTER (WHERE reverted) AS reverted,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) FILTER (WHERE merged) AS p50_hours_to_merge
        FROM known
        WHERE opened OR merged OR reverted
        GROUP BY source
        ORDER BY merged DESC, source
    """
