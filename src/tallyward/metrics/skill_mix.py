"""What one engineer uses, and how it goes: per skill the fires, their outcome and their median duration."""

from tallyward.metrics._base import Metric


class SkillMix(Metric):
    """Fires of one engineer per skill and kind."""

    title = "Skill mix"
    unit = "fires"
    caveat = (
        "The median duration is over fires whose duration is known, exact below 28 ms and within 2.2 % above; sessions "
        "are left out, tools are not."
    )
    undefined_when = "No duration known: the median is NULL, never 0."
    parameters = ("engineer",)
    sql = """
        SELECT
            skill_name, kind, sum(fires)::bigint AS fires, sum(successful)::bigint AS successful,
            sum(errors)::bigint AS errors, sum(abandoned)::bigint AS abandoned,
            latency_quantile(latency_hist_sum(latency_hist), 0.5) AS p50_latency_ms
        FROM {fires}
        WHERE engineer_id = %(engineer)s AND kind <> 'session'
        GROUP BY skill_name, kind
        ORDER BY sum(fires) DESC, skill_name, kind
    """
