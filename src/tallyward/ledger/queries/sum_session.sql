-- How many fires a session has, how many requests, and what these cost.
SELECT
    (
        SELECT count(*) FROM skill_invocations
        WHERE tenant = tally_tenant() AND session_id = %(session)s
            AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
    ) AS fires,
    count(*) AS requests, sum(cost_micros)::bigint AS cost_micros,
    count(*) FILTER (WHERE cost_micros IS NULL) AS unpriced_requests
FROM metered_requests
WHERE tenant = tally_tenant() AND session_id = %(session)s
    AND (%(engineer)s::text IS NULL OR coalesce(engineer_id, 'unknown') = %(engineer)s)
