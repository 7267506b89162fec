"""What it costs to keep work on the same files apart: holds and the hours that work waited."""

from tallyward.metrics._base import Metric


class ScopeHolds(Metric):
    """Holds that ended on each day of the time zone `tz`, by how strict the policy was and how they ended."""

    title = "Work held for overlapping files"
    unit = "hours held, and holds, a day"
    caveat = (
        "The cost of the policy, not of overlap: what conflicts it spared is not known. A hold that expired cost its "
        "hours and spared nothing for certain. One that lasts is counted when it has ended."
    )
    undefined_when = "Nothing was held: the day is not listed."
    sql = """
        SELECT
            ((payload ->> 'at')::timestamptz AT TIME ZONE %(tz)s)::date AS day, payload ->> 'policy' AS policy,
            payload ->> 'result' AS result, count(*) AS holds, sum((payload ->> 'hours')::numeric) AS hours
        FROM events_outbox
        WHERE tenant = tally_tenant() AND kind = 'scope.hold_ended'
            AND (payload ->> 'at')::timestamptz >= %(since)s::timestamptz
            AND (payload ->> 'at')::timestamptz < %(until)s::timestamptz
        GROUP BY day, policy, result
        ORDER BY day, policy, result
    """
