"""The shape behind a total: fires of each engineer on each day, for the sparklines."""

from tallyward.metrics._base import Metric


class DailyFires(Metric):
    """Counted fires per engineer and day. `age` is whole days before now: 0 is the last 24 hours."""

    title = "Daily fires"
    unit = "fires a day"
    caveat = "Days are 24-hour steps back from now, so the sum of the bars is the total beside them in every time zone."
    undefined_when = "No counted row on a day: the day is 0, since silence is what is measured."
    parameters = ("days", "counted_kinds")
    sql = """
        SELECT
            engineer_id,
            greatest(0, floor(extract(epoch FROM now() - ts) / 86400))::integer AS age,
            count(*) AS fires
        FROM skill_invocations
        WHERE tenant = tally_tenant() AND ts > now() - make_interval(days => %(days)s) AND kind = ANY(%(counted_kinds)s)
        GROUP BY engineer_id, age
    """
