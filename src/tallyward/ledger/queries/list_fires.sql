-- The latest fires, newest first, as far as the caller may see them.
SELECT
    id, ts, engineer_id, skill_name, repo, runtime, model, latency_ms, status, input_tokens, output_tokens,
    cost_usd_cents, arg_hash, kind, session_id, prompt_id, branch, cost_micros, fire_key, seen_by
FROM skill_invocations
WHERE tenant = tally_tenant()
    AND (%(session)s::text IS NULL OR session_id = %(session)s)
    AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
    AND (%(since)s::timestamptz IS NULL OR ts >= %(since)s)
ORDER BY ts DESC, id DESC
LIMIT %(limit)s
