-- When the latest pull requests were open and what they change, where no clone has told of their repository's overlap.
SELECT id, repo, opened_at, closed_at, changed_paths
FROM pull_requests
WHERE tenant = tally_tenant() AND opened_at IS NOT NULL AND changed_paths IS NOT NULL
    AND (%(repo)s::text IS NULL OR repo = %(repo)s) AND repo <> ALL(%(told)s)
    AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
    AND opened_at < %(until)s::timestamptz AND coalesce(closed_at, 'infinity') >= %(since)s::timestamptz
ORDER BY opened_at DESC
LIMIT %(limit)s
