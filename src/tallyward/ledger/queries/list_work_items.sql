-- Work items, the one that moved last first.
SELECT id, project, story_id, phase, attempts, last_verdict, file_scope, agent, opened_at, updated_at, merged_at
FROM work_items
WHERE (%(project)s::text IS NULL OR project = %(project)s) AND (%(phase)s::text IS NULL OR phase = %(phase)s)
ORDER BY updated_at DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s
