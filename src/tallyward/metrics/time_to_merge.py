"""How long a pull request is open before it is merged."""

from tallyward.metrics._base import Metric


class TimeToMerge(Metric):
    """Hours from opening to merge, of what was merged in the range, per agent and in the row `entire` of all."""

    title = "Time to merge"
    unit = "hours"
    caveat = (
        "Nights and weekends are in it. What is still open is not, so the hours fall when hard work is put off. A "
        "clone does not know when a pull request was opened, so `timed` may be fewer than were merged."
    )
    undefined_when = "Nothing merged whose opening is known: NULL, never 0."
    parameters = ("engineer", "repo")
    sql = """
        SELECT
            coalesce(agent, '(people)') AS agent, grouping(coalesce(agent, '(people)')) = 1 AS entire,
            count(*) AS timed,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM merged_at - opened_at) / 3600)
                AS p50_hours_to_merge,
            percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM merged_at - opened_at) / 3600)
                AS p90_hours_to_merge
        FROM pull_requests
        WHERE tenant = tally_tenant() AND opened_at <= merged_at
            AND merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz
            AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
            AND (%(repo)s::text IS NULL OR repo = %(repo)s)
        GROUP BY GROUPING SETS ((coalesce(agent, '(people)')), ())
        ORDER BY entire DESC, agent
    """
