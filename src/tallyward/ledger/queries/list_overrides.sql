-- What people last set about trust, newest first.
SELECT seq, kind, created_at, payload FROM events_outbox
WHERE kind IN ('trust.overridden', 'trust.override_ended')
ORDER BY seq DESC
LIMIT %(limit)s
