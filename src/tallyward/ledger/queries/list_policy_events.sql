-- What last became of learned policies, newest first.
SELECT seq, kind, created_at, payload FROM events_outbox
WHERE kind IN ('policy.shadow_on', 'policy.shadow_off', 'policy.promoted')
ORDER BY seq DESC
LIMIT %(limit)s
