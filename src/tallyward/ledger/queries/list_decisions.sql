-- Decisions about pull requests, newest first, one page of them. An engineer sees those of agents and their own.
SELECT seq, payload FROM events_outbox
WHERE kind = 'pull_request.decision'
    AND place >= %(since)s AND (%(until)s::text IS NULL OR place < %(until)s)
    AND (%(action)s::text IS NULL OR action = %(action)s)
    AND (%(repo)s::text IS NULL OR payload ->> 'repo' = %(repo)s)
    AND (%(number)s::bigint IS NULL OR (payload ->> 'number')::bigint = %(number)s)
    AND (
        %(engineer)s::text IS NULL OR payload ->> 'agent' IS NOT NULL
        OR payload #>> '{state,author}' = %(engineer)s
    )
ORDER BY place DESC
LIMIT %(limit)s OFFSET %(offset)s
