-- Which of these deliveries have arrived; one that could not be read has not.
SELECT delivery_id FROM deliveries
WHERE tenant = tally_tenant() AND sender = %(sender)s AND delivery_id = ANY(%(delivery_ids)s)
  AND state <> 'missing' AND NOT (state = 'parked' AND facts IS NULL)
