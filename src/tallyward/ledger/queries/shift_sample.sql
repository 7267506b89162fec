-- Moves the sample up to now when it has fallen more than an hour behind, so that its pages are never empty.
WITH lag AS (
    SELECT now() - max(ts) AS by FROM skill_invocations WHERE tenant = tally_tenant()
), pulls AS (
    UPDATE pull_requests SET
        opened_at = opened_at + lag.by, merged_at = merged_at + lag.by, closed_at = closed_at + lag.by,
        reverted_at = reverted_at + lag.by
    FROM lag WHERE tenant = tally_tenant() AND lag.by > interval '1 hour'
), requests AS (
    UPDATE cost_ledger SET ts = ts + lag.by
    FROM lag WHERE tenant = tally_tenant() AND lag.by > interval '1 hour'
), fires AS (
    UPDATE skill_invocations SET ts = ts + lag.by
    FROM lag WHERE tenant = tally_tenant() AND lag.by > interval '1 hour'
    RETURNING id
)
SELECT count(*) AS moved FROM fires
