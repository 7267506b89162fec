-- How often each of some files was part of a landing, and of one that conflicted: by the pull requests of that name where
-- they are known with their paths, else by the work items of the project.
WITH landed AS (
    SELECT changed_paths AS paths, coalesce(conflicted, false) AS conflicted
    FROM pull_requests
    WHERE tenant = tally_tenant() AND repo = %(project)s AND merged_at IS NOT NULL AND changed_paths IS NOT NULL
    ORDER BY merged_at DESC
    LIMIT %(limit)s
), merged AS (
    SELECT payload, payload ->> 'verdict' = %(conflict)s AS conflicted
    FROM events_outbox
    WHERE kind = 'phase.transition' AND target = 'merged' AND project = %(project)s
    ORDER BY place DESC
    LIMIT %(limit)s
), known AS (
    SELECT paths, conflicted FROM landed
    UNION ALL
    SELECT ARRAY(SELECT jsonb_array_elements_text(merged.payload -> 'file_scope')), coalesce(merged.conflicted, false)
    FROM merged WHERE NOT EXISTS (SELECT FROM landed)
)
SELECT path, count(*) AS landings, count(*) FILTER (WHERE conflicted) AS conflicts
FROM known, unnest(paths) AS path
WHERE path = ANY (%(paths)s)
GROUP BY path
