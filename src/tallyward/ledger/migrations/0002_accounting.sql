-- What a metered request needs to be counted once and priced right: who saw it, how it was served, and what the client
-- itself said it cost; and the two indexes by which a request finds the skill it was made for.

ALTER TABLE cost_ledger
    ADD COLUMN runtime text,
    ADD COLUMN branch text,
    ADD COLUMN service_tier text,
    ADD COLUMN web_search_requests bigint NOT NULL DEFAULT 0,
    ADD COLUMN reported_cost_micros bigint,
    ADD COLUMN seen_by text[] NOT NULL DEFAULT '{sql}',
    ADD COLUMN field_sources jsonb;
COMMENT ON COLUMN cost_ledger.runtime IS 'Which program on which kind of machine made it; NULL when unknown.';
COMMENT ON COLUMN cost_ledger.branch IS 'Git branch that was checked out.';
COMMENT ON COLUMN cost_ledger.service_tier IS 'standard, batch, fast, flex or priority; NULL when nobody said, and then the standard price holds.';
COMMENT ON COLUMN cost_ledger.web_search_requests IS 'Searches of the web that the provider made and charged for.';
COMMENT ON COLUMN cost_ledger.reported_cost_micros IS 'What the client said it cost, in millionths of a US dollar; NULL when it said nothing.';
COMMENT ON COLUMN cost_ledger.seen_by IS 'Paths that reported this request: hook, otlp, relay, transcript, api, sql.';
COMMENT ON COLUMN cost_ledger.field_sources IS 'Which path gave which text field; NULL when one path gave all.';
COMMENT ON COLUMN cost_ledger.skill_name IS 'Skill it was made for as the sender said; fires of the same prompt say it better.';
COMMENT ON COLUMN cost_ledger.price_version IS 'Which list of prices it was reckoned by, and from which day that price holds where the list says so.';

CREATE INDEX cost_ledger_engineer ON cost_ledger (tenant, engineer_id, ts);
-- Of session and prompt only the session: both together may be larger than an index takes, and a session has few prompts.
CREATE INDEX cost_ledger_session ON cost_ledger (tenant, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX skill_invocations_skill_of_session ON skill_invocations (tenant, session_id, ts)
WHERE kind = 'skill' AND session_id IS NOT NULL;
