-- What was decided and done about one pull request, oldest first: every event but the waits, and the last decision.
SELECT seq, kind, payload FROM events_outbox
WHERE subject = %(subject)s AND action IS DISTINCT FROM 'wait'
UNION
(
    SELECT seq, kind, payload FROM events_outbox
    WHERE subject = %(subject)s AND kind = 'pull_request.decision'
    ORDER BY seq DESC
    LIMIT 1
)
ORDER BY seq
