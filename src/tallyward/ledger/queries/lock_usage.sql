-- Metered requests that are already known, locked in the order of their keys until this transaction ends.
SELECT
    request_key, ts, model, runtime, engineer_id, input_tokens, cache_read_tokens, cache_write_5m_tokens,
    cache_write_1h_tokens, output_tokens, reasoning_tokens, web_search_requests, skill_name, session_id, prompt_id,
    repo, branch, service_tier, reported_cost_micros, cost_micros, price_version, seen_by, field_sources
FROM cost_ledger
WHERE tenant = tally_tenant() AND request_key = ANY(%(request_keys)s)
ORDER BY request_key
FOR UPDATE
