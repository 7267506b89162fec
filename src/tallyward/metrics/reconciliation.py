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
        "theirs less ours: above 0 the client says more. Days are those of UTC, and the oldest is cut by the window."
    )
    undefined_when = "No request has both a price and a reported cost: ours, theirs and the gap are NULL, never 0."
    parameters = ("days", "engineer")
    sql = """
        WITH fires AS (
            SELECT
                (ts AT TIME ZONE 'UTC')::date AS day, engineer_id,
                count(*) AS fires, count(*) FILTER (WHERE cardinality(seen_by) > 1) AS fires_seen_by_several
            FROM skill_invocations
            WHERE tenant = tally_tenant() AND ts > now() - make_interval(days => %(days)s)
                AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
            GROUP BY day, engineer_id
        ), requests AS (
            SELECT
                (ts AT TIME ZONE 'UTC')::date AS day, coalesce(engineer_id, 'unknown') AS engineer_id,
                count(*) AS requests,
                count(*) FILTER (WHERE cardinality(seen_by) > 1) AS requests_seen_by_several,
                count(*) FILTER (WHERE cost_micros IS NULL) AS unpriced_requests,
                sum(cost_micros) FILTER (WHERE has_skill)::bigint AS attributed_micros,
                sum(cost_micros) FILTER (WHERE NOT has_skill)::bigint AS unattributed_micros
            FROM (
                SELECT c.*, c.skill_name IS NOT NULL OR EXISTS (
                    SELECT FROM skill_invocations AS f
                    WHERE f.tenant = tally_tenant() AND f.kind = 'skill' AND f.session_id = c.session_id
                        AND f.prompt_id = c.prompt_id AND f.ts <= c.ts
                ) AS has_skill
                FROM metered_requests AS c
                WHERE c.tenant = tally_tenant() AND c.ts > now() - make_interval(days => %(days)s)
                    AND (%(engineer)s::text IS NULL OR c.engineer_id = %(engineer)s)
            ) AS metered
            GROUP BY day, coalesce(engineer_id, 'unknown')
        ), reports AS (
            SELECT
                (ts AT TIME ZONE 'UTC')::date AS day, coalesce(engineer_id, 'unknown') AS engineer_id,
                count(*) AS reports, count(cost_micros + reported_cost_micros) AS compared_requests,
                sum(cost_micros) FILTER (WHERE reported_cost_micros IS NOT NULL)::bigint AS our_micros,
                sum(reported_cost_micros) FILTER (WHERE cost_micros IS NOT NULL)::bigint AS reported_micros
            FROM cost_ledger
            WHERE tenant = tally_tenant() AND ts > now() - make_interval(days => %(days)s)
                AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
            GROUP BY day, coalesce(engineer_id, 'unknown')
        )
        SELECT
            day, engineer_id, coalesce(fires, 0) AS fires, coalesce(fires_seen_by_several, 0) AS fires_seen_by_several,
            coalesce(requests, 0) AS requests, coalesce(requests_seen_by_several, 0) AS requests_seen_by_several,
            coalesce(reports, 0) - coalesce(requests, 0) AS requests_told_twice,
            coalesce(unpriced_requests, 0) AS unpriced_requests, attributed_micros, unattributed_micros,
            coalesce(compared_requests, 0) AS compared_requests, our_micros, reported_micros,
            reported_micros - our_micros AS gap_micros
        FROM fires FULL JOIN requests USING (day, engineer_id) FULL JOIN reports USING (day, engineer_id)
        ORDER BY day DESC, engineer_id
    """
