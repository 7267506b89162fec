"""How much agent work goes into a pull request: fires for each one that was merged, per repository."""

from tallyward.metrics._base import Metric


class SkillToPr(Metric):
    """Counted fires and merged pull requests per repository, and in the row that is `entire` of all."""

    title = "Skill-to-PR ratio"
    unit = "fires per merged pull request"
    caveat = (
        "Fires and merges of the same range, which need not be of the same work. With an engineer asked for, their "
        "fires and the pull requests they opened. A ratio of two counts and no share, so it has no Wilson interval."
    )
    undefined_when = "Nothing merged: NULL, never 0."
    parameters = ("counted_kinds", "engineer", "repo")
    sql = """
        WITH used AS (
            SELECT repo, sum(fires)::bigint AS fires FROM {fires} WHERE kind = ANY(%(counted_kinds)s) GROUP BY repo
        ), merged AS (
            SELECT repo, count(*) AS prs_merged
            FROM github_prs
            WHERE tenant = tally_tenant() AND merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz
                AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
                AND (%(repo)s::text IS NULL OR repo = %(repo)s)
            GROUP BY repo
        ), together AS (
            SELECT
                coalesce(used.repo, merged.repo) AS repo, coalesce(fires, 0) AS fires,
                coalesce(prs_merged, 0) AS prs_merged
            FROM used FULL JOIN merged ON used.repo = merged.repo
        )
        SELECT
            repo, grouping(repo) = 1 AS entire, coalesce(sum(fires), 0)::bigint AS fires,
            coalesce(sum(prs_merged), 0)::bigint AS prs_merged,
            (sum(fires) / nullif(sum(prs_merged), 0))::float8 AS fires_per_pr
        FROM together
        GROUP BY GROUPING SETS ((repo), ())
        ORDER BY entire DESC, sum(fires) DESC, repo
    """
