-- The next metered requests in the order of their keys, locked until this transaction ends, with what prices them.
SELECT
    request_key, ts, model, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
    output_tokens, reasoning_tokens, web_search_requests, service_tier, cost_micros, price_version, seen_by
FROM cost_ledger
WHERE tenant = tally_tenant() AND request_key > %(after)s
ORDER BY request_key
LIMIT %(limit)s
FOR UPDATE
