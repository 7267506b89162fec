"""How much each engineer lets agents do: the organisation's own query, with the kinds that count chosen."""

from tallyward.metrics._base import Metric


class Utilisation(Metric):
    """Fires per engineer in a range; what does not count is shown beside."""

    title = "Engineer utilisation"
    unit = "fires"
    caveat = (
        "Only the kinds the tenant counts are fires; all_rows is what the organisation's plain count(*) gives. The top "
        "skill is taken over all time up to the end of the range, as in the organisation's own query, and within the "
        "range where only a repository, model or runtime is asked for; between equals it is the first by name."
    )
    undefined_when = "No row in the range: the engineer is not listed. It never means no work was done."
    parameters = ("counted_kinds",)
    # Both sides are materialised before they meet, one row an engineer: a planner without statistics, as on a young
    # server, otherwise works the favourites out again for each row, which is quadratic.
    sql = """
        WITH cells AS MATERIALIZED (
            SELECT
                engineer_id, skill_name, kind, kind = ANY(%(counted_kinds)s) AS counted, sum(fires) AS fires,
                sum(successful) AS successful
            FROM {fires}
            GROUP BY engineer_id, skill_name, kind
        ), recent AS MATERIALIZED (
            SELECT
                engineer_id,
                coalesce(sum(fires) FILTER (WHERE counted), 0)::bigint AS fires_30d,
                coalesce(sum(successful) FILTER (WHERE counted), 0)::bigint AS successful,
                count(DISTINCT skill_name) FILTER (WHERE counted) AS unique_skills,
                coalesce(sum(fires) FILTER (WHERE kind = 'tool'), 0)::bigint AS tool_calls,
                sum(fires)::bigint AS all_rows
            FROM cells
            GROUP BY engineer_id
        ), prompted AS MATERIALIZED (
            SELECT engineer_id, count(*) AS sessions
            FROM (
                SELECT DISTINCT engineer_id, unnest(session_ids) AS id FROM {fires} WHERE kind = 'session'
            ) AS sessions
            GROUP BY engineer_id
        ), favourite AS MATERIALIZED (
            SELECT DISTINCT ON (engineer_id) engineer_id, skill_name AS top_skill
            FROM {fires_ever}
            WHERE kind = ANY(%(counted_kinds)s)
            GROUP BY engineer_id, skill_name
            ORDER BY engineer_id, sum(fires) DESC, skill_name
        )
        SELECT
            engineer_id, fires_30d, successful, unique_skills, top_skill, tool_calls,
            coalesce(sessions, 0) AS sessions, all_rows
        FROM recent LEFT JOIN prompted USING (engineer_id) LEFT JOIN favourite USING (engineer_id)
        ORDER BY fires_30d DESC, all_rows DESC, engineer_id
    """
