-- Numbers of file reads that are already known.
SELECT fetch_key, id FROM context_fetches WHERE tenant = tally_tenant() AND fetch_key = ANY(%(fetch_keys)s)
