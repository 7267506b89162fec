-- Adds metered requests that are new; those whose key is known are left out of the answer.
INSERT INTO cost_ledger (
    request_key, ts, model, runtime, engineer_id, input_tokens, cache_read_tokens, cache_write_5m_tokens,
    cache_write_1h_tokens, output_tokens, reasoning_tokens, web_search_requests, skill_name, session_id, prompt_id,
    repo, branch, service_tier, reported_cost_micros, cost_micros, price_version, seen_by, field_sources
)
SELECT
    r.request_key, r.ts, r.model, r.runtime, r.engineer_id, r.input_tokens, r.cache_read_tokens,
    r.cache_write_5m_tokens, r.cache_write_1h_tokens, r.output_tokens, r.reasoning_tokens, r.web_search_requests,
    r.skill_name, r.session_id, r.prompt_id, r.repo, r.branch, r.service_tier, r.reported_cost_micros, r.cost_micros,
    r.price_version, r.seen_by, r.field_sources
FROM json_to_recordset(%(rows)s) AS r (
    request_key text, ts timestamptz, model text, runtime text, engineer_id text, input_tokens bigint,
    cache_read_tokens bigint, cache_write_5m_tokens bigint, cache_write_1h_tokens bigint, output_tokens bigint,
    reasoning_tokens bigint, web_search_requests bigint, skill_name text, session_id text, prompt_id text, repo text,
    branch text, service_tier text, reported_cost_micros bigint, cost_micros bigint, price_version text,
    seen_by text[], field_sources jsonb
)
ON CONFLICT (tenant, request_key) DO NOTHING
RETURNING request_key
