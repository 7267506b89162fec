-- Adds work items that are first heard of as merged, the oldest first, each with its step; those that are known, by their
-- key or by their name, are left as they are.
WITH told AS (
    SELECT * FROM json_to_recordset(%(rows)s) AS r (
        project text, story_id text, attempts integer, verdict text, file_scope text [], agent text,
        at timestamptz, key text, payload jsonb
    )
), new AS (
    SELECT DISTINCT ON (project, story_id) told.*
    FROM told
    WHERE NOT EXISTS (
        SELECT FROM events_outbox AS e
        WHERE e.tenant = tally_tenant() AND e.kind = 'phase.transition' AND e.idempotency_key = told.key
    )
    ORDER BY project, story_id, at, key
), kept AS (
    INSERT INTO work_items (
        project, story_id, phase, attempts, last_verdict, file_scope, agent, opened_at, updated_at, merged_at
    )
    SELECT project, story_id, 'merged', attempts, verdict, file_scope, agent, at, at, at FROM new ORDER BY at, key
    ON CONFLICT ON CONSTRAINT work_items_story DO NOTHING
    RETURNING id, project, story_id
), placed AS MATERIALIZED (
    SELECT kept.id, new.payload FROM kept JOIN new USING (project, story_id) ORDER BY new.at, new.key
)
SELECT tally_append_event('phase.transition', id, payload) AS event_id FROM placed
