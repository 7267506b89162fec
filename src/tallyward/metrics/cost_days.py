"""What was spent on each day, by whatever one wants to know it by."""

from tallyward.metrics._base import Metric


class CostDays(Metric):
    """Cost per key and day of the time zone `tz`."""

    title = "Cost days"
    unit = "millionths of a US dollar a day"
    caveat = "Keys as in metered usage. The first and the last day may be cut by the range."
    undefined_when = "No priced request of a key on a day: NULL; no request at all: the day is not listed."
    parameters = ("by",)
    sql = """
        SELECT
            CASE %(by)s::text
                WHEN 'skill' THEN coalesce(skill_name, '(none)')
                WHEN 'model' THEN model
                WHEN 'repo' THEN coalesce(repo, '(none)')
                WHEN 'engineer' THEN coalesce(engineer_id, 'unknown')
                WHEN 'runtime' THEN coalesce(runtime, '(none)')
                WHEN 'agent' THEN CASE
                    WHEN runtime IN ('k8s-job', 'modal', 'local-job') THEN coalesce(skill_name, '(none)')
                    ELSE '(people)'
                END
            END AS key,
            (bucket AT TIME ZONE %(tz)s)::date AS day, sum(cost_micros)::bigint AS cost_micros,
            sum(requests)::bigint AS requests
        FROM {requests}
        GROUP BY key, day
        HAVING sum(requests) > 0
        ORDER BY key, day
    """
