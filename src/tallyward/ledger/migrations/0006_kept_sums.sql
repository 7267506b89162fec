-- Sums that are kept, so that a page does not add up a year of rows each time somebody looks.
--
-- Hours before `sealed_until` are kept as sums, and blocks of 1, 4, 16, 64 and 256 days as sums of those. Whoever changes
-- a row of such an hour leaves a mark in the same transaction; until the hour is summed anew, its rows are read
-- themselves. So what the functions below tell is exact at every moment, and a mark too many costs time and nothing else.

CREATE TABLE rollup_state (
    tenant text PRIMARY KEY DEFAULT tally_tenant(),
    sealed_until timestamptz NOT NULL DEFAULT '2000-01-01 00:00:00+00',
    raw_from timestamptz NOT NULL DEFAULT '2000-01-01 00:00:00+00'
);
COMMENT ON TABLE rollup_state IS 'How far the sums of a tenant reach.';
COMMENT ON COLUMN rollup_state.tenant IS 'Organisation; set from the token, never from the body.';
COMMENT ON COLUMN rollup_state.sealed_until IS 'Hours from the year 2000 that end by then are kept as sums, but for those with a mark.';
COMMENT ON COLUMN rollup_state.raw_from IS 'Hours before are never summed anew: their rows are, or will be, deleted.';

CREATE TABLE rollup_marks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL DEFAULT tally_tenant(),
    family text NOT NULL CHECK (family IN ('fires', 'usage')),
    hour timestamptz NOT NULL
);
CREATE INDEX rollup_marks_hour ON rollup_marks (tenant, family, hour);
COMMENT ON TABLE rollup_marks IS 'Sealed hours whose sums are out of date.';
COMMENT ON COLUMN rollup_marks.id IS 'Number of the mark: whoever sums an hour removes the marks that it has seen.';
COMMENT ON COLUMN rollup_marks.tenant IS 'Organisation; set from the token, never from the body.';
COMMENT ON COLUMN rollup_marks.family IS 'Which sums: fires or usage.';
COMMENT ON COLUMN rollup_marks.hour IS 'Beginning of the hour.';

CREATE TABLE rollup_fires_by_engineer (
    tenant text NOT NULL DEFAULT tally_tenant(),
    hours integer NOT NULL,
    bucket timestamptz NOT NULL,
    engineer_id text NOT NULL,
    kind text NOT NULL,
    skill_name text NOT NULL,
    fires bigint NOT NULL,
    successful bigint NOT NULL,
    errors bigint NOT NULL,
    abandoned bigint NOT NULL,
    seen_by_several bigint NOT NULL,
    latency_count bigint NOT NULL,
    latency_hist bigint[],
    input_tokens bigint,
    output_tokens bigint,
    cost_usd_cents bigint,
    cost_micros bigint,
    session_ids text[]
);
CREATE INDEX rollup_fires_by_engineer_bucket ON rollup_fires_by_engineer (tenant, hours, bucket);
COMMENT ON TABLE rollup_fires_by_engineer IS 'Sums of skill_invocations by engineer, kind and name. Read them with fires_by_engineer.';
COMMENT ON COLUMN rollup_fires_by_engineer.tenant IS 'Organisation; set from the token, never from the body.';
COMMENT ON COLUMN rollup_fires_by_engineer.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';
COMMENT ON COLUMN rollup_fires_by_engineer.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';
COMMENT ON COLUMN rollup_fires_by_engineer.engineer_id IS 'GitHub handle of the person.';
COMMENT ON COLUMN rollup_fires_by_engineer.kind IS 'skill, tool, mcp, agent or session.';
COMMENT ON COLUMN rollup_fires_by_engineer.skill_name IS 'Name of the skill, tool or agent.';
COMMENT ON COLUMN rollup_fires_by_engineer.fires IS 'Rows.';
COMMENT ON COLUMN rollup_fires_by_engineer.successful IS 'Of them those that succeeded.';
COMMENT ON COLUMN rollup_fires_by_engineer.errors IS 'Of them those that failed.';
COMMENT ON COLUMN rollup_fires_by_engineer.abandoned IS 'Of them those whose end nobody heard of.';
COMMENT ON COLUMN rollup_fires_by_engineer.seen_by_several IS 'Of them those that more than one path reported.';
COMMENT ON COLUMN rollup_fires_by_engineer.latency_count IS 'Of them those whose duration is known.';
COMMENT ON COLUMN rollup_fires_by_engineer.latency_hist IS 'Their durations: bucket * 2^40 + count, in order; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_engineer.input_tokens IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_engineer.output_tokens IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_engineer.cost_usd_cents IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_engineer.cost_micros IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_engineer.session_ids IS 'Of kind session: the sessions, each once, in order.';

