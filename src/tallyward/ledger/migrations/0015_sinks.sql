-- How far the points of series have been forwarded, and which of them a receiver will never take.

CREATE TABLE sink_cursors (
    sink text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    retry_at timestamptz,
    last_error text,
    failed_at timestamptz,
    delivered_at timestamptz,
    tenant text NOT NULL DEFAULT tally_tenant(),
    CONSTRAINT sink_cursors_key PRIMARY KEY (tenant, sink)
);
COMMENT ON TABLE sink_cursors IS 'Sinks that points of series are forwarded to, and how far each has come.';
COMMENT ON COLUMN sink_cursors.sink IS 'Name of the sink in the tenant''s settings.';
COMMENT ON COLUMN sink_cursors.position IS 'series_points.change up to which the sink has said that it has everything.';
COMMENT ON COLUMN sink_cursors.sent IS 'How many points it has taken.';
COMMENT ON COLUMN sink_cursors.failures IS 'Failures since it last took something.';
COMMENT ON COLUMN sink_cursors.retry_at IS 'When it is tried again; NULL while it takes what comes.';
COMMENT ON COLUMN sink_cursors.last_error IS 'What it failed with last, and has not taken anything since; NULL while it is well.';
COMMENT ON COLUMN sink_cursors.failed_at IS 'When it failed last.';
COMMENT ON COLUMN sink_cursors.delivered_at IS 'When it took something last.';
COMMENT ON COLUMN sink_cursors.tenant IS 'Organisation whose points they are.';

CREATE TABLE sink_parked (
    sink text NOT NULL,
    series text NOT NULL,
    ns bigint NOT NULL,
    change bigint NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    tenant text NOT NULL DEFAULT tally_tenant(),
    CONSTRAINT sink_parked_key PRIMARY KEY (tenant, sink, series, ns)
);
COMMENT ON TABLE sink_parked IS 'Points that a sink refused for good; the others went on.';
COMMENT ON COLUMN sink_parked.sink IS 'Name of the sink.';
COMMENT ON COLUMN sink_parked.series IS 'Series of the point.';
COMMENT ON COLUMN sink_parked.ns IS 'Moment of the point in nanoseconds since 1970.';
COMMENT ON COLUMN sink_parked.change IS 'The change that was refused; a later one of the same point is sent again.';
COMMENT ON COLUMN sink_parked.reason IS 'What the sink said.';
COMMENT ON COLUMN sink_parked.parked_at IS 'When it said so.';
COMMENT ON COLUMN sink_parked.tenant IS 'Organisation whose points they are.';

ALTER TABLE sink_cursors ENABLE ROW LEVEL SECURITY;
ALTER TABLE sink_cursors FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON sink_cursors
USING (tenant = (SELECT tally_tenant())) WITH CHECK (tenant = (SELECT tally_tenant()));
ALTER TABLE sink_parked ENABLE ROW LEVEL SECURITY;
ALTER TABLE sink_parked FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON sink_parked
USING (tenant = (SELECT tally_tenant())) WITH CHECK (tenant = (SELECT tally_tenant()));
GRANT SELECT, INSERT, UPDATE ON sink_cursors, sink_parked TO tally_app;
