-- The tenants that have a delivery which is due.
SELECT DISTINCT tenant FROM deliveries WHERE state = 'waiting' AND next_try_at <= now() ORDER BY tenant