CREATE TABLE rollup_fires_by_place (
    tenant text NOT NULL DEFAULT tally_tenant(),
    hours integer NOT NULL,
    bucket timestamptz NOT NULL,
    kind text NOT NULL,
    skill_name text NOT NULL,
    repo text,
    model text,
    runtime text NOT NULL,
    fires bigint NOT NULL,
    successful bigint NOT NULL,
    errors bigint NOT NULL,
    abandoned bigint NOT NULL,
    seen_by_several bigint NOT NULL,
    latency_count bigint NOT NULL,
    latency_hist bigint[],
    input_tokens bigint,
    output_tokens bigint,
    cost_usd_cents bigint,
    cost_micros bigint
);
CREATE INDEX rollup_fires_by_place_bucket ON rollup_fires_by_place (tenant, hours, bucket);
COMMENT ON TABLE rollup_fires_by_place IS 'Sums of skill_invocations by kind, name, repository, model and runtime. Read them with fires_by_place.';
COMMENT ON COLUMN rollup_fires_by_place.tenant IS 'Organisation; set from the token, never from the body.';
COMMENT ON COLUMN rollup_fires_by_place.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';
COMMENT ON COLUMN rollup_fires_by_place.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';
COMMENT ON COLUMN rollup_fires_by_place.kind IS 'skill, tool, mcp, agent or session.';
COMMENT ON COLUMN rollup_fires_by_place.skill_name IS 'Name of the skill, tool or agent.';
COMMENT ON COLUMN rollup_fires_by_place.repo IS 'Repository as `owner/name`.';
COMMENT ON COLUMN rollup_fires_by_place.model IS 'Model, where the source says so.';
COMMENT ON COLUMN rollup_fires_by_place.runtime IS 'Which program on which kind of machine.';
COMMENT ON COLUMN rollup_fires_by_place.fires IS 'Rows.';
COMMENT ON COLUMN rollup_fires_by_place.successful IS 'Of them those that succeeded.';
COMMENT ON COLUMN rollup_fires_by_place.errors IS 'Of them those that failed.';
COMMENT ON COLUMN rollup_fires_by_place.abandoned IS 'Of them those whose end nobody heard of.';
COMMENT ON COLUMN rollup_fires_by_place.seen_by_several IS 'Of them those that more than one path reported.';
COMMENT ON COLUMN rollup_fires_by_place.latency_count IS 'Of them those whose duration is known.';
COMMENT ON COLUMN rollup_fires_by_place.latency_hist IS 'Their durations: bucket * 2^40 + count, in order; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_place.input_tokens IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_place.output_tokens IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_place.cost_usd_cents IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_place.cost_micros IS 'Sum of what is known; NULL of none.';

CREATE TABLE rollup_fires_by_skill (
    tenant text NOT NULL DEFAULT tally_tenant(),
    hours integer NOT NULL,
    bucket timestamptz NOT NULL,
    kind text NOT NULL,
    skill_name text NOT NULL,
    fires bigint NOT NULL,
    successful bigint NOT NULL,
    errors bigint NOT NULL,
    abandoned bigint NOT NULL,
    seen_by_several bigint NOT NULL,
    latency_count bigint NOT NULL,
    latency_hist bigint[],
    input_tokens bigint,
    output_tokens bigint,
    cost_usd_cents bigint,
    cost_micros bigint
);
CREATE INDEX rollup_fires_by_skill_bucket ON rollup_fires_by_skill (tenant, hours, bucket);
COMMENT ON TABLE rollup_fires_by_skill IS 'Sums of skill_invocations by kind and name. Read them with fires_by_skill.';
COMMENT ON COLUMN rollup_fires_by_skill.tenant IS 'Organisation; set from the token, never from the body.';
COMMENT ON COLUMN rollup_fires_by_skill.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';
COMMENT ON COLUMN rollup_fires_by_skill.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';
COMMENT ON COLUMN rollup_fires_by_skill.kind IS 'skill, tool, mcp, agent or session.';
COMMENT ON COLUMN rollup_fires_by_skill.skill_name IS 'Name of the skill, tool or agent.';
COMMENT ON COLUMN rollup_fires_by_skill.fires IS 'Rows.';
COMMENT ON COLUMN rollup_fires_by_skill.successful IS 'Of them those that succeeded.';
COMMENT ON COLUMN rollup_fires_by_skill.errors IS 'Of them those that failed.';
COMMENT ON COLUMN rollup_fires_by_skill.abandoned IS 'Of them those whose end nobody heard of.';
COMMENT ON COLUMN rollup_fires_by_skill.seen_by_several IS 'Of them those that more than one path reported.';
COMMENT ON COLUMN rollup_fires_by_skill.latency_count IS 'Of them those whose duration is known.';
COMMENT ON COLUMN rollup_fires_by_skill.latency_hist IS 'Their durations: bucket * 2^40 + count, in order; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_skill.input_tokens IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_skill.output_tokens IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_skill.cost_usd_cents IS 'Sum of what is known; NULL of none.';
COMMENT ON COLUMN rollup_fires_by_skill.cost_micros IS 'Sum of what is known; NULL of none.';

