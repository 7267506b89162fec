-- How far a repository was read the last time that it was read to the end.
SELECT payload ->> 'through' AS through
FROM events_outbox
WHERE tenant = tally_tenant() AND kind = 'pull_request.synced' AND payload ->> 'repo' = %(repo)s
ORDER BY seq DESC
LIMIT 1
