-- Numbers of deliveries that are known, by their body or by their number.
SELECT id, delivery_id, body_sha256 FROM deliveries
WHERE tenant = tally_tenant() AND (body_sha256 = ANY(%(bodies)s) OR delivery_id = ANY(%(delivery_ids)s))
