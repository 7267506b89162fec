-- Writes a work item as it stands after a step, and appends the step; both or neither.
WITH kept AS (
    INSERT INTO work_items AS item (
        project, story_id, phase, attempts, last_verdict, file_scope, agent, opened_at, updated_at, merged_at
    )
    VALUES (
        %(project)s, %(story_id)s, %(phase)s, %(attempts)s, %(verdict)s, %(file_scope)s, %(agent)s, %(at)s, %(at)s,
        CASE %(phase)s WHEN 'merged' THEN %(at)s::timestamptz END
    )
    ON CONFLICT ON CONSTRAINT work_items_story DO UPDATE SET
        phase = excluded.phase, attempts = excluded.attempts, last_verdict = excluded.last_verdict,
        file_scope = excluded.file_scope, agent = excluded.agent, updated_at = excluded.updated_at, merged_at = excluded.merged_at
    RETURNING id
)
SELECT kept.id AS work_item_id, tally_append_event('phase.transition', kept.id, %(payload)s::jsonb) AS event_id FROM kept
