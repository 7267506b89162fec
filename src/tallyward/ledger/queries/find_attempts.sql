-- How often each cause was acted on, of the pull requests that decisions were taken about, as the last of them says.
SELECT s.subject, d.attempts
FROM unnest(%(subjects)s::text []) AS s (subject)
CROSS JOIN LATERAL (
    SELECT e.payload -> 'attempts' AS attempts
    FROM events_outbox AS e
    WHERE e.kind = 'pull_request.decision' AND e.subject = s.subject
    ORDER BY e.seq DESC
    LIMIT 1
) AS d
