-- Writes what further sightings taught about known fires.
UPDATE skill_invocations AS s SET
    ts = r.ts, engineer_id = r.engineer_id, skill_name = r.skill_name, repo = r.repo, runtime = r.runtime,
    model = r.model, latency_ms = r.latency_ms, status = r.status, input_tokens = r.input_tokens,
    output_tokens = r.output_tokens, cost_usd_cents = r.cost_usd_cents, arg_hash = r.arg_hash, kind = r.kind,
    session_id = r.session_id, prompt_id = r.prompt_id, branch = r.branch, cost_micros = r.cost_micros,
    request_bytes = r.request_bytes, response_bytes = r.response_bytes,
    seen_by = r.seen_by, field_sources = r.field_sources
FROM json_to_recordset(%(rows)s) AS r (
    id bigint, ts timestamptz, engineer_id text, skill_name text, repo text, runtime text, model text,
    latency_ms integer, status text, input_tokens integer, output_tokens integer, cost_usd_cents integer,
    arg_hash text, kind text, session_id text, prompt_id text, branch text, cost_micros bigint, seen_by text[],
    field_sources jsonb, request_bytes bigint, response_bytes bigint
)
WHERE s.id = r.id
