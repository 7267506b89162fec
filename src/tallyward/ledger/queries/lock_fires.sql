-- Fires that are already known, locked in the order of their keys until this transaction ends.
SELECT
    id, fire_key, ts, engineer_id, skill_name, runtime, status, kind, repo, branch, model, session_id, prompt_id,
    arg_hash, latency_ms, input_tokens, output_tokens,
    coalesce(cost_micros, cost_usd_cents * 10000::bigint) AS cost_micros, seen_by, field_sources,
    request_bytes, response_bytes
FROM skill_invocations
WHERE tenant = tally_tenant() AND fire_key = ANY(%(fire_keys)s)
ORDER BY fire_key
FOR UPDATE
