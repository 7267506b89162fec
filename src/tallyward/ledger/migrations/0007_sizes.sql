-- How large a call and its answer were, where somebody stood between the two: a wrapper before an MCP server, or the agent
-- itself. Beyond four bytes, since a server may flood.

ALTER TABLE skill_invocations
    ADD COLUMN request_bytes bigint,
    ADD COLUMN response_bytes bigint;
COMMENT ON COLUMN skill_invocations.request_bytes IS 'Size of what the tool was asked, in bytes; NULL when nobody told.';
COMMENT ON COLUMN skill_invocations.response_bytes IS 'Size of what the tool answered, in bytes; NULL when it has not or nobody told.';
