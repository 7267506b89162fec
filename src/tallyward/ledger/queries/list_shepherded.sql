-- The last decision about each pull request whose end was not told yet. Subjects are found one after the other by the
-- index, so that the waits between them cost nothing.
WITH RECURSIVE subjects AS (
    (SELECT subject FROM events_outbox WHERE subject IS NOT NULL ORDER BY subject LIMIT 1)
    UNION ALL
    SELECT (
        SELECT later.subject FROM events_outbox AS later
        WHERE later.subject > subjects.subject
        ORDER BY later.subject
        LIMIT 1
    )
    FROM subjects
    WHERE subjects.subject IS NOT NULL
)

SELECT subjects.subject, last.seq, last.payload
FROM subjects, LATERAL (
    SELECT decided.seq, decided.payload FROM events_outbox AS decided
    WHERE decided.subject = subjects.subject AND decided.kind = 'pull_request.decision'
    ORDER BY decided.seq DESC
    LIMIT 1
) AS last
WHERE NOT EXISTS (
    SELECT FROM events_outbox AS ended
    WHERE ended.subject = subjects.subject AND ended.seq > last.seq AND ended.kind = 'pull_request.outcome'
        AND ended.payload ->> 'result' <> 'escalated'
)
