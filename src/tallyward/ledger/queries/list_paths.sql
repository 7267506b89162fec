-- The last looks at each of these pull requests, oldest first: when, what was decided and why.
SELECT asked.subject, looks.at, looks.action, looks.reason
FROM unnest(%(subjects)s::text[]) AS asked (subject), LATERAL (
    SELECT seq, left(place, 27)::timestamptz AS at, action, payload ->> 'reason' AS reason
    FROM events_outbox
    WHERE subject = asked.subject AND kind = 'pull_request.decision'
    ORDER BY seq DESC
    LIMIT %(limit)s
) AS looks
ORDER BY asked.subject, looks.seq
