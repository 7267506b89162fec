-- How the deliveries of the tenant stand, and when the last one came.
SELECT
    (SELECT count(*) FROM deliveries WHERE tenant = tally_tenant() AND state = 'waiting') AS waiting,
    (SELECT min(received_at) FROM deliveries WHERE tenant = tally_tenant() AND state = 'waiting') AS oldest_waiting,
    count(*) FILTER (WHERE state = 'parked') AS parked,
    count(*) FILTER (WHERE state = 'missing') AS missing,
    (
        SELECT received_at FROM deliveries WHERE tenant = tally_tenant() AND state <> 'missing'
        ORDER BY received_at DESC LIMIT 1
    ) AS last_received,
    (SELECT count(*) FROM deliveries WHERE tenant = tally_tenant() AND recovered) AS recovered
FROM deliveries WHERE tenant = tally_tenant() AND state IN ('parked', 'missing')
