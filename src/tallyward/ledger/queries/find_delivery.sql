-- One delivery with the facts that it told.
SELECT id, sender, delivery_id, event, action, subject, repo, number, state, reason, tries, received_at, processed_at,
    recovered, body_sha256, body_bytes, next_try_at, facts
FROM deliveries WHERE tenant = tally_tenant() AND id = %(id)s
