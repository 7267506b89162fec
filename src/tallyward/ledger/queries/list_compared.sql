-- Decisions about pull requests before a place in the chain, newest first, with what the shadow said.
SELECT seq, created_at, jsonb_build_object(
    'at', payload -> 'at', 'subject', payload -> 'subject', 'action', payload -> 'action', 'shadow', payload -> 'shadow'
) AS payload
FROM events_outbox
WHERE kind = 'pull_request.decision' AND seq < %(before)s
ORDER BY seq DESC
LIMIT %(limit)s
