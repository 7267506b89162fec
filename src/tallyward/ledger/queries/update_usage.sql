-- Writes what further reports taught about known requests, and what they cost by it.
UPDATE cost_ledger AS c SET
    ts = r.ts, model = r.model, runtime = r.runtime, engineer_id = r.engineer_id, input_tokens = r.input_tokens,
    cache_read_tokens = r.cache_read_tokens, cache_write_5m_tokens = r.cache_write_5m_tokens,
    cache_write_1h_tokens = r.cache_write_1h_tokens, output_tokens = r.output_tokens,
    reasoning_tokens = r.reasoning_tokens, web_search_requests = r.web_search_requests, skill_name = r.skill_name,
    session_id = r.session_id, prompt_id = r.prompt_id, repo = r.repo, branch = r.branch,
    service_tier = r.service_tier, reported_cost_micros = r.reported_cost_micros, cost_micros = r.cost_micros,
    price_version = r.price_version, seen_by = r.seen_by, field_sources = r.field_sources
FROM json_to_recordset(%(rows)s) AS r (
    request_key text, ts timestamptz, model text, runtime text, engineer_id text, input_tokens bigint,
    cache_read_tokens bigint, cache_write_5m_tokens bigint, cache_write_1h_tokens bigint, output_tokens bigint,
    reasoning_tokens bigint, web_search_requests bigint, skill_name text, session_id text, prompt_id text, repo text,
    branch text, service_tier text, reported_cost_micros bigint, cost_micros bigint, price_version text,
    seen_by text[], field_sources jsonb
)
WHERE c.tenant = tally_tenant() AND c.request_key = r.request_key
