-- The ways to find the events of one pull request in the outbox, and among them those that tell of something done.

ALTER TABLE events_outbox
    ADD COLUMN subject text COLLATE "C" GENERATED ALWAYS AS (payload ->> 'subject') STORED,
    ADD COLUMN action text GENERATED ALWAYS AS (payload ->> 'action') STORED;
COMMENT ON COLUMN events_outbox.subject IS 'From the payload: pull request that it is about, as forge, repository and number.';
COMMENT ON COLUMN events_outbox.action IS 'From the payload: what was decided or done about it.';

CREATE INDEX events_outbox_subject ON events_outbox (tenant, subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX events_outbox_subject_done ON events_outbox (tenant, subject, seq)
WHERE subject IS NOT NULL AND action IS DISTINCT FROM 'wait';
