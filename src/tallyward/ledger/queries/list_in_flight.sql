-- Work of a project that is under way and says what it changes: its items, and the open pull requests of that name.
SELECT story_id AS item, file_scope AS paths FROM work_items
WHERE project = %(project)s AND phase IN ('build', 'review', 'merge') AND updated_at > %(since)s
    AND story_id <> %(story_id)s AND file_scope <> '{}'
UNION ALL
SELECT '#' || number, changed_paths FROM pull_requests
WHERE tenant = tally_tenant() AND repo = %(project)s AND state = 'open' AND updated_at > %(since)s
    AND number IS NOT NULL AND number <> coalesce(%(pull_request)s::integer, 0) AND changed_paths <> '{}'
LIMIT %(limit)s
