-- Subjects of which a delivery waits for its next try; the others of theirs wait with it.
SELECT DISTINCT subject FROM deliveries WHERE tenant = tally_tenant() AND state = 'waiting' AND next_try_at > now()