CREATE TABLE rollup_usage (
    tenant text NOT NULL DEFAULT tally_tenant(),
    hours integer NOT NULL,
    bucket timestamptz NOT NULL,
    engineer_id text,
    model text NOT NULL,
    repo text,
    skill_name text,
    runtime text,
    requests bigint NOT NULL,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_5m_tokens bigint,
    cache_write_1h_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    web_search_requests bigint,
    cost_micros bigint,
    unpriced_requests bigint NOT NULL,
    seen_by_several bigint NOT NULL,
    reports bigint NOT NULL,
    compared_requests bigint NOT NULL,
    our_micros bigint,
    reported_micros bigint
);
CREATE INDEX rollup_usage_bucket ON rollup_usage (tenant, hours, bucket);
COMMENT ON TABLE rollup_usage IS 'Sums of cost_ledger. Read them with usage_by_engineer.';
COMMENT ON COLUMN rollup_usage.tenant IS 'Organisation; set from the token, never from the body.';
COMMENT ON COLUMN rollup_usage.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';
COMMENT ON COLUMN rollup_usage.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';
COMMENT ON COLUMN rollup_usage.engineer_id IS 'GitHub handle of the person.';
COMMENT ON COLUMN rollup_usage.model IS 'Model, where the source says so.';
COMMENT ON COLUMN rollup_usage.repo IS 'Repository as `owner/name`.';
COMMENT ON COLUMN rollup_usage.skill_name IS 'Name of the skill, tool or agent.';
COMMENT ON COLUMN rollup_usage.runtime IS 'Which program on which kind of machine.';
COMMENT ON COLUMN rollup_usage.requests IS 'Metered requests, each once.';
COMMENT ON COLUMN rollup_usage.input_tokens IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.cache_read_tokens IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.cache_write_5m_tokens IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.cache_write_1h_tokens IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.output_tokens IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.reasoning_tokens IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.web_search_requests IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.cost_micros IS 'Sum over those requests; NULL of none.';
COMMENT ON COLUMN rollup_usage.unpriced_requests IS 'Of the requests those whose model has no known price.';
COMMENT ON COLUMN rollup_usage.seen_by_several IS 'Of the requests those that more than one path reported.';
COMMENT ON COLUMN rollup_usage.reports IS 'Reports, those of one request under two keys included.';
COMMENT ON COLUMN rollup_usage.compared_requests IS 'Reports that have both our price and the client''s.';
COMMENT ON COLUMN rollup_usage.our_micros IS 'Our price of those; NULL of none.';
COMMENT ON COLUMN rollup_usage.reported_micros IS 'The client''s price of those; NULL of none.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rollup_state', 'rollup_marks', 'rollup_fires_by_engineer', 'rollup_fires_by_place',
                                'rollup_fires_by_skill', 'rollup_usage'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON %1$I USING (tenant = (SELECT tally_tenant())) WITH CHECK (tenant = (SELECT tally_tenant()))',
            name
        );
        -- What is derived may be deleted and derived again; what was captured may not.
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tally_app', name);
    END LOOP;
END $$;

-- Whoever keeps the sums must know which tenants there are, and learns nothing else of them.
CREATE POLICY tenants_to_sum ON rollup_state FOR SELECT USING ((SELECT current_setting('tally.summing', true)) = 'on');

