-- The last times that a fix was asked for of one pull request, newest first.
SELECT payload FROM events_outbox
WHERE subject = %(subject)s AND kind = 'pull_request.decision' AND action IS DISTINCT FROM 'wait'
    AND action = ANY (%(actions)s)
ORDER BY seq DESC
LIMIT %(limit)s
