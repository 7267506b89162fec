-- How long the hooks of a laptop took, beside what they fired.

ALTER TABLE capture_reports ADD COLUMN hook_ms bigint [] CHECK (cardinality(hook_ms) = 9);
COMMENT ON COLUMN capture_reports.hook_ms IS 'Events by how long the hook took, within 5, 10, 20, 30, 50, 100, 200 and 500 ms, and longer; NULL when the laptop did not tell.';
