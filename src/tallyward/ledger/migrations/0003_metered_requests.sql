-- An exporter and a transcript may tell of the same requests under keys that do not meet: the exporter knows the number
-- that the provider gave the request, or none, and the transcript that of the message. Both are kept; one is counted.

CREATE INDEX cost_ledger_transcript_session ON cost_ledger (tenant, session_id)
WHERE session_id IS NOT NULL AND 'transcript' = ANY (seen_by);
CREATE INDEX cost_ledger_transcript_prompt ON cost_ledger (tenant, prompt_id)
WHERE prompt_id IS NOT NULL AND 'transcript' = ANY (seen_by);

CREATE VIEW metered_requests WITH (security_invoker = true) AS
SELECT c.*
FROM cost_ledger AS c
WHERE NOT c.seen_by <@ '{otlp}'::text[]
   OR NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.session_id = c.session_id AND 'transcript' = ANY (t.seen_by)
    ) AND NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.prompt_id = c.prompt_id AND 'transcript' = ANY (t.seen_by)
    );
COMMENT ON VIEW metered_requests IS 'cost_ledger with each request once: of a session or prompt that a transcript tells of, what an exporter alone reported is left out. Sum over this, never over cost_ledger.';
COMMENT ON TABLE cost_ledger IS 'One row per metered request to a model as its key tells it. To sum, use metered_requests.';
GRANT SELECT ON metered_requests TO tally_app;
