-- Sums of some hours, from the metered requests of those hours.
INSERT INTO rollup_usage (
    hours, bucket, engineer_id, model, repo, skill_name, runtime, requests, input_tokens, cache_read_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, web_search_requests, cost_micros,
    unpriced_requests, seen_by_several, reports, compared_requests, our_micros, reported_micros
)
SELECT
    1, rollup_hour(c.ts) AS bucket, c.engineer_id, c.model, c.repo,
    coalesce(nullif(fire.skill_name, 'unknown'), c.skill_name, fire.skill_name) AS skill_name, c.runtime,
    count(*) FILTER (WHERE metered) AS requests,
    sum(c.input_tokens) FILTER (WHERE metered)::bigint AS input_tokens,
    sum(c.cache_read_tokens) FILTER (WHERE metered)::bigint AS cache_read_tokens,
    sum(c.cache_write_5m_tokens) FILTER (WHERE metered)::bigint AS cache_write_5m_tokens,
    sum(c.cache_write_1h_tokens) FILTER (WHERE metered)::bigint AS cache_write_1h_tokens,
    sum(c.output_tokens) FILTER (WHERE metered)::bigint AS output_tokens,
    sum(c.reasoning_tokens) FILTER (WHERE metered)::bigint AS reasoning_tokens,
    sum(c.web_search_requests) FILTER (WHERE metered)::bigint AS web_search_requests,
    sum(c.cost_micros) FILTER (WHERE metered)::bigint AS cost_micros,
    count(*) FILTER (WHERE metered AND c.cost_micros IS NULL) AS unpriced_requests,
    count(*) FILTER (WHERE metered AND cardinality(c.seen_by) > 1) AS seen_by_several,
    count(*) AS reports,
    count(c.cost_micros + c.reported_cost_micros) AS compared_requests,
    sum(c.cost_micros) FILTER (WHERE c.reported_cost_micros IS NOT NULL)::bigint AS our_micros,
    sum(c.reported_cost_micros) FILTER (WHERE c.cost_micros IS NOT NULL)::bigint AS reported_micros
FROM cost_ledger AS c
LEFT JOIN LATERAL (
    SELECT f.skill_name
    FROM skill_invocations AS f
    WHERE f.tenant = c.tenant AND f.kind = 'skill' AND f.session_id = c.session_id AND f.prompt_id = c.prompt_id
        AND f.ts <= c.ts
    ORDER BY f.ts DESC, f.id DESC
    LIMIT 1
) AS fire ON true
CROSS JOIN LATERAL (
    SELECT NOT c.seen_by <@ '{otlp}'::text[] OR NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.session_id = c.session_id AND 'transcript' = ANY (t.seen_by)
            AND t.ts > c.ts - interval '1 minute'
    ) AND NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.prompt_id = c.prompt_id AND 'transcript' = ANY (t.seen_by)
    ) AS metered
) AS counts
WHERE c.tenant = tally_tenant() AND c.ts >= %(since)s AND c.ts < %(until)s
    AND rollup_hour(c.ts) = ANY(%(buckets)s)
GROUP BY 2, c.engineer_id, c.model, c.repo, 6, c.runtime
ORDER BY 2
