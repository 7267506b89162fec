-- Says of pull requests what took them back and when, or that nothing did.
UPDATE pull_requests AS p SET reverted_at = r.reverted_at, reverted_by = r.reverted_by
FROM json_to_recordset(%(rows)s) AS r (id bigint, reverted_at timestamptz, reverted_by text)
WHERE p.tenant = tally_tenant() AND p.id = r.id
