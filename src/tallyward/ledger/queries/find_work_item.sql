-- One work item by its project and story.
SELECT id, project, story_id, phase, attempts, last_verdict, file_scope, agent, opened_at, updated_at, merged_at
FROM work_items WHERE project = %(project)s AND story_id = %(story_id)s
