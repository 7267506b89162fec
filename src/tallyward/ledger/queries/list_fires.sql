-- The fires of a range, newest first, as far as the caller may see them. `(none)` asks for no repository or no model.
SELECT
    id, ts, engineer_id, skill_name, repo, runtime, model, latency_ms, status, input_tokens, output_tokens,
    cost_usd_cents, arg_hash, kind, session_id, prompt_id, branch, cost_micros, fire_key, seen_by,
    request_bytes, response_bytes
FROM skill_invocations
WHERE tenant = tally_tenant()
    AND ts >= %(since)s::timestamptz AND ts < %(until)s::timestamptz
    AND (%(session)s::text IS NULL OR session_id = %(session)s)
    AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
    AND (%(skill)s::text IS NULL OR skill_name = %(skill)s)
    AND (%(repo)s::text IS NULL OR repo IS NOT DISTINCT FROM nullif(%(repo)s, '(none)'))
    AND (%(model)s::text IS NULL OR model IS NOT DISTINCT FROM nullif(%(model)s, '(none)'))
    AND (%(runtime)s::text IS NULL OR runtime = ANY(string_to_array(%(runtime)s, ',')))
    AND (%(status)s::text IS NULL OR status = %(status)s)
    AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
ORDER BY ts DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s
