"""How much of what fired on the laptops is in the ledger: fired against stored, by the laptops' own books."""

from tallyward.metrics._base import Metric


class Coverage(Metric):
    """What each machine fired, and what became of it, over the days of UTC that the range touches."""

    title = "Coverage"
    unit = "fires"
    caveat = (
        "By the books of the laptops: what never reached a hook is in no book. `reached` are the fires that the server "
        "has, new to it or known already; `waiting` ones are kept on the laptop and may come yet; `lost` ones will "
        "not. A book is as old as its last report, which reported_at says."
    )
    undefined_when = "Nothing fired on a machine, or no report of it: no line, and no rate, never 100 %."
    parameters = ("engineer",)
    rates = (("coverage", "reached", "fired"),)
    sql = """
        SELECT
            machine, engineer_id, max(version) AS version, count(*) AS days, max(day) AS last_day,
            max(reported_at) AS reported_at,
            sum(stored + duplicate + refused + waiting + lost)::bigint AS fired,
            sum(stored + duplicate)::bigint AS reached, sum(stored)::bigint AS stored,
            sum(duplicate)::bigint AS duplicate, sum(refused)::bigint AS refused, sum(waiting)::bigint AS waiting,
            sum(lost)::bigint AS lost
        FROM capture_reports
        WHERE tenant = tally_tenant() AND day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date
            AND day < %(until)s::timestamptz AT TIME ZONE 'UTC'
            AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
        GROUP BY machine, engineer_id
        ORDER BY max(reported_at) DESC, machine, engineer_id
    """
