"""The team's days: how much of what counts was done on each, in the reader's own time zone."""

from tallyward.metrics._base import Metric


class TeamDays(Metric):
    """Counted fires of everybody per day of the time zone `tz`, and how they ended."""

    title = "Team days"
    unit = "fires a day"
    caveat = "The first and the last day may be cut by the range. A day of 23 or 25 hours is a day."
    undefined_when = "No counted row on a day: the day is not listed, and is drawn as 0, since silence is measured."
    parameters = ("counted_kinds",)
    sql = """
        SELECT
            (bucket AT TIME ZONE %(tz)s)::date AS day, sum(fires)::bigint AS fires,
            sum(successful)::bigint AS successful, sum(errors)::bigint AS errors, sum(abandoned)::bigint AS abandoned
        FROM {fires}
        WHERE kind = ANY(%(counted_kinds)s)
        GROUP BY day
        ORDER BY day
    """
