-- Writes what known requests cost by another list of prices.
UPDATE cost_ledger AS c SET cost_micros = r.cost_micros, price_version = r.price_version
FROM json_to_recordset(%(rows)s) AS r (request_key text, cost_micros bigint, price_version text)
WHERE c.tenant = tally_tenant() AND c.request_key = r.request_key