CREATE FUNCTION rollup_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_state (tenant) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup_begin() IS 'Gives a new tenant its line in rollup_state.';
CREATE TRIGGER rollup_begin AFTER INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION rollup_begin();

-- For this one statement the tables are open to their owner, who runs it for every tenant there is.
ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE rollup_state NO FORCE ROW LEVEL SECURITY;
INSERT INTO rollup_state (tenant) SELECT id FROM tenants;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE rollup_state FORCE ROW LEVEL SECURITY;

-- A request told by an exporter is found by its prompt when a transcript of that prompt comes in.
CREATE INDEX cost_ledger_exported_prompt ON cost_ledger (tenant, prompt_id)
WHERE prompt_id IS NOT NULL AND seen_by <@ '{otlp}'::text[];

CREATE FUNCTION rollup_names(names text[]) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT array_agg(DISTINCT name COLLATE "C" ORDER BY name COLLATE "C") FROM unnest(names) AS name
$$;
COMMENT ON FUNCTION rollup_names IS 'Names, each once, in order.';
CREATE AGGREGATE rollup_sessions(text[]) (SFUNC = array_cat, STYPE = text[], FINALFUNC = rollup_names, PARALLEL = SAFE);
COMMENT ON AGGREGATE rollup_sessions(text[]) IS 'Sessions of the parts of a block, each once.';

