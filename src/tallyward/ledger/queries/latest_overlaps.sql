-- The last figures of overlap of each repository that a clone told of, or of one.
SELECT DISTINCT ON (payload ->> 'repo') payload
FROM events_outbox
WHERE tenant = tally_tenant() AND kind = 'pull_request.overlap'
    AND (%(repo)s::text IS NULL OR payload ->> 'repo' = %(repo)s)
ORDER BY payload ->> 'repo', seq DESC
