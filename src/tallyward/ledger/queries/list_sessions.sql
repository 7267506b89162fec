-- The sessions of the latest fires of a range, the last active first. A search looks for its letters in the names of a
-- fire. Only so many fires are looked at; what lies behind is reached by a range that ends earlier.
WITH latest AS (
    SELECT session_id, ts
    FROM skill_invocations
    WHERE tenant = tally_tenant() AND session_id IS NOT NULL
        AND ts >= %(since)s::timestamptz AND ts < %(until)s::timestamptz
        AND (%(session)s::text IS NULL OR session_id = %(session)s)
        AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
        AND (%(skill)s::text IS NULL OR skill_name = %(skill)s)
        AND (%(repo)s::text IS NULL OR repo IS NOT DISTINCT FROM nullif(%(repo)s, '(none)'))
        AND (%(model)s::text IS NULL OR model IS NOT DISTINCT FROM nullif(%(model)s, '(none)'))
        AND (%(runtime)s::text IS NULL OR runtime = ANY(string_to_array(%(runtime)s, ',')))
        AND (%(status)s::text IS NULL OR status = %(status)s)
        AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
        AND (
            %(q)s::text IS NULL
            OR strpos(lower(concat_ws(chr(10), session_id, engineer_id, skill_name, repo, branch)), lower(%(q)s)) > 0
        )
    ORDER BY ts DESC
    LIMIT %(reach)s
), seen AS MATERIALIZED (
    SELECT session_id, max(ts) AS last_ts, (SELECT count(*) FROM latest) >= %(reach)s AS cut
    FROM latest
    GROUP BY session_id
    ORDER BY last_ts DESC, session_id
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT seen.session_id, seen.cut, facts.*, spent.*
FROM seen
CROSS JOIN LATERAL (
    SELECT
        min(f.ts) AS started_at, max(f.ts + coalesce(f.latency_ms, 0) * interval '1 millisecond') AS ended_at,
        (array_agg(f.engineer_id ORDER BY f.ts))[1] AS engineer_id, (array_agg(f.runtime ORDER BY f.ts))[1] AS runtime,
        (array_agg(f.repo ORDER BY f.ts) FILTER (WHERE f.repo IS NOT NULL))[1] AS repo,
        count(*) FILTER (WHERE f.kind <> 'session') AS fires, count(*) FILTER (WHERE f.kind = 'session') AS prompts,
        count(*) FILTER (WHERE f.status = 'error') AS errors,
        coalesce(array_agg(DISTINCT f.skill_name) FILTER (WHERE f.kind IN ('skill', 'agent')), '{}') AS skills
    FROM skill_invocations AS f
    WHERE f.tenant = tally_tenant() AND f.session_id = seen.session_id
        AND (%(engineer)s::text IS NULL OR f.engineer_id = %(engineer)s)
) AS facts
CROSS JOIN LATERAL (
    SELECT
        count(*) AS requests, sum(r.cost_micros)::bigint AS cost_micros,
        count(*) FILTER (WHERE r.cost_micros IS NULL) AS unpriced_requests
    FROM metered_requests AS r
    WHERE r.tenant = tally_tenant() AND r.session_id = seen.session_id
        AND (%(engineer)s::text IS NULL OR coalesce(r.engineer_id, 'unknown') = %(engineer)s)
) AS spent
ORDER BY seen.last_ts DESC, seen.session_id
