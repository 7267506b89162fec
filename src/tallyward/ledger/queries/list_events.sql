-- The audit trail, newest first: one page of it.
SELECT seq, created_at, kind, work_item_id, payload, encode(prev_hash, 'hex') AS prev_hash, encode(hash, 'hex') AS hash
FROM events_outbox
WHERE tenant = tally_tenant()
    AND (%(kind)s::text IS NULL OR kind = %(kind)s)
    AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)
ORDER BY seq DESC
LIMIT %(limit)s OFFSET %(offset)s
