-- The books of each laptop, so that what it fired can be held against what arrived.

CREATE TABLE capture_reports (
    machine text NOT NULL CHECK (machine ~ '^[0-9a-f]{32}$'),
    day date NOT NULL,
    engineer_id text NOT NULL,
    waiting bigint NOT NULL,
    stored bigint NOT NULL,
    duplicate bigint NOT NULL,
    refused bigint NOT NULL,
    lost bigint NOT NULL,
    losses jsonb NOT NULL DEFAULT '{}',
    version text,
    reported_at timestamptz NOT NULL DEFAULT now(),
    tenant text NOT NULL DEFAULT tally_tenant(),
    PRIMARY KEY (tenant, machine, day, engineer_id)
);
CREATE INDEX capture_reports_day ON capture_reports (tenant, day);
COMMENT ON TABLE capture_reports IS 'What became of the rows that each laptop fired, by its own books: one row per machine, day and engineer.';
COMMENT ON COLUMN capture_reports.machine IS 'Random number of the laptop; it says nothing of the machine, and its name is not asked for.';
COMMENT ON COLUMN capture_reports.day IS 'Day of UTC that the rows carry.';
COMMENT ON COLUMN capture_reports.engineer_id IS 'GitHub handle that the rows carry, or `unknown`.';
COMMENT ON COLUMN capture_reports.waiting IS 'Rows on the laptop that nobody has answered for.';
COMMENT ON COLUMN capture_reports.stored IS 'Rows that were new to the server.';
COMMENT ON COLUMN capture_reports.duplicate IS 'Rows that the server knew already.';
COMMENT ON COLUMN capture_reports.refused IS 'Rows that the server will never take.';
COMMENT ON COLUMN capture_reports.lost IS 'Rows and events that the laptop could not keep or read.';
COMMENT ON COLUMN capture_reports.losses IS 'The same by reason: overflow, disk, locked, unreadable, corrupt.';
COMMENT ON COLUMN capture_reports.version IS 'Version of the client that says so.';
COMMENT ON COLUMN capture_reports.reported_at IS 'When the laptop last said so, by the clock of the database.';
COMMENT ON COLUMN capture_reports.tenant IS 'Organisation; set from the token, never from the body.';

ALTER TABLE capture_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE capture_reports FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON capture_reports
USING (tenant = (SELECT tally_tenant())) WITH CHECK (tenant = (SELECT tally_tenant()));
GRANT SELECT, INSERT, UPDATE ON capture_reports TO tally_app;
