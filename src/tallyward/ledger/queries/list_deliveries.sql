-- Deliveries of the tenant, those that need somebody first, then the newest.
SELECT id, sender, delivery_id, event, action, subject, repo, number, state, reason, tries, received_at, processed_at, recovered
FROM deliveries
WHERE tenant = tally_tenant()
  AND (%(state)s::text IS NULL OR state = %(state)s) AND (%(event)s::text IS NULL OR event = %(event)s)
ORDER BY state IN ('parked', 'missing') DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s
