-- Deliveries of the last hours, by hour and by what became of them.
SELECT date_trunc('hour', received_at, 'UTC') AS hour, state, count(*) AS deliveries
FROM deliveries
WHERE tenant = tally_tenant() AND received_at >= date_trunc('hour', now(), 'UTC') - make_interval(hours => %(hours)s - 1)
GROUP BY 1, 2 ORDER BY 1, 2
