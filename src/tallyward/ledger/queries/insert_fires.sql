-- Adds fires that are new; those whose key is known are left out of the answer. One JSON parameter is faster to send
-- than twenty arrays (see adr/0003).
INSERT INTO skill_invocations (
    ts, engineer_id, skill_name, repo, runtime, model, latency_ms, status, input_tokens, output_tokens, cost_usd_cents,
    arg_hash, fire_key, kind, session_id, prompt_id, branch, cost_micros, seen_by, field_sources,
    request_bytes, response_bytes
)
SELECT
    r.ts, r.engineer_id, r.skill_name, r.repo, r.runtime, r.model, r.latency_ms, r.status, r.input_tokens,
    r.output_tokens, r.cost_usd_cents, r.arg_hash, r.fire_key, r.kind, r.session_id, r.prompt_id, r.branch,
    r.cost_micros, r.seen_by, r.field_sources, r.request_bytes, r.response_bytes
FROM json_to_recordset(%(rows)s) AS r (
    ts timestamptz, engineer_id text, skill_name text, repo text, runtime text, model text, latency_ms integer,
    status text, input_tokens integer, output_tokens integer, cost_usd_cents integer, arg_hash text, fire_key text,
    kind text, session_id text, prompt_id text, branch text, cost_micros bigint, seen_by text[], field_sources jsonb,
    request_bytes bigint, response_bytes bigint
)
ON CONFLICT (tenant, fire_key) DO NOTHING
RETURNING fire_key, id
