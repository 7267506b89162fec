-- The first event among the last so many whose place in the hash chain is wrong, if there is one.
SELECT seq
FROM (
    SELECT
        seq, hash, prev_hash, created_at, kind, work_item_id, payload, tenant,
        lag(hash, 1, CASE seq WHEN 1 THEN '\x'::bytea END) OVER w AS expected_prev_hash,
        coalesce(lag(seq) OVER w + 1, CASE WHEN (count(*) OVER ()) <= %(events)s THEN 1 END) AS expected_seq
    FROM (
        SELECT * FROM events_outbox WHERE tenant = tally_tenant() ORDER BY seq DESC LIMIT %(events)s + 1
    ) AS last_events
    WINDOW w AS (ORDER BY seq)
) AS chain
WHERE seq <> expected_seq
    OR prev_hash <> expected_prev_hash
    OR hash <> tally_event_hash(prev_hash, tenant, seq, created_at, kind, work_item_id, payload)
ORDER BY seq
LIMIT 1