CREATE FUNCTION rollup_hour(ts timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT date_bin('1 hour'::interval, ts, '2000-01-01 00:00:00+00'::timestamptz)
$$;
COMMENT ON FUNCTION rollup_hour IS 'The beginning of the hour in UTC.';

-- Writers hold this lock in common until they commit, and sealing holds it alone for a moment. So a writer has either
-- committed before an hour is sealed, or sees that it is sealed and leaves a mark.
CREATE FUNCTION rollup_lock_number() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 7236838788 $$;
COMMENT ON FUNCTION rollup_lock_number() IS 'Number of the advisory lock between writers and the sealing of hours.';

-- A transaction that reads an old snapshot cannot know what is sealed since, so it marks every hour it touches.
CREATE FUNCTION rollup_mark_fires() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tally.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(rollup_lock_number());
    INSERT INTO rollup_marks (tenant, family, hour)
    SELECT DISTINCT c.tenant, 'fires', rollup_hour(c.ts)
    FROM changed AS c LEFT JOIN rollup_state AS s ON s.tenant = c.tenant
    WHERE (c.ts < s.sealed_until OR current_setting('transaction_isolation') <> 'read committed') AND isfinite(c.ts);
    -- A skill that fired makes later requests of its prompt its own.
    INSERT INTO rollup_marks (tenant, family, hour)
    SELECT DISTINCT u.tenant, 'usage', rollup_hour(u.ts)
    FROM (
        SELECT tenant, session_id, prompt_id, min(ts) AS ts FROM changed
        WHERE kind = 'skill' AND session_id IS NOT NULL AND prompt_id IS NOT NULL
        GROUP BY tenant, session_id, prompt_id
    ) AS c
    JOIN rollup_state AS s ON s.tenant = c.tenant
    JOIN cost_ledger AS u
        ON u.tenant = c.tenant AND u.session_id = c.session_id AND u.prompt_id = c.prompt_id AND u.ts >= c.ts
            AND u.ts < s.sealed_until AND isfinite(u.ts);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup_mark_fires() IS 'Marks the sealed hours whose sums a change of fires makes wrong.';

CREATE FUNCTION rollup_mark_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tally.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(rollup_lock_number());
    INSERT INTO rollup_marks (tenant, family, hour)
    SELECT DISTINCT c.tenant, 'usage', rollup_hour(c.ts)
    FROM changed AS c LEFT JOIN rollup_state AS s ON s.tenant = c.tenant
    WHERE (c.ts < s.sealed_until OR current_setting('transaction_isolation') <> 'read committed') AND isfinite(c.ts);
    -- A transcript of a session or prompt makes what an exporter alone told of it count no more.
    INSERT INTO rollup_marks (tenant, family, hour)
    SELECT DISTINCT u.tenant, 'usage', rollup_hour(u.ts)
    FROM (
        SELECT DISTINCT tenant, session_id FROM changed WHERE 'transcript' = ANY (seen_by) AND session_id IS NOT NULL
    ) AS c
    JOIN rollup_state AS s ON s.tenant = c.tenant
    JOIN cost_ledger AS u
        ON u.tenant = c.tenant AND u.session_id = c.session_id AND u.seen_by <@ '{otlp}'::text[]
            AND u.ts < s.sealed_until AND isfinite(u.ts)
    UNION
    SELECT u.tenant, 'usage', rollup_hour(u.ts)
    FROM (
        SELECT DISTINCT tenant, prompt_id FROM changed WHERE 'transcript' = ANY (seen_by) AND prompt_id IS NOT NULL
    ) AS c
    JOIN rollup_state AS s ON s.tenant = c.tenant
    JOIN cost_ledger AS u
        ON u.tenant = c.tenant AND u.prompt_id = c.prompt_id AND u.seen_by <@ '{otlp}'::text[]
            AND u.ts < s.sealed_until AND isfinite(u.ts);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup_mark_usage() IS 'Marks the sealed hours whose sums a change of metered requests makes wrong.';

CREATE TRIGGER rollup_added AFTER INSERT ON skill_invocations
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_fires();
CREATE TRIGGER rollup_were AFTER UPDATE ON skill_invocations
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_fires();
CREATE TRIGGER rollup_became AFTER UPDATE ON skill_invocations
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_fires();
CREATE TRIGGER rollup_removed AFTER DELETE ON skill_invocations
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_fires();
CREATE TRIGGER rollup_added AFTER INSERT ON cost_ledger
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_usage();
CREATE TRIGGER rollup_were AFTER UPDATE ON cost_ledger
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_usage();
CREATE TRIGGER rollup_became AFTER UPDATE ON cost_ledger
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_usage();
CREATE TRIGGER rollup_removed AFTER DELETE ON cost_ledger
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup_mark_usage();

-- The application may delete nothing that was captured but this: rows of hours that are never summed anew. A week more is
-- kept, since a request is told by the fires and the transcript of its session which came before it.
CREATE FUNCTION rollup_forget(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    deleted bigint;
BEGIN
    PERFORM set_config('tally.forgetting', 'on', true);
    WITH horizon AS (
    SELECT raw_from - interval '7 days' AS ts FROM rollup_state WHERE tenant = tally_tenant()
), fires AS (
    DELETE FROM skill_invocations WHERE id IN (
        SELECT f.id FROM skill_invocations AS f, horizon WHERE f.tenant = tally_tenant() AND f.ts < horizon.ts
        LIMIT most FOR UPDATE OF f SKIP LOCKED
    ) RETURNING 1
), requests AS (
    DELETE FROM cost_ledger WHERE tenant = tally_tenant() AND request_key IN (
        SELECT c.request_key FROM cost_ledger AS c, horizon WHERE c.tenant = tally_tenant() AND c.ts < horizon.ts
        LIMIT most FOR UPDATE OF c SKIP LOCKED
    ) RETURNING 1
), fetches AS (
    DELETE FROM context_fetches WHERE id IN (
        SELECT x.id FROM context_fetches AS x, horizon WHERE x.tenant = tally_tenant() AND x.ts < horizon.ts
        LIMIT most FOR UPDATE OF x SKIP LOCKED
    ) RETURNING 1
)
    SELECT (SELECT count(*) FROM fires) + (SELECT count(*) FROM requests) + (SELECT count(*) FROM fetches)
    INTO deleted;
    PERFORM set_config('tally.forgetting', '', true);
    RETURN deleted;
END $$;
COMMENT ON FUNCTION rollup_forget IS 'Deletes rows that are kept as sums for good, so many of each table at most; returns how many.';
REVOKE ALL ON FUNCTION rollup_forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rollup_forget TO tally_app;

-- The pieces of a span: blocks and hours that are kept as sums, as large as the grain allows, and the rest as rows
-- (hours 0). Pieces of one size that touch are one.
CREATE FUNCTION rollup_pieces(family text, since timestamptz, until timestamptz, grain text)
RETURNS TABLE (hours integer, low timestamptz, high timestamptz) LANGUAGE plpgsql STABLE ROWS 8 AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-01 00:00:00+00';
    sizes integer[];
    size integer;
    sealed timestamptz;
    kept timestamptz;
    at bigint;
    ends bigint;
    marked bigint[];
    next_mark integer := 1;
    begun bigint;
BEGIN
    sizes := CASE grain WHEN 'hour' THEN '{1}' WHEN 'day' THEN '{24,1}' WHEN 'any' THEN '{6144,1536,384,96,24,1}' END;
    IF sizes IS NULL THEN
        RAISE EXCEPTION 'grain is %; it must be hour, day or any', grain USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF since >= until THEN
        RETURN;
    END IF;
    SELECT s.sealed_until, s.raw_from INTO sealed, kept FROM rollup_state AS s WHERE s.tenant = tally_tenant();
    IF sealed IS NOT NULL AND since < sealed AND until > origin THEN
        at := ceil(extract(epoch FROM greatest(since, origin) - origin) / 3600);
        ends := floor(extract(epoch FROM least(until, sealed) - origin) / 3600);
    END IF;
    IF at IS NULL OR at >= ends THEN
        hours := 0;
        low := since;
        high := until;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT array_agg(m.at ORDER BY m.at) INTO marked FROM (
        SELECT DISTINCT (extract(epoch FROM m.hour - origin) / 3600)::bigint AS at
        FROM rollup_marks AS m
        WHERE m.tenant = tally_tenant() AND m.family = rollup_pieces.family
            AND m.hour >= greatest(origin + at * interval '1 hour', kept) AND m.hour < origin + ends * interval '1 hour'
    ) AS m;
    hours := 0;
    low := since;
    WHILE at < ends LOOP
        begun := at;
        IF marked[next_mark] = at THEN
            size := 0;
            at := at + 1;
            next_mark := next_mark + 1;
        ELSE
            FOREACH size IN ARRAY sizes LOOP
                EXIT WHEN at % size = 0 AND at + size <= ends
                    AND (marked[next_mark] IS NULL OR marked[next_mark] >= at + size);
            END LOOP;
            at := at + size;
        END IF;
        IF size <> hours THEN
            high := origin + begun * interval '1 hour';
            IF low < high THEN
                RETURN NEXT;
            END IF;
            hours := size;
            low := high;
        END IF;
    END LOOP;
    high := origin + at * interval '1 hour';
    IF hours = 0 THEN
        high := until;
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN NEXT;
    IF high < until THEN
        hours := 0;
        low := high;
        high := until;
        RETURN NEXT;
    END IF;
END $$;
COMMENT ON FUNCTION rollup_pieces IS 'A span cut into what is kept as sums and what must be read as rows (hours 0).';

CREATE OR REPLACE FUNCTION fires_by_engineer(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, engineer_id text, kind text, skill_name text, fires bigint, successful bigint, errors bigint, abandoned bigint,
    seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint,
    cost_usd_cents bigint, cost_micros bigint,
    session_ids text[]
) LANGUAGE sql STABLE AS $$
SELECT
    r.bucket, r.engineer_id, r.kind, r.skill_name, r.fires, r.successful, r.errors, r.abandoned,
    r.seen_by_several, r.latency_count, r.latency_hist, r.input_tokens, r.output_tokens, r.cost_usd_cents,
    r.cost_micros, r.session_ids
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN rollup_fires_by_engineer AS r
    ON r.tenant = (SELECT tally_tenant()) AND r.hours = p.hours AND r.bucket >= p.low AND r.bucket < p.high
UNION ALL
SELECT
    rollup_hour(f.ts) AS bucket, f.engineer_id, f.kind, f.skill_name,
    count(*) AS fires,
    count(*) FILTER (WHERE f.status = 'success') AS successful,
    count(*) FILTER (WHERE f.status = 'error') AS errors,
    count(*) FILTER (WHERE f.status = 'abandoned') AS abandoned,
    count(*) FILTER (WHERE cardinality(f.seen_by) > 1) AS seen_by_several,
    count(f.latency_ms) AS latency_count,
    array_agg((latency_bucket(f.latency_ms)::bigint << 40) + 1) FILTER (WHERE f.latency_ms IS NOT NULL)
        AS latency_hist,
    sum(f.input_tokens)::bigint AS input_tokens,
    sum(f.output_tokens)::bigint AS output_tokens,
    sum(f.cost_usd_cents)::bigint AS cost_usd_cents,
    sum(f.cost_micros)::bigint AS cost_micros,
    array_agg(DISTINCT coalesce(f.session_id, '')) FILTER (WHERE f.kind = 'session') AS session_ids
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN skill_invocations AS f ON p.hours = 0 AND f.tenant = (SELECT tally_tenant()) AND f.ts >= p.low AND f.ts < p.high
GROUP BY 1, f.engineer_id, f.kind, f.skill_name
$$;

CREATE OR REPLACE FUNCTION fires_by_place(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, kind text, skill_name text, repo text, model text, runtime text, fires bigint, successful bigint, errors bigint, abandoned bigint,
    seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint,
    cost_usd_cents bigint, cost_micros bigint
) LANGUAGE sql STABLE AS $$
SELECT
    r.bucket, r.kind, r.skill_name, r.repo, r.model, r.runtime, r.fires, r.successful, r.errors, r.abandoned,
    r.seen_by_several, r.latency_count, r.latency_hist, r.input_tokens, r.output_tokens, r.cost_usd_cents,
    r.cost_micros
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN rollup_fires_by_place AS r
    ON r.tenant = (SELECT tally_tenant()) AND r.hours = p.hours AND r.bucket >= p.low AND r.bucket < p.high
UNION ALL
SELECT
    rollup_hour(f.ts) AS bucket, f.kind, f.skill_name, f.repo, f.model, f.runtime,
    count(*) AS fires,
    count(*) FILTER (WHERE f.status = 'success') AS successful,
    count(*) FILTER (WHERE f.status = 'error') AS errors,
    count(*) FILTER (WHERE f.status = 'abandoned') AS abandoned,
    count(*) FILTER (WHERE cardinality(f.seen_by) > 1) AS seen_by_several,
    count(f.latency_ms) AS latency_count,
    array_agg((latency_bucket(f.latency_ms)::bigint << 40) + 1) FILTER (WHERE f.latency_ms IS NOT NULL)
        AS latency_hist,
    sum(f.input_tokens)::bigint AS input_tokens,
    sum(f.output_tokens)::bigint AS output_tokens,
    sum(f.cost_usd_cents)::bigint AS cost_usd_cents,
    sum(f.cost_micros)::bigint AS cost_micros
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN skill_invocations AS f ON p.hours = 0 AND f.tenant = (SELECT tally_tenant()) AND f.ts >= p.low AND f.ts < p.high
GROUP BY 1, f.kind, f.skill_name, f.repo, f.model, f.runtime
$$;

CREATE OR REPLACE FUNCTION fires_by_skill(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, kind text, skill_name text, fires bigint, successful bigint, errors bigint, abandoned bigint,
    seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint,
    cost_usd_cents bigint, cost_micros bigint
) LANGUAGE sql STABLE AS $$
SELECT
    r.bucket, r.kind, r.skill_name, r.fires, r.successful, r.errors, r.abandoned, r.seen_by_several,
    r.latency_count, r.latency_hist, r.input_tokens, r.output_tokens, r.cost_usd_cents, r.cost_micros
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN rollup_fires_by_skill AS r
    ON r.tenant = (SELECT tally_tenant()) AND r.hours = p.hours AND r.bucket >= p.low AND r.bucket < p.high
UNION ALL
SELECT
    rollup_hour(f.ts) AS bucket, f.kind, f.skill_name,
    count(*) AS fires,
    count(*) FILTER (WHERE f.status = 'success') AS successful,
    count(*) FILTER (WHERE f.status = 'error') AS errors,
    count(*) FILTER (WHERE f.status = 'abandoned') AS abandoned,
    count(*) FILTER (WHERE cardinality(f.seen_by) > 1) AS seen_by_several,
    count(f.latency_ms) AS latency_count,
    array_agg((latency_bucket(f.latency_ms)::bigint << 40) + 1) FILTER (WHERE f.latency_ms IS NOT NULL)
        AS latency_hist,
    sum(f.input_tokens)::bigint AS input_tokens,
    sum(f.output_tokens)::bigint AS output_tokens,
    sum(f.cost_usd_cents)::bigint AS cost_usd_cents,
    sum(f.cost_micros)::bigint AS cost_micros
FROM rollup_pieces('fires', since, until, grain) AS p
JOIN skill_invocations AS f ON p.hours = 0 AND f.tenant = (SELECT tally_tenant()) AND f.ts >= p.low AND f.ts < p.high
GROUP BY 1, f.kind, f.skill_name
$$;

CREATE OR REPLACE FUNCTION usage_by_engineer(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, engineer_id text, model text, repo text, skill_name text, runtime text, requests bigint,
    input_tokens bigint, cache_read_tokens bigint, cache_write_5m_tokens bigint, cache_write_1h_tokens bigint,
    output_tokens bigint, reasoning_tokens bigint, web_search_requests bigint, cost_micros bigint,
    unpriced_requests bigint, seen_by_several bigint, reports bigint, compared_requests bigint, our_micros bigint,
    reported_micros bigint
) LANGUAGE sql STABLE AS $$
SELECT
    r.bucket, r.engineer_id, r.model, r.repo, r.skill_name, r.runtime, r.requests, r.input_tokens, r.cache_read_tokens,
    r.cache_write_5m_tokens, r.cache_write_1h_tokens, r.output_tokens, r.reasoning_tokens, r.web_search_requests,
    r.cost_micros, r.unpriced_requests, r.seen_by_several, r.reports, r.compared_requests, r.our_micros,
    r.reported_micros
FROM rollup_pieces('usage', since, until, grain) AS p
JOIN rollup_usage AS r
    ON r.tenant = (SELECT tally_tenant()) AND r.hours = p.hours AND r.bucket >= p.low AND r.bucket < p.high
UNION ALL
SELECT
    rollup_hour(c.ts) AS bucket, c.engineer_id, c.model, c.repo,
    coalesce(nullif(fire.skill_name, 'unknown'), c.skill_name, fire.skill_name) AS skill_name, c.runtime,
    count(*) FILTER (WHERE metered) AS requests,
    sum(c.input_tokens) FILTER (WHERE metered)::bigint AS input_tokens,
    sum(c.cache_read_tokens) FILTER (WHERE metered)::bigint AS cache_read_tokens,
    sum(c.cache_write_5m_tokens) FILTER (WHERE metered)::bigint AS cache_write_5m_tokens,
    sum(c.cache_write_1h_tokens) FILTER (WHERE metered)::bigint AS cache_write_1h_tokens,
    sum(c.output_tokens) FILTER (WHERE metered)::bigint AS output_tokens,
    sum(c.reasoning_tokens) FILTER (WHERE metered)::bigint AS reasoning_tokens,
    sum(c.web_search_requests) FILTER (WHERE metered)::bigint AS web_search_requests,
    sum(c.cost_micros) FILTER (WHERE metered)::bigint AS cost_micros,
    count(*) FILTER (WHERE metered AND c.cost_micros IS NULL) AS unpriced_requests,
    count(*) FILTER (WHERE metered AND cardinality(c.seen_by) > 1) AS seen_by_several,
    count(*) AS reports,
    count(c.cost_micros + c.reported_cost_micros) AS compared_requests,
    sum(c.cost_micros) FILTER (WHERE c.reported_cost_micros IS NOT NULL)::bigint AS our_micros,
    sum(c.reported_cost_micros) FILTER (WHERE c.cost_micros IS NOT NULL)::bigint AS reported_micros
FROM rollup_pieces('usage', since, until, grain) AS p
JOIN cost_ledger AS c ON p.hours = 0 AND c.tenant = (SELECT tally_tenant()) AND c.ts >= p.low AND c.ts < p.high
LEFT JOIN LATERAL (
    SELECT f.skill_name
    FROM skill_invocations AS f
    WHERE f.tenant = c.tenant AND f.kind = 'skill' AND f.session_id = c.session_id AND f.prompt_id = c.prompt_id
        AND f.ts <= c.ts
    ORDER BY f.ts DESC, f.id DESC
    LIMIT 1
) AS fire ON true
CROSS JOIN LATERAL (
    SELECT NOT c.seen_by <@ '{otlp}'::text[] OR NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.session_id = c.session_id AND 'transcript' = ANY (t.seen_by)
            AND t.ts > c.ts - interval '1 minute'
    ) AND NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.prompt_id = c.prompt_id AND 'transcript' = ANY (t.seen_by)
    ) AS metered
) AS counts
GROUP BY 1, c.engineer_id, c.model, c.repo, 5, c.runtime
$$;

-- A session may go on after its transcript was last read, so a transcript stands for what an exporter told only up to
-- where it has come.
CREATE OR REPLACE VIEW metered_requests WITH (security_invoker = true) AS
SELECT c.*
FROM cost_ledger AS c
WHERE NOT c.seen_by <@ '{otlp}'::text[]
   OR NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.session_id = c.session_id AND 'transcript' = ANY (t.seen_by)
            AND t.ts > c.ts - interval '1 minute'
    ) AND NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.prompt_id = c.prompt_id AND 'transcript' = ANY (t.seen_by)
    );
COMMENT ON VIEW metered_requests IS 'cost_ledger with each request once: of a prompt that a transcript tells of, and of a session up to where its transcript has come, what an exporter alone reported is left out. Sum over this, never over cost_ledger.';
