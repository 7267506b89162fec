-- The first event whose place in the hash chain is wrong, if there is one.
SELECT seq
FROM (
    SELECT
        seq, hash, prev_hash, created_at, kind, work_item_id, payload, tenant,
        lag(hash, 1, '\x'::bytea) OVER (ORDER BY seq) AS expected_prev_hash,
        row_number() OVER (ORDER BY seq) AS expected_seq
    FROM events_outbox WHERE tenant = tally_tenant()
) AS chain
WHERE seq <> expected_seq
    OR prev_hash <> expected_prev_hash
    OR hash <> tally_event_hash(prev_hash, tenant, seq, created_at, kind, work_item_id, payload)
ORDER BY seq
LIMIT 1
