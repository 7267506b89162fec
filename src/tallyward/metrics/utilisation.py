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
    sql = """
        WITH recent AS (
            SELECT engineer_id, skill_name, status, kind, session_id, kind = ANY(%(counted_kinds)s) AS counted
            FROM skill_invocations
            WHERE tenant = tally_tenant() AND ts > now() - make_interval(days => %(days)s)
        ), uses AS (
            SELECT engineer_id, skill_name, count(*) AS fires
            FROM skill_invocations
            WHERE tenant = tally_tenant() AND kind = ANY(%(counted_kinds)s)
            GROUP BY engineer_id, skill_name
        ), favourite AS (
            SELECT DISTINCT ON (engineer_id) engineer_id, skill_name FROM uses
            ORDER BY engineer_id, fires DESC, skill_name
        )
        SELECT
            engineer_id,
            count(*) FILTER (WHERE counted) AS fires_30d,
            count(*) FILTER (WHERE counted AND status = 'success') AS successful,
            count(DISTINCT recent.skill_name) FILTER (WHERE counted) AS unique_skills,
            min(favourite.skill_name) AS top_skill,
            count(*) FILTER (WHERE kind = 'tool') AS tool_calls,
            count(DISTINCT coalesce(session_id, '')) FILTER (WHERE kind = 'session') AS sessions,
            count(*) AS all_rows
        FROM recent LEFT JOIN favourite USING (engineer_id)
        GROUP BY engineer_id
        ORDER BY fires_30d DESC, all_rows DESC, engineer_id
    """
