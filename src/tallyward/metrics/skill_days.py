"""Each skill over the days, for the chart of the skills."""

from tallyward.metrics._base import Metric


class SkillDays(Metric):
    """Fires per skill, kind and day of the time zone `tz`."""

    title = "Skill days"
    unit = "fires a day"
    caveat = "The first and the last day may be cut by the range. A day of 23 or 25 hours is a day."
    undefined_when = "No fire on a day: the day is not listed, and is drawn as 0, since silence is measured."
    sql = """
        SELECT skill_name, kind, (bucket AT TIME ZONE %(tz)s)::date AS day, sum(fires)::bigint AS fires
        FROM {fires}
        GROUP BY skill_name, kind, day
        ORDER BY skill_name, kind, day
    """
