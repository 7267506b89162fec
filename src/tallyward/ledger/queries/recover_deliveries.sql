-- Completes deliveries that were missing, or that could not be read when they first came, with what came now.
UPDATE deliveries AS d SET
    body_sha256 = r.body_sha256, body_bytes = r.body_bytes, event = r.event, action = r.action, subject = r.subject,
    repo = r.repo, number = r.number, state = r.state, reason = r.reason, facts = r.facts, tries = 0,
    next_try_at = now(), received_at = now(), recovered = d.state = 'missing' OR d.recovered,
    processed_at = CASE WHEN r.state <> 'waiting' THEN now() END
FROM json_to_recordset(%(rows)s) AS r (
    sender text, delivery_id text, body_sha256 text, body_bytes integer, event text, action text, subject text,
    repo text, number bigint, state text, reason text, facts jsonb
)
WHERE d.tenant = tally_tenant() AND d.sender = r.sender AND d.delivery_id = r.delivery_id
  AND (d.state = 'missing' OR (d.state = 'parked' AND d.facts IS NULL))
  AND NOT EXISTS (
      SELECT FROM deliveries AS other
      WHERE other.tenant = tally_tenant() AND other.body_sha256 = r.body_sha256 AND other.id <> d.id
  )
RETURNING d.body_sha256, d.id
