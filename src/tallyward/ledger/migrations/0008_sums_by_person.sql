-- Sums by engineer and kind alone: a tenth of the rows of those by name, for the bars of each day beside each engineer.

CREATE TABLE rollup_fires_by_person (
    tenant text NOT NULL DEFAULT tally_tenant(),
    hours integer NOT NULL,
    bucket timestamptz NOT NULL,
    engineer_id text NOT NULL,
    kind text NOT NULL,
    fires bigint NOT NULL,
    successful bigint NOT NULL,
    errors bigint NOT NULL,
    abandoned bigint NOT NULL
);
COMMENT ON TABLE rollup_fires_by_person IS 'Sums of skill_invocations by engineer and kind. Read them with fires_by_person.';
COMMENT ON COLUMN rollup_fires_by_person.tenant IS 'Organisation; set from the token, never from the body.';
COMMENT ON COLUMN rollup_fires_by_person.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';
COMMENT ON COLUMN rollup_fires_by_person.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';
COMMENT ON COLUMN rollup_fires_by_person.engineer_id IS 'GitHub handle of the person.';
COMMENT ON COLUMN rollup_fires_by_person.kind IS 'skill, tool, mcp, agent or session.';
COMMENT ON COLUMN rollup_fires_by_person.fires IS 'Rows.';
COMMENT ON COLUMN rollup_fires_by_person.successful IS 'Of them those that succeeded.';
COMMENT ON COLUMN rollup_fires_by_person.errors IS 'Of them those that failed.';
COMMENT ON COLUMN rollup_fires_by_person.abandoned IS 'Of them those whose end nobody heard of.';

-- For this one statement the sums are open to their owner, who adds up those of every tenant there is.
ALTER TABLE rollup_fires_by_engineer NO FORCE ROW LEVEL SECURITY;
INSERT INTO rollup_fires_by_person (tenant, hours, bucket, engineer_id, kind, fires, successful, errors, abandoned)
SELECT tenant, hours, bucket, engineer_id, kind, sum(fires), sum(successful), sum(errors), sum(abandoned)
FROM rollup_fires_by_engineer
GROUP BY tenant, hours, bucket, engineer_id, kind
ORDER BY tenant, hours, bucket;
ALTER TABLE rollup_fires_by_engineer FORCE ROW LEVEL SECURITY;
CREATE INDEX rollup_fires_by_person_bucket ON rollup_fires_by_person (tenant, hours, bucket);

ALTER TABLE rollup_fires_by_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollup_fires_by_person FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON rollup_fires_by_person
USING (tenant = (SELECT tally_tenant())) WITH CHECK (tenant = (SELECT tally_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON rollup_fires_by_person TO tally_app;

CREATE FUNCTION fires_by_person(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, engineer_id text, kind text, fires bigint, successful bigint, errors bigint, abandoned bigint
) LANGUAGE sql STABLE AS $$
SELECT r.bucket, r.engineer_id, r.kind, r.fires, r.successful, r.errors, r.abandoned
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN rollup_fires_by_person AS r
    ON r.tenant = (SELECT tally_tenant()) AND r.hours = p.hours AND r.bucket >= p.low AND r.bucket < p.high
UNION ALL
SELECT
    rollup_hour(f.ts) AS bucket, f.engineer_id, f.kind, count(*) AS fires,
    count(*) FILTER (WHERE f.status = 'success') AS successful,
    count(*) FILTER (WHERE f.status = 'error') AS errors,
    count(*) FILTER (WHERE f.status = 'abandoned') AS abandoned
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN skill_invocations AS f ON p.hours = 0 AND f.tenant = (SELECT tally_tenant()) AND f.ts >= p.low AND f.ts < p.high
GROUP BY 1, f.engineer_id, f.kind
$$;
COMMENT ON FUNCTION fires_by_person IS 'Fires of a span by engineer and kind: few rows, for the shape of each day.';
