"""What one engineer uses, and how it goes: per skill the fires, their outcome and their median duration."""

from tallyward.metrics._base import Metric


class SkillMix(Metric):
    """Fires of one engineer per skill and kind in a window of days."""

    title = "Skill mix"
    unit = "fires"
    caveat = "The median duration is over fires whose duration is known; sessions are left out, tools are not."
    undefined_when = "No duration known: the median is NULL, never 0."
    parameters = ("days", "engineer")
    sql = """
        SELECT
            skill_name, kind, count(*) AS fires,
            count(*) FILTER (WHERE status = 'success') AS successful,
            count(*) FILTER (WHERE status = 'error') AS errors,
            count(*) FILTER (WHERE status = 'abandoned') AS abandoned,
            round(percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms))::integer AS p50_latency_ms
        FROM skill_invocations
        WHERE tenant = tally_tenant() AND engineer_id = %(engineer)s AND kind <> 'session'
            AND ts > now() - make_interval(days => %(days)s)
        GROUP BY skill_name, kind
        ORDER BY fires DESC, skill_name, kind
    """
