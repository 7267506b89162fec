"""What the forge saw each day: pull requests opened, merged and undone."""

from tallyward.metrics._base import Metric


class PullRequestDays(Metric):
    """Pull requests per day of the time zone `tz`, each counted on the day on which it happened."""

    title = "Pull requests by day"
    unit = "pull requests a day"
    caveat = (
        "One that is opened on Monday and merged on Tuesday counts on both days, as what it was on each. With an "
        "engineer asked for, those that they opened."
    )
    undefined_when = "Nothing happened on a day: the day is not listed."
    parameters = ("engineer", "repo")
    sql = """
        SELECT
            (moment AT TIME ZONE %(tz)s)::date AS day, count(*) FILTER (WHERE happened = 'opened') AS opened,
            count(*) FILTER (WHERE happened = 'merged') AS merged,
            count(*) FILTER (WHERE happened = 'reverted') AS reverted
        FROM pull_requests AS p
        CROSS JOIN LATERAL (
            VALUES ('opened', p.opened_at), ('merged', p.merged_at), ('reverted', p.reverted_at)
        ) AS event (happened, moment)
        WHERE p.tenant = tally_tenant()
            AND (%(engineer)s::text IS NULL OR p.author = %(engineer)s)
            AND (%(repo)s::text IS NULL OR p.repo = %(repo)s)
            AND moment >= %(since)s::timestamptz AND moment < %(until)s::timestamptz
        GROUP BY day
        ORDER BY day
    """
