-- How many events there are of what is asked for, and where the chain ends: numbers of a chain have no gaps.
SELECT
    (
        SELECT count(*) FROM events_outbox
        WHERE tenant = tally_tenant() AND (%(kind)s::text IS NULL OR kind = %(kind)s)
            AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)
    ) AS total,
    coalesce(last_event.seq, 0) AS length, encode(last_event.hash, 'hex') AS head
FROM (SELECT) AS always
LEFT JOIN (
    SELECT seq, hash FROM events_outbox WHERE tenant = tally_tenant() ORDER BY seq DESC LIMIT 1
) AS last_event ON true
