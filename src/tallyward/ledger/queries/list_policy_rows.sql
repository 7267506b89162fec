-- Decisions about pull requests before a place in the chain, newest first, whole.
SELECT seq, created_at, payload FROM events_outbox
WHERE kind = 'pull_request.decision' AND seq < %(before)s
ORDER BY seq DESC
LIMIT %(limit)s
