-- Notes deliveries that a forge has and we do not, so that they are seen, and known when they come.
INSERT INTO deliveries (sender, delivery_id, event, action, subject, state, reason, received_at)
SELECT r.sender, r.delivery_id, r.event, r.action, r.event, 'missing', r.reason, r.delivered_at
FROM json_to_recordset(%(rows)s) AS r (
    sender text, delivery_id text, event text, action text, reason text, delivered_at timestamptz
)
ORDER BY r.delivered_at
ON CONFLICT DO NOTHING
