"""How much each engineer lets agents do: the organisation's own query, with the kinds that count chosen."""

from tallyward.metrics._base import Metric


class Utilisation(Metric):
    """Fires per engineer in a window of days; what does not count is shown beside."""

    title = "Engineer utilisation"
    unit = "fires"
    caveat = (
        "Only the kinds the tenant counts are fires; all_rows is what the organisation's plain count(*) gives. The top "
        "skill is taken over all time, as in the organisation's own query; between equals the first by name."
    )
    undefined_when = "No row in the window: the engineer is not listed. It never means no work was done."
    parameters = ("days", "counted_kinds")
    # Both sides are materialised before they meet, one row an engineer: a planner without statistics, as on a young
    # server, otherwise works the favourites out again for each row, which is quadratic.
    sql = """
        WITH recent AS MATERIALIZED (
            SELECT
                engineer_id,
                count(*) FILTER (WHERE counted) AS fires_30d,
                count(*) FILTER (WHERE counted AND status = 'success') AS successful,
                count(DISTINCT skill_name) FILTER (WHERE counted) AS unique_skills,
                count(*) FILTER (WHERE kind = 'tool') AS tool_calls,
                count(DISTINCT coalesce(session_id, '')) FILTER (WHERE kind = 'session') AS sessions,
                count(*) AS all_rows
            FROM (
                SELECT engineer_id, skill_name, status, kind, session_id, kind = ANY(%(counted_kinds)s) AS counted
                FROM skill_invocations
                WHERE tenant = tally_tenant() AND ts > now() - make_interval(days => %(days)s)
            ) AS fires
            GROUP BY engineer_id
        ), favourite AS MATERIALIZED (
            SELECT DISTINCT ON (engineer_id) engineer_id, skill_name AS top_skill
            FROM skill_invocations
            WHERE tenant = tally_tenant() AND kind = ANY(%(counted_kinds)s)
            GROUP BY engineer_id, skill_name
            ORDER BY engineer_id, count(*) DESC, skill_name
        )
        SELECT
            engineer_id, fires_30d, successful, unique_skills, top_skill, tool_calls, sessions, all_rows
        FROM recent LEFT JOIN favourite USING (engineer_id)
        ORDER BY fires_30d DESC, all_rows DESC, engineer_id
    """
