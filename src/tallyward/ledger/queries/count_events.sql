-- How many events there are of what is asked for, and how long the whole chain is.
SELECT
    count(*) FILTER (
        WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)
            AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)
    ) AS total,
    count(*) AS length, encode((array_agg(hash ORDER BY seq DESC))[1], 'hex') AS head
FROM events_outbox
WHERE tenant = tally_tenant()
