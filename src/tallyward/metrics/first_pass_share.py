"""How much of what was merged needed one attempt."""

from tallyward.metrics._base import Metric


class FirstPassShare(Metric):
    """Of the pull requests merged in the range whose attempts are known, those that needed one, by agent and of all."""

    title = "First-pass share"
    unit = "share of the merged pull requests whose attempts are known"
    caveat = (
        "An attempt more is a round of review that asked for changes and was answered by a push; of a clone it is an "
        "estimate from the times of its commits, and a squashed one tells nothing. It is over merges, so whoever gives "
        "hard work up looks better: read it beside what was closed."
    )
    undefined_when = "Nothing merged whose attempts are known: undefined, never 0."
    parameters = ("engineer", "repo")
    rates = (("first_pass", "at_first", "known"),)
    sql = """
        SELECT
            coalesce(agent, '(people)') AS agent, grouping(coalesce(agent, '(people)')) = 1 AS entire,
            count(*) AS known, count(*) FILTER (WHERE attempts = 1) AS at_first
        FROM pull_requests
        WHERE tenant = tally_tenant()
            AND merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz
            AND (seen_by && '{webhook,sync}' OR review_rounds > 0 OR told ->> 'attempts' IS NOT NULL)
            AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
            AND (%(repo)s::text IS NULL OR repo = %(repo)s)
        GROUP BY GROUPING SETS ((coalesce(agent, '(people)')), ())
        ORDER BY entire DESC, agent
    """
