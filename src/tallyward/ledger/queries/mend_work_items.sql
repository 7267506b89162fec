-- Makes work items what the outbox makes of them.
INSERT INTO work_items AS kept (
    id, project, story_id, phase, attempts, last_verdict, file_scope, agent, opened_at, updated_at, merged_at
)
SELECT id, project, story_id, phase, attempts, last_verdict, file_scope, agent, opened_at, updated_at, merged_at
FROM remade_work_items
ON CONFLICT (id) DO UPDATE SET
    project = excluded.project, story_id = excluded.story_id, phase = excluded.phase, attempts = excluded.attempts,
    last_verdict = excluded.last_verdict, file_scope = excluded.file_scope, agent = excluded.agent,
    opened_at = excluded.opened_at,
    updated_at = excluded.updated_at, merged_at = excluded.merged_at
WHERE (to_jsonb(kept) - 'tenant') <> (to_jsonb(excluded) - 'tenant')
RETURNING id
