-- Which agent does a piece of work, so that its merges can be told apart; and what is in work or was opened, by an index.

ALTER TABLE work_items ADD COLUMN agent text;
COMMENT ON COLUMN work_items.agent IS 'Agent that last worked on it, as it was reported; NULL where nobody said.';
CREATE INDEX work_items_opened ON work_items (tenant, opened_at, id);
CREATE INDEX work_items_in_flight ON work_items (tenant, project, updated_at)
WHERE phase IN ('build', 'review', 'merge');

ALTER TABLE events_outbox
    ADD COLUMN agent text COLLATE "C" GENERATED ALWAYS AS (payload ->> 'agent') STORED;
COMMENT ON COLUMN events_outbox.agent IS 'From the payload: agent that it is about.';
CREATE INDEX events_outbox_merged_agent ON events_outbox (tenant, agent, place)
WHERE kind = 'phase.transition' AND target = 'merged' AND agent IS NOT NULL;
