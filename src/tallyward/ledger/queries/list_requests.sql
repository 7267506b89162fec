-- The metered requests of a range, newest first, each once and with the skill that it was made for, if one is known.
SELECT
    c.request_key, c.ts, c.engineer_id, c.model, c.repo, c.branch, c.runtime, c.session_id, c.prompt_id,
    coalesce(nullif(fire.skill_name, 'unknown'), c.skill_name, fire.skill_name) AS skill_name,
    c.input_tokens, c.cache_read_tokens, c.cache_write_5m_tokens, c.cache_write_1h_tokens, c.output_tokens,
    c.reasoning_tokens, c.web_search_requests, c.cost_micros, c.price_version, c.reported_cost_micros, c.seen_by
FROM metered_requests AS c
LEFT JOIN LATERAL (
    SELECT f.skill_name
    FROM skill_invocations AS f
    WHERE f.tenant = tally_tenant() AND f.kind = 'skill' AND f.session_id = c.session_id
        AND f.prompt_id = c.prompt_id AND f.ts <= c.ts
    ORDER BY f.ts DESC, f.id DESC
    LIMIT 1
) AS fire ON true
WHERE c.tenant = tally_tenant() AND c.ts >= %(since)s::timestamptz AND c.ts < %(until)s::timestamptz
    AND (%(session)s::text IS NULL OR c.session_id = %(session)s)
    AND (%(engineer)s::text IS NULL OR coalesce(c.engineer_id, 'unknown') = %(engineer)s)
    AND (%(repo)s::text IS NULL OR c.repo IS NOT DISTINCT FROM nullif(%(repo)s, '(none)'))
    AND (%(model)s::text IS NULL OR c.model = %(model)s)
    AND (%(runtime)s::text IS NULL OR coalesce(c.runtime, '(none)') = ANY(string_to_array(%(runtime)s, ',')))
    AND (
        %(skill)s::text IS NULL
        OR coalesce(nullif(fire.skill_name, 'unknown'), c.skill_name, fire.skill_name)
            IS NOT DISTINCT FROM nullif(%(skill)s, '(none)')
    )
ORDER BY c.ts DESC, c.request_key DESC
LIMIT %(limit)s OFFSET %(offset)s
