"""Whether the ledger's money is the client's money, and how much of it is joined to a skill."""

from tallyward.metrics._base import Metric


class Reconciliation(Metric):
    """Per day and engineer: what is stored, what several paths saw, cost with and without a skill, ours and theirs."""

    title = "Reconciliation"
    unit = "rows, and millionths of a US dollar"
    caveat = (
        "A row that several paths saw was kept once; how often one path sent it again is not kept. What an exporter "
        "told of requests that a transcript tells of too is told twice and counted once. Ours and theirs are compared "
        "over every report that has both, those told twice included, since only the exporter says theirs. The gap is "
        "theirs less ours: above 0 the client says more. Days are those of UTC, and the oldest is cut by the range."
    )
    undefined_when = "No request has both a price and a reported cost: ours, theirs and the gap are NULL, never 0."
    sql = """
        WITH stored AS (
            SELECT
                (bucket AT TIME ZONE 'UTC')::date AS day, engineer_id,
                sum(fires)::bigint AS fires, sum(seen_by_several)::bigint AS fires_seen_by_several
            FROM {fires}
            GROUP BY day, engineer_id
        ), metered AS (
            SELECT
                (bucket AT TIME ZONE 'UTC')::date AS day, coalesce(engineer_id, 'unknown') AS engineer_id,
                sum(requests)::bigint AS requests, sum(seen_by_several)::bigint AS requests_seen_by_several,
                (sum(reports) - sum(requests))::bigint AS requests_told_twice,
                sum(unpriced_requests)::bigint AS unpriced_requests,
                sum(cost_micros) FILTER (WHERE skill_name IS NOT NULL)::bigint AS attributed_micros,
                sum(cost_micros) FILTER (WHERE skill_name IS NULL)::bigint AS unattributed_micros,
                sum(compared_requests)::bigint AS compared_requests,
                sum(our_micros)::bigint AS our_micros, sum(reported_micros)::bigint AS reported_micros
            FROM {requests}
            GROUP BY day, coalesce(engineer_id, 'unknown')
        )
        SELECT
            day, engineer_id, coalesce(fires, 0) AS fires, coalesce(fires_seen_by_several, 0) AS fires_seen_by_several,
            coalesce(requests, 0) AS requests, coalesce(requests_seen_by_several, 0) AS requests_seen_by_several,
            coalesce(requests_told_twice, 0) AS requests_told_twice,
            coalesce(unpriced_requests, 0) AS unpriced_requests, attributed_micros, unattributed_micros,
            coalesce(compared_requests, 0) AS compared_requests, our_micros, reported_micros,
            reported_micros - our_micros AS gap_micros
        FROM stored FULL JOIN metered USING (day, engineer_id)
        ORDER BY day DESC, engineer_id
    """
