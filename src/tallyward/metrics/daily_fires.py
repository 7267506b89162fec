"""The shape behind a total: fires of each engineer on each day, for the sparklines."""

from tallyward.metrics._base import Metric


class DailyFires(Metric):
    """Counted fires per engineer and day of the time zone `tz`."""

    title = "Daily fires"
    unit = "fires a day"
    caveat = (
        "The days of a whole team's engineers are those of UTC, by which sums are kept; one engineer's are those of "
        "the reader's time zone. A rolling range of 30 days touches 31: the oldest, cut by the range, is not drawn."
    )
    undefined_when = "No counted row on a day: the day is 0, since silence is what is measured."
    parameters = ("counted_kinds",)
    sql = """
        SELECT engineer_id, (bucket AT TIME ZONE %(tz)s)::date AS day, sum(fires)::bigint AS fires
        FROM {fires}
        WHERE kind = ANY(%(counted_kinds)s)
        GROUP BY engineer_id, day
        ORDER BY engineer_id, day
    """
