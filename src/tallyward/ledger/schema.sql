-- The whole schema, as pg_dump writes it after the last migration. Written by scripts/schema; do not edit.
-- It is here to be read: `tally serve` runs the migrations, and a test compares what they make with this.

CREATE FUNCTION public.fires_by_engineer(since timestamp with time zone, until timestamp with time zone, grain text DEFAULT 'day'::text) RETURNS TABLE(bucket timestamp with time zone, engineer_id text, kind text, skill_name text, fires bigint, successful bigint, errors bigint, abandoned bigint, seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint, cost_usd_cents bigint, cost_micros bigint, session_ids text[])
    LANGUAGE sql STABLE
    AS $$
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

COMMENT ON FUNCTION public.fires_by_engineer(since timestamp with time zone, until timestamp with time zone, grain text) IS 'Fires of a span by engineer, kind and name. bucket is the start of what a row sums: an hour, a day of UTC at most by grain day, or more by grain any.';

CREATE FUNCTION public.fires_by_person(since timestamp with time zone, until timestamp with time zone, grain text DEFAULT 'day'::text) RETURNS TABLE(bucket timestamp with time zone, engineer_id text, kind text, fires bigint, successful bigint, errors bigint, abandoned bigint)
    LANGUAGE sql STABLE
    AS $$
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

COMMENT ON FUNCTION public.fires_by_person(since timestamp with time zone, until timestamp with time zone, grain text) IS 'Fires of a span by engineer and kind: few rows, for the shape of each day.';

CREATE FUNCTION public.fires_by_place(since timestamp with time zone, until timestamp with time zone, grain text DEFAULT 'day'::text) RETURNS TABLE(bucket timestamp with time zone, kind text, skill_name text, repo text, model text, runtime text, fires bigint, successful bigint, errors bigint, abandoned bigint, seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint, cost_usd_cents bigint, cost_micros bigint)
    LANGUAGE sql STABLE
    AS $$
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

COMMENT ON FUNCTION public.fires_by_place(since timestamp with time zone, until timestamp with time zone, grain text) IS 'Fires of a span by kind, name, repository, model and runtime.';

CREATE FUNCTION public.fires_by_skill(since timestamp with time zone, until timestamp with time zone, grain text DEFAULT 'day'::text) RETURNS TABLE(bucket timestamp with time zone, kind text, skill_name text, fires bigint, successful bigint, errors bigint, abandoned bigint, seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint, cost_usd_cents bigint, cost_micros bigint)
    LANGUAGE sql STABLE
    AS $$
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

COMMENT ON FUNCTION public.fires_by_skill(since timestamp with time zone, until timestamp with time zone, grain text) IS 'Fires of a span by kind and name: the fewest rows, for durations of the whole team.';

CREATE FUNCTION public.latency_bounds() RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,29,30,31,32,34,35,37,39,40,42,44,46,48,50,52,54,57,59,62,64,67,70,73,77,80,83,87,91,95,99,104,108,113,118,123,128,134,140,146,153,159,166,174,182,190,198,207,216,225,235,246,256,268,280,292,305,318,332,347,363,379,395,413,431,450,470,491,512,535,559,584,609,636,664,694,725,757,790,825,862,900,940,981,1024,1070,1117,1167,1218,1272,1328,1387,1449,1513,1580,1650,1723,1799,1879,1962,2048,2139,2234,2333,2436,2544,2656,2774,2897,3025,3159,3299,3445,3597,3757,3923,4096,4278,4467,4665,4871,5087,5312,5548,5793,6050,6317,6597,6889,7194,7513,7845,8192,8555,8934,9329,9742,10174,10624,11095,11586,12099,12634,13194,13778,14388,15025,15690,16384,17110,17867,18658,19484,20347,21248,22189,23171,24197,25268,26387,27555,28775,30049,31379,32768,34219,35734,37316,38968,40694,42495,44377,46341,48393,50536,52773,55109,57549,60097,62758,65536,68438,71468,74632,77936,81387,84990,88753,92682,96786,101071,105546,110218,115098,120194,125515,131072,136876,142936,149264,155872,162773,169980,177505,185364,193571,202141,211091,220436,230196,240388,251030,262144,273751,285871,298527,311744,325546,339959,355010,370728,387142,404282,422181,440872,460391,480775,502060,524288,547501,571741,597054,623488,651092,679918,710020,741456,774283,808563,844361,881744,920782,961549,1004120,1048576,1095001,1143481,1194107,1246975,1302183,1359835,1420040,1482911,1548565,1617126,1688722,1763488,1841564,1923097,2008240,2097152,2190001,2286961,2388213,2493949,2604365,2719670,2840080,2965821,3097129,3234251,3377444,3526976,3683128,3846194,4016480,4194304,4380002,4573921,4776426,4987897,5208730,5439340,5680160,5931642,6194258,6468502,6754887,7053951,7366256,7692388,8032959,8388608,8760004,9147842,9552852,9975793,10417459,10878679,11360319,11863284,12388516,12937003,13509773,14107901,14732511,15384775,16065918,16777216,17520007,18295684,19105703,19951585,20834917,21757358,22720638,23726567,24777032,25874005,27019545,28215802,29465022,30769550,32131835,33554432,35040014,36591368,38211406,39903170,41669834,43514715,45441276,47453133,49554063,51748009,54039089,56431604,58930044,61539100,64263669,67108864,70080028,73182736,76422812,79806339,83339668,87029430,90882552,94906266,99108125,103496017,108078177,112863207,117860088,123078200,128527337,134217728,140160055,146365471,152845624,159612678,166679335,174058859,181765103,189812532,198216250,206992034,216156354,225726413,235720175,246156399,257054674,268435456,280320109,292730941,305691247,319225355,333358669,348117718,363530206,379625063,396432500,413984067,432312707,451452826,471440350,492312797,514109347,536870912,560640218,585461881,611382493,638450709,666717337,696235435,727060411,759250125,792865000,827968133,864625414,902905651,942880700,984625594,1028218694,1073741824,1121280436,1170923762,1222764986,1276901417,1333434673,1392470869,1454120822,1518500250,1585730000,1655936265,1729250827,1805811302,1885761399,1969251188,2056437387}'::integer[];

COMMENT ON FUNCTION public.latency_bounds() IS 'Lower bounds of the buckets in which durations are counted, in milliseconds; bucket 0 is below the first.';

CREATE FUNCTION public.latency_bucket(latency_ms integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN width_bucket(latency_ms, public.latency_bounds());

COMMENT ON FUNCTION public.latency_bucket(latency_ms integer) IS 'Number of the bucket that a duration falls into.';

CREATE FUNCTION public.latency_hist(latency_ms integer) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (latency_ms IS NOT NULL) THEN ARRAY[(((public.latency_bucket(latency_ms))::bigint << 40) + 1)] ELSE NULL::bigint[] END;

COMMENT ON FUNCTION public.latency_hist(latency_ms integer) IS 'The histogram of one duration, NULL when it is unknown.';

CREATE FUNCTION public.latency_hist_add(sum bigint[], more bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
BEGIN
    IF more IS NULL THEN
        RETURN sum;
    END IF;
    sum := sum || more;
    RETURN CASE WHEN cardinality(sum) > 4096 THEN latency_hist_tidy(sum) ELSE sum END;
END $$;

COMMENT ON FUNCTION public.latency_hist_add(sum bigint[], more bigint[]) IS 'Two histograms as one, tidied when it grows long.';

CREATE FUNCTION public.latency_hist_tidy(hist bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
SELECT array_agg((bucket << 40) + counted ORDER BY bucket)
FROM (
    SELECT entry >> 40 AS bucket, sum(entry & 1099511627775)::bigint AS counted
    FROM unnest(hist) AS entry GROUP BY entry >> 40
) AS buckets
$$;

COMMENT ON FUNCTION public.latency_hist_tidy(hist bigint[]) IS 'The histogram with each bucket once, in order.';

CREATE FUNCTION public.latency_of_bucket(bucket integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
SELECT CASE WHEN bucket <= 0 THEN 0
    ELSE 2.0::double precision * (latency_bounds())[bucket]
        * (coalesce((latency_bounds())[bucket + 1]::bigint, 2147483648) - 1)
        / ((latency_bounds())[bucket] + coalesce((latency_bounds())[bucket + 1]::bigint, 2147483648) - 1) END
$$;

COMMENT ON FUNCTION public.latency_of_bucket(bucket integer) IS 'The duration in milliseconds that stands for all in a bucket.';

CREATE FUNCTION public.latency_quantile(hist bigint[], fraction double precision) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
WITH buckets AS (
    SELECT (entry >> 40)::integer AS bucket, sum(entry & 1099511627775) AS counted
    FROM unnest(hist) AS entry GROUP BY 1
), reached AS (
    SELECT bucket, sum(counted) OVER (ORDER BY bucket) AS upto, sum(counted) OVER () AS n FROM buckets
), place AS (
    SELECT fraction * (max(n)::double precision - 1) AS at FROM reached
)
SELECT round(low + (high - low) * (at - floor(at)))::integer
FROM place
CROSS JOIN LATERAL (
    SELECT latency_of_bucket(min(bucket)) AS low FROM reached WHERE upto > floor(at)
) AS below
CROSS JOIN LATERAL (
    SELECT latency_of_bucket(min(bucket)) AS high FROM reached WHERE upto > ceil(at)
) AS above
$$;

COMMENT ON FUNCTION public.latency_quantile(hist bigint[], fraction double precision) IS 'Quantile of a histogram, between two durations as percentile_cont has it; within 2.2 %, NULL of none.';

CREATE FUNCTION public.rollup_begin() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO rollup_state (tenant) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

COMMENT ON FUNCTION public.rollup_begin() IS 'Gives a new tenant its line in rollup_state.';

CREATE FUNCTION public.rollup_forget(most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.rollup_forget(most integer) IS 'Deletes rows that are kept as sums for good, so many of each table at most; returns how many.';

CREATE FUNCTION public.rollup_hour(ts timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
SELECT date_bin('1 hour'::interval, ts, '2000-01-01 00:00:00+00'::timestamptz)
$$;

COMMENT ON FUNCTION public.rollup_hour(ts timestamp with time zone) IS 'The beginning of the hour in UTC.';

CREATE FUNCTION public.rollup_lock_number() RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT 7236838788 $$;

COMMENT ON FUNCTION public.rollup_lock_number() IS 'Number of the advisory lock between writers and the sealing of hours.';

CREATE FUNCTION public.rollup_mark_fires() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

COMMENT ON FUNCTION public.rollup_mark_fires() IS 'Marks the sealed hours whose sums a change of fires makes wrong.';

CREATE FUNCTION public.rollup_mark_usage() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

COMMENT ON FUNCTION public.rollup_mark_usage() IS 'Marks the sealed hours whose sums a change of metered requests makes wrong.';

CREATE FUNCTION public.rollup_names(names text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT array_agg(DISTINCT name COLLATE "C" ORDER BY name COLLATE "C") FROM unnest(names) AS name
$$;

COMMENT ON FUNCTION public.rollup_names(names text[]) IS 'Names, each once, in order.';

CREATE FUNCTION public.rollup_pieces(family text, since timestamp with time zone, until timestamp with time zone, grain text) RETURNS TABLE(hours integer, low timestamp with time zone, high timestamp with time zone)
    LANGUAGE plpgsql STABLE ROWS 8
    AS $$
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

COMMENT ON FUNCTION public.rollup_pieces(family text, since timestamp with time zone, until timestamp with time zone, grain text) IS 'A span cut into what is kept as sums and what must be read as rows (hours 0).';

CREATE FUNCTION public.tally_append_event(new_kind text, new_work_item_id bigint, new_payload jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    last_seq bigint;
    last_hash bytea;
    stamp timestamptz;
    new_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tally.outbox.' || tally_tenant(), 0));
    SELECT seq, hash INTO last_seq, last_hash FROM events_outbox WHERE tenant = tally_tenant() ORDER BY seq DESC LIMIT 1;
    last_seq := coalesce(last_seq, 0);
    last_hash := coalesce(last_hash, '\x'::bytea);
    stamp := clock_timestamp();
    INSERT INTO events_outbox (kind, work_item_id, payload, created_at, seq, prev_hash, hash)
    VALUES (
        new_kind, new_work_item_id, new_payload, stamp, last_seq + 1, last_hash,
        tally_event_hash(last_hash, tally_tenant(), last_seq + 1, stamp, new_kind, new_work_item_id, new_payload)
    )
    RETURNING id INTO new_id;
    RETURN new_id;
END $$;

COMMENT ON FUNCTION public.tally_append_event(new_kind text, new_work_item_id bigint, new_payload jsonb) IS 'Appends one event to the chain of the current tenant and returns its id.';

CREATE FUNCTION public.tally_event_hash(prev_hash bytea, tenant text, seq bigint, created_at timestamp with time zone, kind text, work_item_id bigint, payload jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256((prev_hash || convert_to((jsonb_build_array(tenant, seq, EXTRACT(epoch FROM created_at), kind, work_item_id, payload))::text, 'UTF8'::name)));

COMMENT ON FUNCTION public.tally_event_hash(prev_hash bytea, tenant text, seq bigint, created_at timestamp with time zone, kind text, work_item_id bigint, payload jsonb) IS 'Hash of an event over its content and the hash before it.';

CREATE FUNCTION public.tally_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'events_outbox is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION public.tally_tenant() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('tally.tenant'::text, true), ''::text);

COMMENT ON FUNCTION public.tally_tenant() IS 'The tenant this transaction speaks for, NULL when it has not said.';

CREATE FUNCTION public.usage_by_engineer(since timestamp with time zone, until timestamp with time zone, grain text DEFAULT 'day'::text) RETURNS TABLE(bucket timestamp with time zone, engineer_id text, model text, repo text, skill_name text, runtime text, requests bigint, input_tokens bigint, cache_read_tokens bigint, cache_write_5m_tokens bigint, cache_write_1h_tokens bigint, output_tokens bigint, reasoning_tokens bigint, web_search_requests bigint, cost_micros bigint, unpriced_requests bigint, seen_by_several bigint, reports bigint, compared_requests bigint, our_micros bigint, reported_micros bigint)
    LANGUAGE sql STABLE
    AS $$
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

COMMENT ON FUNCTION public.usage_by_engineer(since timestamp with time zone, until timestamp with time zone, grain text) IS 'Requests of a span by engineer, model, repository, skill (NULL for none) and runtime. requests to unpriced_requests are over metered_requests, the last four over every report.';

CREATE AGGREGATE public.latency_hist_sum(bigint[]) (
    SFUNC = public.latency_hist_add,
    STYPE = bigint[],
    FINALFUNC = public.latency_hist_tidy,
    PARALLEL = safe
);

COMMENT ON AGGREGATE public.latency_hist_sum(bigint[]) IS 'Histograms as one; NULL of none.';

CREATE AGGREGATE public.rollup_sessions(text[]) (
    SFUNC = array_cat,
    STYPE = text[],
    FINALFUNC = public.rollup_names,
    PARALLEL = safe
);

COMMENT ON AGGREGATE public.rollup_sessions(text[]) IS 'Sessions of the parts of a block, each once.';

CREATE TABLE public.agent_health_stats (
    snapshot_date date NOT NULL,
    agent_name text NOT NULL,
    runs_30d integer NOT NULL,
    prs_opened_30d integer NOT NULL,
    prs_merged_30d integer NOT NULL,
    prs_reverted_30d integer NOT NULL,
    survival_rate numeric(5,3),
    token_cost_cents integer,
    tenant text DEFAULT public.tally_tenant() NOT NULL
);

ALTER TABLE ONLY public.agent_health_stats FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.agent_health_stats IS 'Daily snapshot per agent, over the 30 days before.';

COMMENT ON COLUMN public.agent_health_stats.snapshot_date IS 'Day of the snapshot.';

COMMENT ON COLUMN public.agent_health_stats.agent_name IS 'Agent it is about.';

COMMENT ON COLUMN public.agent_health_stats.runs_30d IS 'Runs that began.';

COMMENT ON COLUMN public.agent_health_stats.prs_opened_30d IS 'Pull requests it opened.';

COMMENT ON COLUMN public.agent_health_stats.prs_merged_30d IS 'Pull requests of its that were merged.';

COMMENT ON COLUMN public.agent_health_stats.prs_reverted_30d IS 'Merged pull requests of its that were reverted.';

COMMENT ON COLUMN public.agent_health_stats.survival_rate IS 'Merged and not reverted over opened; NULL when none was opened.';

COMMENT ON COLUMN public.agent_health_stats.token_cost_cents IS 'What its requests to models cost, in US cents; NULL where nothing is metered.';

COMMENT ON COLUMN public.agent_health_stats.tenant IS 'Organisation; set from the token, never from the body.';

CREATE TABLE public.api_tokens (
    id bigint NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    scopes text[] NOT NULL,
    engineer_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    tenant text DEFAULT public.tally_tenant() NOT NULL
);

ALTER TABLE ONLY public.api_tokens FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.api_tokens IS 'Digests of the bearer tokens; the token itself is shown once and never kept.';

COMMENT ON COLUMN public.api_tokens.id IS 'Number of the token.';

COMMENT ON COLUMN public.api_tokens.name IS 'What it is known by: a laptop, a pod, a person.';

COMMENT ON COLUMN public.api_tokens.digest IS 'SHA-256 of the token.';

COMMENT ON COLUMN public.api_tokens.scopes IS 'What it may do: capture, read, dispatch, approve, admin.';

COMMENT ON COLUMN public.api_tokens.engineer_id IS 'GitHub handle of the person whose rows it shows; NULL for a token of nobody in particular.';

COMMENT ON COLUMN public.api_tokens.created_at IS 'When it was made.';

COMMENT ON COLUMN public.api_tokens.expires_at IS 'When it ends by itself; NULL for never.';

COMMENT ON COLUMN public.api_tokens.revoked_at IS 'When it was ended; NULL while it lives.';

COMMENT ON COLUMN public.api_tokens.last_used_at IS 'When it was last used, to the minute.';

COMMENT ON COLUMN public.api_tokens.tenant IS 'Organisation; set from the token, never from the body.';

ALTER TABLE public.api_tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.api_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.capture_reports (
    machine text NOT NULL,
    day date NOT NULL,
    engineer_id text NOT NULL,
    waiting bigint NOT NULL,
    stored bigint NOT NULL,
    duplicate bigint NOT NULL,
    refused bigint NOT NULL,
    lost bigint NOT NULL,
    losses jsonb DEFAULT '{}'::jsonb NOT NULL,
    version text,
    reported_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    hook_ms bigint[],
    CONSTRAINT capture_reports_hook_ms_check CHECK ((cardinality(hook_ms) = 9)),
    CONSTRAINT capture_reports_machine_check CHECK ((machine ~ '^[0-9a-f]{32}$'::text))
);

ALTER TABLE ONLY public.capture_reports FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.capture_reports IS 'What became of the rows that each laptop fired, by its own books: one row per machine, day and engineer.';

COMMENT ON COLUMN public.capture_reports.machine IS 'Random number of the laptop; it says nothing of the machine, and its name is not asked for.';

COMMENT ON COLUMN public.capture_reports.day IS 'Day of UTC that the rows carry.';

COMMENT ON COLUMN public.capture_reports.engineer_id IS 'GitHub handle that the rows carry, or `unknown`.';

COMMENT ON COLUMN public.capture_reports.waiting IS 'Rows on the laptop that nobody has answered for.';

COMMENT ON COLUMN public.capture_reports.stored IS 'Rows that were new to the server.';

COMMENT ON COLUMN public.capture_reports.duplicate IS 'Rows that the server knew already.';

COMMENT ON COLUMN public.capture_reports.refused IS 'Rows that the server will never take.';

COMMENT ON COLUMN public.capture_reports.lost IS 'Rows and events that the laptop could not keep or read.';

COMMENT ON COLUMN public.capture_reports.losses IS 'The same by reason: overflow, disk, locked, unreadable, corrupt.';

COMMENT ON COLUMN public.capture_reports.version IS 'Version of the client that says so.';

COMMENT ON COLUMN public.capture_reports.reported_at IS 'When the laptop last said so, by the clock of the database.';

COMMENT ON COLUMN public.capture_reports.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.capture_reports.hook_ms IS 'Events by how long the hook took, within 5, 10, 20, 30, 50, 100, 200 and 500 ms, and longer; NULL when the laptop did not tell.';

CREATE TABLE public.context_fetches (
    id bigint NOT NULL,
    ts timestamp with time zone DEFAULT now() NOT NULL,
    agent_name text NOT NULL,
    file_path text NOT NULL,
    repo text,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    fetch_key text DEFAULT (gen_random_uuid())::text NOT NULL
);

ALTER TABLE ONLY public.context_fetches FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.context_fetches IS 'One row per file an agent read inside its repository.';

COMMENT ON COLUMN public.context_fetches.id IS 'Number of the row.';

COMMENT ON COLUMN public.context_fetches.ts IS 'When the file was read.';

COMMENT ON COLUMN public.context_fetches.agent_name IS 'Agent that read it.';

COMMENT ON COLUMN public.context_fetches.file_path IS 'Path relative to the top of the repository; files outside it are not recorded.';

COMMENT ON COLUMN public.context_fetches.repo IS 'Repository as `owner/name`.';

COMMENT ON COLUMN public.context_fetches.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.context_fetches.fetch_key IS 'What makes two reports the same read.';

ALTER TABLE public.context_fetches ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.context_fetches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.cost_ledger (
    request_key text NOT NULL,
    ts timestamp with time zone DEFAULT now() NOT NULL,
    model text NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    cache_read_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_5m_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_1h_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    cost_micros bigint,
    price_version text,
    engineer_id text,
    skill_name text,
    session_id text,
    prompt_id text,
    repo text,
    task_id text,
    work_item_id bigint,
    project text,
    phase text,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    runtime text,
    branch text,
    service_tier text,
    web_search_requests bigint DEFAULT 0 NOT NULL,
    reported_cost_micros bigint,
    seen_by text[] DEFAULT '{sql}'::text[] NOT NULL,
    field_sources jsonb
);

ALTER TABLE ONLY public.cost_ledger FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.cost_ledger IS 'One row per metered request to a model as its key tells it. To sum, use metered_requests.';

COMMENT ON COLUMN public.cost_ledger.request_key IS 'What makes two reports the same request: the number the provider gave it, or its place in the count.';

COMMENT ON COLUMN public.cost_ledger.ts IS 'When the model answered.';

COMMENT ON COLUMN public.cost_ledger.model IS 'Model that answered.';

COMMENT ON COLUMN public.cost_ledger.input_tokens IS 'Fresh input tokens.';

COMMENT ON COLUMN public.cost_ledger.cache_read_tokens IS 'Input tokens read from the cache.';

COMMENT ON COLUMN public.cost_ledger.cache_write_5m_tokens IS 'Input tokens written to the cache for five minutes.';

COMMENT ON COLUMN public.cost_ledger.cache_write_1h_tokens IS 'Input tokens written to the cache for an hour.';

COMMENT ON COLUMN public.cost_ledger.output_tokens IS 'Output tokens, those of the reasoning included.';

COMMENT ON COLUMN public.cost_ledger.reasoning_tokens IS 'Output tokens spent on reasoning.';

COMMENT ON COLUMN public.cost_ledger.cost_micros IS 'Cost in millionths of a US dollar; NULL when the model has no known price.';

COMMENT ON COLUMN public.cost_ledger.price_version IS 'Which list of prices it was reckoned by, and from which day that price holds where the list says so.';

COMMENT ON COLUMN public.cost_ledger.engineer_id IS 'GitHub handle of the person it is charged to.';

COMMENT ON COLUMN public.cost_ledger.skill_name IS 'Skill it was made for as the sender said; fires of the same prompt say it better.';

COMMENT ON COLUMN public.cost_ledger.session_id IS 'Session of the agent program.';

COMMENT ON COLUMN public.cost_ledger.prompt_id IS 'Prompt within the session.';

COMMENT ON COLUMN public.cost_ledger.repo IS 'Repository as `owner/name`.';

COMMENT ON COLUMN public.cost_ledger.task_id IS 'Task it was made in, where one was dispatched.';

COMMENT ON COLUMN public.cost_ledger.work_item_id IS 'Work item it was made for.';

COMMENT ON COLUMN public.cost_ledger.project IS 'Project of that work item.';

COMMENT ON COLUMN public.cost_ledger.phase IS 'Phase of that work item.';

COMMENT ON COLUMN public.cost_ledger.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.cost_ledger.runtime IS 'Which program on which kind of machine made it; NULL when unknown.';

COMMENT ON COLUMN public.cost_ledger.branch IS 'Git branch that was checked out.';

COMMENT ON COLUMN public.cost_ledger.service_tier IS 'standard, batch, fast, flex or priority; NULL when nobody said, and then the standard price holds.';

COMMENT ON COLUMN public.cost_ledger.web_search_requests IS 'Searches of the web that the provider made and charged for.';

COMMENT ON COLUMN public.cost_ledger.reported_cost_micros IS 'What the client said it cost, in millionths of a US dollar; NULL when it said nothing.';

COMMENT ON COLUMN public.cost_ledger.seen_by IS 'Paths that reported this request: hook, otlp, relay, transcript, api, sql.';

COMMENT ON COLUMN public.cost_ledger.field_sources IS 'Which path gave which text field; NULL when one path gave all.';

CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    sender text NOT NULL,
    delivery_id text NOT NULL,
    body_sha256 text,
    body_bytes integer,
    event text NOT NULL,
    action text,
    subject text NOT NULL,
    repo text,
    number bigint,
    state text NOT NULL,
    reason text,
    facts jsonb,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    processed_at timestamp with time zone,
    recovered boolean DEFAULT false NOT NULL,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['missing'::text, 'waiting'::text, 'done'::text, 'ignored'::text, 'parked'::text])))
);

ALTER TABLE ONLY public.deliveries FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.deliveries IS 'Webhook deliveries of forges, as facts; no body, title, comment or message is kept.';

COMMENT ON COLUMN public.deliveries.id IS 'Number of the delivery, in the order in which they came.';

COMMENT ON COLUMN public.deliveries.sender IS 'Which kind of forge sent it: github or forgejo.';

COMMENT ON COLUMN public.deliveries.delivery_id IS 'The number that the forge gave it, the same when it is sent again.';

COMMENT ON COLUMN public.deliveries.body_sha256 IS 'SHA-256 of the body, by which a repeat under a new number is known; NULL until it came.';

COMMENT ON COLUMN public.deliveries.body_bytes IS 'Length of the body.';

COMMENT ON COLUMN public.deliveries.event IS 'Event as the forge names it.';

COMMENT ON COLUMN public.deliveries.action IS 'What of the event happened, where there are several.';

COMMENT ON COLUMN public.deliveries.subject IS 'What it is about: a pull request, a repository, or the event itself; processed in order for each.';

COMMENT ON COLUMN public.deliveries.repo IS 'Repository as `owner/name`, as it was called then.';

COMMENT ON COLUMN public.deliveries.number IS 'Number of the pull request or issue.';

COMMENT ON COLUMN public.deliveries.state IS 'missing (the forge has it, we do not), waiting, done, ignored, or parked (it needs somebody).';

COMMENT ON COLUMN public.deliveries.reason IS 'Why it is ignored or parked, or what the last try failed with.';

COMMENT ON COLUMN public.deliveries.facts IS 'What it says, by allow-list; NULL where it could not be read.';

COMMENT ON COLUMN public.deliveries.tries IS 'How often it was begun to be processed.';

COMMENT ON COLUMN public.deliveries.next_try_at IS 'Not to be tried before.';

COMMENT ON COLUMN public.deliveries.received_at IS 'When it came, by the clock of the database.';

COMMENT ON COLUMN public.deliveries.processed_at IS 'When it was done, ignored or parked.';

COMMENT ON COLUMN public.deliveries.recovered IS 'Whether it came only because we asked the forge for it.';

COMMENT ON COLUMN public.deliveries.tenant IS 'Organisation; set from the address, which its secret vouches for.';

ALTER TABLE public.deliveries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.events_outbox (
    id bigint NOT NULL,
    kind text NOT NULL,
    work_item_id bigint,
    payload jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    seq bigint NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    idempotency_key text GENERATED ALWAYS AS ((payload ->> 'idempotency_key'::text)) STORED,
    project text GENERATED ALWAYS AS ((payload ->> 'project'::text)) STORED,
    target text GENERATED ALWAYS AS ((payload ->> 'target'::text)) STORED,
    series text GENERATED ALWAYS AS ((payload ->> 'series'::text)) STORED,
    place text GENERATED ALWAYS AS (COALESCE((payload ->> 'place'::text), (((payload ->> 'at'::text) || '/'::text) || lpad((seq)::text, 20, '0'::text)))) STORED COLLATE pg_catalog."C",
    agent text GENERATED ALWAYS AS ((payload ->> 'agent'::text)) STORED COLLATE pg_catalog."C",
    subject text GENERATED ALWAYS AS ((payload ->> 'subject'::text)) STORED COLLATE pg_catalog."C",
    action text GENERATED ALWAYS AS ((payload ->> 'action'::text)) STORED
);

ALTER TABLE ONLY public.events_outbox FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.events_outbox IS 'The only audit trail: append-only, one hash chain per tenant, seq without gaps.';

COMMENT ON COLUMN public.events_outbox.id IS 'Number of the row. It may have gaps; seq has none.';

COMMENT ON COLUMN public.events_outbox.kind IS 'What happened, such as token.created.';

COMMENT ON COLUMN public.events_outbox.work_item_id IS 'Work item it happened to, if any.';

COMMENT ON COLUMN public.events_outbox.payload IS 'Facts of the event: names, numbers and who acted; never content.';

COMMENT ON COLUMN public.events_outbox.created_at IS 'When it was appended, by the clock of the database.';

COMMENT ON COLUMN public.events_outbox.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.events_outbox.seq IS 'Place in the chain of the tenant, from 1, without gaps.';

COMMENT ON COLUMN public.events_outbox.prev_hash IS 'Hash of the event before; empty for the first.';

COMMENT ON COLUMN public.events_outbox.hash IS 'Hash over this event and prev_hash.';

COMMENT ON COLUMN public.events_outbox.idempotency_key IS 'From the payload: what makes a second report the same step.';

COMMENT ON COLUMN public.events_outbox.project IS 'From the payload: project of the work item.';

COMMENT ON COLUMN public.events_outbox.target IS 'From the payload: phase that a work item went to.';

COMMENT ON COLUMN public.events_outbox.series IS 'From the payload: metric and scope whose state the event changes.';

COMMENT ON COLUMN public.events_outbox.place IS 'From the payload: when it happened, then seq: the order of events, however late they were told.';

COMMENT ON COLUMN public.events_outbox.agent IS 'From the payload: agent that it is about.';

COMMENT ON COLUMN public.events_outbox.subject IS 'From the payload: pull request that it is about, as forge, repository and number.';

COMMENT ON COLUMN public.events_outbox.action IS 'From the payload: what was decided or done about it.';

ALTER TABLE public.events_outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.pull_requests (
    repo text NOT NULL,
    number integer,
    state text NOT NULL,
    head_branch text,
    base_branch text,
    head_sha text,
    merge_sha text,
    author text,
    draft boolean DEFAULT false NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    opened_at timestamp with time zone,
    closed_at timestamp with time zone,
    merged_at timestamp with time zone,
    reverted_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    id bigint NOT NULL,
    forge text DEFAULT 'github'::text NOT NULL,
    repo_id bigint,
    agent text,
    agent_evidence text,
    attempts integer DEFAULT 1 NOT NULL,
    review_rounds integer DEFAULT 0 NOT NULL,
    changed_paths text[],
    conflicted boolean,
    reverts_something boolean DEFAULT false NOT NULL,
    reverts_number integer,
    reverts_sha text,
    reverted_by text,
    seen_by text[] DEFAULT '{}'::text[] NOT NULL,
    told jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT pull_requests_agent_evidence_check CHECK ((agent_evidence = ANY (ARRAY['branch'::text, 'author'::text, 'label'::text, 'trailer'::text]))),
    CONSTRAINT pull_requests_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text, 'merged'::text])))
);

ALTER TABLE ONLY public.pull_requests FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.pull_requests IS 'Structural facts of pull requests; never a title, body, comment or diff.';

COMMENT ON COLUMN public.pull_requests.repo IS 'Repository as `owner/name`.';

COMMENT ON COLUMN public.pull_requests.number IS 'Number in the repository; NULL for a merge of a clone that names none.';

COMMENT ON COLUMN public.pull_requests.state IS 'open, closed or merged.';

COMMENT ON COLUMN public.pull_requests.head_branch IS 'Branch it brings; NULL where nobody said.';

COMMENT ON COLUMN public.pull_requests.base_branch IS 'Branch it goes to.';

COMMENT ON COLUMN public.pull_requests.head_sha IS 'Last commit of the branch it brings.';

COMMENT ON COLUMN public.pull_requests.merge_sha IS 'Commit that merged it.';

COMMENT ON COLUMN public.pull_requests.author IS 'GitHub handle of whoever opened it.';

COMMENT ON COLUMN public.pull_requests.draft IS 'Whether it is marked as a draft.';

COMMENT ON COLUMN public.pull_requests.labels IS 'Names of its labels.';

COMMENT ON COLUMN public.pull_requests.opened_at IS 'When it was opened.';

COMMENT ON COLUMN public.pull_requests.closed_at IS 'When it was closed or merged.';

COMMENT ON COLUMN public.pull_requests.merged_at IS 'When it was merged.';

COMMENT ON COLUMN public.pull_requests.reverted_at IS 'When its merge was undone.';

COMMENT ON COLUMN public.pull_requests.updated_at IS 'When it last changed, by the clock of the forge.';

COMMENT ON COLUMN public.pull_requests.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.pull_requests.id IS 'Key of the row; a number may be missing and a name may change.';

COMMENT ON COLUMN public.pull_requests.forge IS 'Where it was opened: github or forgejo.';

COMMENT ON COLUMN public.pull_requests.repo_id IS 'The repository by the forge''s own number, which a rename and a transfer leave as it is.';

COMMENT ON COLUMN public.pull_requests.agent IS 'Agent whose work it is, by the rules of the tenant; NULL for people''s.';

COMMENT ON COLUMN public.pull_requests.agent_evidence IS 'Mark that told of the agent: branch, author, label or trailer.';

COMMENT ON COLUMN public.pull_requests.attempts IS '1, and 1 more for each round of review that a push answered; an estimate where only a clone tells of it.';

COMMENT ON COLUMN public.pull_requests.review_rounds IS 'How often a reviewer asked for changes.';

COMMENT ON COLUMN public.pull_requests.changed_paths IS 'Paths it changes, the first 1000 of them; NULL where nobody said.';

COMMENT ON COLUMN public.pull_requests.conflicted IS 'Whether its two sides cannot be merged by themselves; NULL where nobody tried.';

COMMENT ON COLUMN public.pull_requests.reverts_something IS 'Whether it says that it takes another change back.';

COMMENT ON COLUMN public.pull_requests.reverts_number IS 'Number of the pull request that it takes back.';

COMMENT ON COLUMN public.pull_requests.reverts_sha IS 'Commit that it takes back, or the beginning of its name.';

COMMENT ON COLUMN public.pull_requests.reverted_by IS 'What took it back: # and a number, or a commit.';

COMMENT ON COLUMN public.pull_requests.seen_by IS 'Sources that told of it: git, sync, webhook.';

COMMENT ON COLUMN public.pull_requests.told IS 'Whose word each field is and from when, and what merging further words needs.';

CREATE VIEW public.github_prs WITH (security_invoker='true') AS
 SELECT repo,
    number,
    state,
    head_branch,
    base_branch,
    head_sha,
    author,
    draft,
    opened_at AS created_at,
    closed_at,
    merged_at,
    reverted_at,
    tenant,
    merge_sha,
    labels,
    updated_at,
    forge,
    agent,
    attempts,
    review_rounds,
    conflicted,
    reverted_by
   FROM public.pull_requests;

COMMENT ON VIEW public.github_prs IS 'pull_requests under the name and columns that the organisation''s own SQL uses.';

CREATE VIEW public.metered_requests WITH (security_invoker='true') AS
 SELECT request_key,
    ts,
    model,
    input_tokens,
    cache_read_tokens,
    cache_write_5m_tokens,
    cache_write_1h_tokens,
    output_tokens,
    reasoning_tokens,
    cost_micros,
    price_version,
    engineer_id,
    skill_name,
    session_id,
    prompt_id,
    repo,
    task_id,
    work_item_id,
    project,
    phase,
    tenant,
    runtime,
    branch,
    service_tier,
    web_search_requests,
    reported_cost_micros,
    seen_by,
    field_sources
   FROM public.cost_ledger c
  WHERE ((NOT (seen_by <@ '{otlp}'::text[])) OR ((NOT (EXISTS ( SELECT
           FROM public.cost_ledger t
          WHERE ((tenant = tenant) AND (session_id = session_id) AND ('transcript'::text = ANY (seen_by)) AND (ts > (ts - '00:01:00'::interval)))))) AND (NOT (EXISTS ( SELECT
           FROM public.cost_ledger t
          WHERE ((tenant = tenant) AND (prompt_id = prompt_id) AND ('transcript'::text = ANY (seen_by))))))));

COMMENT ON VIEW public.metered_requests IS 'cost_ledger with each request once: of a prompt that a transcript tells of, and of a session up to where its transcript has come, what an exporter alone reported is left out. Sum over this, never over cost_ledger.';

ALTER TABLE public.pull_requests ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.pull_requests_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.rollup_fires_by_engineer (
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    hours integer NOT NULL,
    bucket timestamp with time zone NOT NULL,
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

ALTER TABLE ONLY public.rollup_fires_by_engineer FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.rollup_fires_by_engineer IS 'Sums of skill_invocations by engineer, kind and name. Read them with fires_by_engineer.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.engineer_id IS 'GitHub handle of the person.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.kind IS 'skill, tool, mcp, agent or session.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.skill_name IS 'Name of the skill, tool or agent.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.fires IS 'Rows.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.successful IS 'Of them those that succeeded.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.errors IS 'Of them those that failed.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.abandoned IS 'Of them those whose end nobody heard of.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.seen_by_several IS 'Of them those that more than one path reported.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.latency_count IS 'Of them those whose duration is known.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.latency_hist IS 'Their durations: bucket * 2^40 + count, in order; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.input_tokens IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.output_tokens IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.cost_usd_cents IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.cost_micros IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_engineer.session_ids IS 'Of kind session: the sessions, each once, in order.';

CREATE TABLE public.rollup_fires_by_person (
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    hours integer NOT NULL,
    bucket timestamp with time zone NOT NULL,
    engineer_id text NOT NULL,
    kind text NOT NULL,
    fires bigint NOT NULL,
    successful bigint NOT NULL,
    errors bigint NOT NULL,
    abandoned bigint NOT NULL
);

ALTER TABLE ONLY public.rollup_fires_by_person FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.rollup_fires_by_person IS 'Sums of skill_invocations by engineer and kind. Read them with fires_by_person.';

COMMENT ON COLUMN public.rollup_fires_by_person.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.rollup_fires_by_person.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';

COMMENT ON COLUMN public.rollup_fires_by_person.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';

COMMENT ON COLUMN public.rollup_fires_by_person.engineer_id IS 'GitHub handle of the person.';

COMMENT ON COLUMN public.rollup_fires_by_person.kind IS 'skill, tool, mcp, agent or session.';

COMMENT ON COLUMN public.rollup_fires_by_person.fires IS 'Rows.';

COMMENT ON COLUMN public.rollup_fires_by_person.successful IS 'Of them those that succeeded.';

COMMENT ON COLUMN public.rollup_fires_by_person.errors IS 'Of them those that failed.';

COMMENT ON COLUMN public.rollup_fires_by_person.abandoned IS 'Of them those whose end nobody heard of.';

CREATE TABLE public.rollup_fires_by_place (
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    hours integer NOT NULL,
    bucket timestamp with time zone NOT NULL,
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

ALTER TABLE ONLY public.rollup_fires_by_place FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.rollup_fires_by_place IS 'Sums of skill_invocations by kind, name, repository, model and runtime. Read them with fires_by_place.';

COMMENT ON COLUMN public.rollup_fires_by_place.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.rollup_fires_by_place.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';

COMMENT ON COLUMN public.rollup_fires_by_place.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';

COMMENT ON COLUMN public.rollup_fires_by_place.kind IS 'skill, tool, mcp, agent or session.';

COMMENT ON COLUMN public.rollup_fires_by_place.skill_name IS 'Name of the skill, tool or agent.';

COMMENT ON COLUMN public.rollup_fires_by_place.repo IS 'Repository as `owner/name`.';

COMMENT ON COLUMN public.rollup_fires_by_place.model IS 'Model, where the source says so.';

COMMENT ON COLUMN public.rollup_fires_by_place.runtime IS 'Which program on which kind of machine.';

COMMENT ON COLUMN public.rollup_fires_by_place.fires IS 'Rows.';

COMMENT ON COLUMN public.rollup_fires_by_place.successful IS 'Of them those that succeeded.';

COMMENT ON COLUMN public.rollup_fires_by_place.errors IS 'Of them those that failed.';

COMMENT ON COLUMN public.rollup_fires_by_place.abandoned IS 'Of them those whose end nobody heard of.';

COMMENT ON COLUMN public.rollup_fires_by_place.seen_by_several IS 'Of them those that more than one path reported.';

COMMENT ON COLUMN public.rollup_fires_by_place.latency_count IS 'Of them those whose duration is known.';

COMMENT ON COLUMN public.rollup_fires_by_place.latency_hist IS 'Their durations: bucket * 2^40 + count, in order; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_place.input_tokens IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_place.output_tokens IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_place.cost_usd_cents IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_place.cost_micros IS 'Sum of what is known; NULL of none.';

CREATE TABLE public.rollup_fires_by_skill (
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    hours integer NOT NULL,
    bucket timestamp with time zone NOT NULL,
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

ALTER TABLE ONLY public.rollup_fires_by_skill FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.rollup_fires_by_skill IS 'Sums of skill_invocations by kind and name. Read them with fires_by_skill.';

COMMENT ON COLUMN public.rollup_fires_by_skill.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.rollup_fires_by_skill.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';

COMMENT ON COLUMN public.rollup_fires_by_skill.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';

COMMENT ON COLUMN public.rollup_fires_by_skill.kind IS 'skill, tool, mcp, agent or session.';

COMMENT ON COLUMN public.rollup_fires_by_skill.skill_name IS 'Name of the skill, tool or agent.';

COMMENT ON COLUMN public.rollup_fires_by_skill.fires IS 'Rows.';

COMMENT ON COLUMN public.rollup_fires_by_skill.successful IS 'Of them those that succeeded.';

COMMENT ON COLUMN public.rollup_fires_by_skill.errors IS 'Of them those that failed.';

COMMENT ON COLUMN public.rollup_fires_by_skill.abandoned IS 'Of them those whose end nobody heard of.';

COMMENT ON COLUMN public.rollup_fires_by_skill.seen_by_several IS 'Of them those that more than one path reported.';

COMMENT ON COLUMN public.rollup_fires_by_skill.latency_count IS 'Of them those whose duration is known.';

COMMENT ON COLUMN public.rollup_fires_by_skill.latency_hist IS 'Their durations: bucket * 2^40 + count, in order; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_skill.input_tokens IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_skill.output_tokens IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_skill.cost_usd_cents IS 'Sum of what is known; NULL of none.';

COMMENT ON COLUMN public.rollup_fires_by_skill.cost_micros IS 'Sum of what is known; NULL of none.';

CREATE TABLE public.rollup_marks (
    id bigint NOT NULL,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    family text NOT NULL,
    hour timestamp with time zone NOT NULL,
    CONSTRAINT rollup_marks_family_check CHECK ((family = ANY (ARRAY['fires'::text, 'usage'::text])))
);

ALTER TABLE ONLY public.rollup_marks FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.rollup_marks IS 'Sealed hours whose sums are out of date.';

COMMENT ON COLUMN public.rollup_marks.id IS 'Number of the mark: whoever sums an hour removes the marks that it has seen.';

COMMENT ON COLUMN public.rollup_marks.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.rollup_marks.family IS 'Which sums: fires or usage.';

COMMENT ON COLUMN public.rollup_marks.hour IS 'Beginning of the hour.';

ALTER TABLE public.rollup_marks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.rollup_marks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.rollup_state (
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    sealed_until timestamp with time zone DEFAULT '2000-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    raw_from timestamp with time zone DEFAULT '2000-01-01 00:00:00+00'::timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.rollup_state FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.rollup_state IS 'How far the sums of a tenant reach.';

COMMENT ON COLUMN public.rollup_state.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.rollup_state.sealed_until IS 'Hours from the year 2000 that end by then are kept as sums, but for those with a mark.';

COMMENT ON COLUMN public.rollup_state.raw_from IS 'Hours before are never summed anew: their rows are, or will be, deleted.';

CREATE TABLE public.rollup_usage (
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    hours integer NOT NULL,
    bucket timestamp with time zone NOT NULL,
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

ALTER TABLE ONLY public.rollup_usage FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.rollup_usage IS 'Sums of cost_ledger. Read them with usage_by_engineer.';

COMMENT ON COLUMN public.rollup_usage.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.rollup_usage.hours IS 'How many hours a row sums: 1, 24, 96, 384, 1536 or 6144.';

COMMENT ON COLUMN public.rollup_usage.bucket IS 'Their beginning; a bucket starts at a multiple of its size since the year 2000 in UTC.';

COMMENT ON COLUMN public.rollup_usage.engineer_id IS 'GitHub handle of the person.';

COMMENT ON COLUMN public.rollup_usage.model IS 'Model, where the source says so.';

COMMENT ON COLUMN public.rollup_usage.repo IS 'Repository as `owner/name`.';

COMMENT ON COLUMN public.rollup_usage.skill_name IS 'Name of the skill, tool or agent.';

COMMENT ON COLUMN public.rollup_usage.runtime IS 'Which program on which kind of machine.';

COMMENT ON COLUMN public.rollup_usage.requests IS 'Metered requests, each once.';

COMMENT ON COLUMN public.rollup_usage.input_tokens IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.cache_read_tokens IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.cache_write_5m_tokens IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.cache_write_1h_tokens IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.output_tokens IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.reasoning_tokens IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.web_search_requests IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.cost_micros IS 'Sum over those requests; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.unpriced_requests IS 'Of the requests those whose model has no known price.';

COMMENT ON COLUMN public.rollup_usage.seen_by_several IS 'Of the requests those that more than one path reported.';

COMMENT ON COLUMN public.rollup_usage.reports IS 'Reports, those of one request under two keys included.';

COMMENT ON COLUMN public.rollup_usage.compared_requests IS 'Reports that have both our price and the client''s.';

COMMENT ON COLUMN public.rollup_usage.our_micros IS 'Our price of those; NULL of none.';

COMMENT ON COLUMN public.rollup_usage.reported_micros IS 'The client''s price of those; NULL of none.';

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.schema_migrations IS 'Which migrations made this schema.';

COMMENT ON COLUMN public.schema_migrations.version IS 'Number of the migration.';

COMMENT ON COLUMN public.schema_migrations.name IS 'Its name.';

COMMENT ON COLUMN public.schema_migrations.digest IS 'SHA-256 of its SQL as it ran.';

COMMENT ON COLUMN public.schema_migrations.applied_at IS 'When it ran.';

CREATE TABLE public.series_points (
    measurement text NOT NULL,
    series text NOT NULL,
    ns bigint NOT NULL,
    ts timestamp with time zone NOT NULL,
    repo text,
    pr integer,
    tags jsonb NOT NULL,
    fields jsonb NOT NULL,
    change bigint NOT NULL,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    repo_key text GENERATED ALWAYS AS (replace(repo, '/'::text, '_'::text)) STORED
);

ALTER TABLE ONLY public.series_points FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.series_points IS 'Points of training series, from line protocol and from the server itself.';

COMMENT ON COLUMN public.series_points.measurement IS 'pr_observation, action_taken, outcome, or one that the tenant names.';

COMMENT ON COLUMN public.series_points.series IS 'Measurement and tags as line protocol writes them.';

COMMENT ON COLUMN public.series_points.ns IS 'Moment in nanoseconds since 1970.';

COMMENT ON COLUMN public.series_points.ts IS 'The same moment, to the microsecond.';

COMMENT ON COLUMN public.series_points.repo IS 'Tag repo, as it was told: owner/name, or owner_name from the capture script.';

COMMENT ON COLUMN public.series_points.pr IS 'Tag pr: number of the pull request.';

COMMENT ON COLUMN public.series_points.tags IS 'Every tag.';

COMMENT ON COLUMN public.series_points.fields IS 'Every field that was told of this series at this moment; the last value of each.';

COMMENT ON COLUMN public.series_points.change IS 'Place in the order of commits; a point that learns a field moves to the end.';

COMMENT ON COLUMN public.series_points.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.series_points.repo_key IS 'The repository with _ for /, as the capture script writes it: what points of one pull request are joined by.';

ALTER TABLE public.series_points ALTER COLUMN change ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.series_points_change_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.sink_cursors (
    sink text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    sent bigint DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone,
    last_error text,
    failed_at timestamp with time zone,
    delivered_at timestamp with time zone,
    tenant text DEFAULT public.tally_tenant() NOT NULL
);

ALTER TABLE ONLY public.sink_cursors FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.sink_cursors IS 'Sinks that points of series are forwarded to, and how far each has come.';

COMMENT ON COLUMN public.sink_cursors.sink IS 'Name of the sink in the tenant''s settings.';

COMMENT ON COLUMN public.sink_cursors."position" IS 'series_points.change up to which the sink has said that it has everything.';

COMMENT ON COLUMN public.sink_cursors.sent IS 'How many points it has taken.';

COMMENT ON COLUMN public.sink_cursors.failures IS 'Failures since it last took something.';

COMMENT ON COLUMN public.sink_cursors.retry_at IS 'When it is tried again; NULL while it takes what comes.';

COMMENT ON COLUMN public.sink_cursors.last_error IS 'What it failed with last, and has not taken anything since; NULL while it is well.';

COMMENT ON COLUMN public.sink_cursors.failed_at IS 'When it failed last.';

COMMENT ON COLUMN public.sink_cursors.delivered_at IS 'When it took something last.';

COMMENT ON COLUMN public.sink_cursors.tenant IS 'Organisation whose points they are.';

CREATE TABLE public.sink_parked (
    sink text NOT NULL,
    series text NOT NULL,
    ns bigint NOT NULL,
    change bigint NOT NULL,
    reason text NOT NULL,
    parked_at timestamp with time zone DEFAULT now() NOT NULL,
    tenant text DEFAULT public.tally_tenant() NOT NULL
);

ALTER TABLE ONLY public.sink_parked FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.sink_parked IS 'Points that a sink refused for good; the others went on.';

COMMENT ON COLUMN public.sink_parked.sink IS 'Name of the sink.';

COMMENT ON COLUMN public.sink_parked.series IS 'Series of the point.';

COMMENT ON COLUMN public.sink_parked.ns IS 'Moment of the point in nanoseconds since 1970.';

COMMENT ON COLUMN public.sink_parked.change IS 'The change that was refused; a later one of the same point is sent again.';

COMMENT ON COLUMN public.sink_parked.reason IS 'What the sink said.';

COMMENT ON COLUMN public.sink_parked.parked_at IS 'When it said so.';

COMMENT ON COLUMN public.sink_parked.tenant IS 'Organisation whose points they are.';

CREATE TABLE public.skill_invocations (
    id bigint NOT NULL,
    ts timestamp with time zone DEFAULT now() NOT NULL,
    engineer_id text NOT NULL,
    skill_name text NOT NULL,
    repo text,
    runtime text NOT NULL,
    model text,
    latency_ms integer,
    status text NOT NULL,
    input_tokens integer,
    output_tokens integer,
    cost_usd_cents integer,
    arg_hash text,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    fire_key text DEFAULT (gen_random_uuid())::text NOT NULL,
    kind text DEFAULT 'skill'::text NOT NULL,
    session_id text,
    prompt_id text,
    branch text,
    cost_micros bigint,
    seen_by text[] DEFAULT '{sql}'::text[] NOT NULL,
    field_sources jsonb,
    request_bytes bigint,
    response_bytes bigint,
    CONSTRAINT skill_invocations_kind_check CHECK ((kind = ANY (ARRAY['skill'::text, 'tool'::text, 'mcp'::text, 'agent'::text, 'session'::text]))),
    CONSTRAINT skill_invocations_status_check CHECK ((status = ANY (ARRAY['success'::text, 'abandoned'::text, 'error'::text])))
);

ALTER TABLE ONLY public.skill_invocations FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.skill_invocations IS 'One row per fire: a skill, tool, MCP call, agent, or the work of one prompt.';

COMMENT ON COLUMN public.skill_invocations.id IS 'Number of the row; the answer to whoever reported the fire.';

COMMENT ON COLUMN public.skill_invocations.ts IS 'When the fire was first seen, by the clock of the machine it ran on.';

COMMENT ON COLUMN public.skill_invocations.engineer_id IS 'GitHub handle of the person, or `unknown`.';

COMMENT ON COLUMN public.skill_invocations.skill_name IS 'Name of the skill, tool or agent; `session` for the work of a prompt.';

COMMENT ON COLUMN public.skill_invocations.repo IS 'Repository as `owner/name`, from the git remote.';

COMMENT ON COLUMN public.skill_invocations.runtime IS 'Which program on which kind of machine ran it.';

COMMENT ON COLUMN public.skill_invocations.model IS 'Model that ran it, where the source says so.';

COMMENT ON COLUMN public.skill_invocations.latency_ms IS 'Duration in milliseconds; NULL while it runs or when unknown.';

COMMENT ON COLUMN public.skill_invocations.status IS 'success, abandoned (started, and no end was heard of) or error.';

COMMENT ON COLUMN public.skill_invocations.input_tokens IS 'Fresh input tokens; NULL where nothing is metered.';

COMMENT ON COLUMN public.skill_invocations.output_tokens IS 'Output tokens; NULL where nothing is metered.';

COMMENT ON COLUMN public.skill_invocations.cost_usd_cents IS 'cost_micros in whole US cents, half up; NULL where nothing is metered.';

COMMENT ON COLUMN public.skill_invocations.arg_hash IS 'Keyed fingerprint (HMAC-SHA-256) of the arguments, never the arguments.';

COMMENT ON COLUMN public.skill_invocations.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.skill_invocations.fire_key IS 'What makes two sightings the same fire: the tool use id, or session, prompt and name.';

COMMENT ON COLUMN public.skill_invocations.kind IS 'skill, tool, mcp, agent or session.';

COMMENT ON COLUMN public.skill_invocations.session_id IS 'Session of the agent program.';

COMMENT ON COLUMN public.skill_invocations.prompt_id IS 'Prompt within the session that led to the fire.';

COMMENT ON COLUMN public.skill_invocations.branch IS 'Git branch that was checked out.';

COMMENT ON COLUMN public.skill_invocations.cost_micros IS 'Cost in millionths of a US dollar; NULL where nothing is metered or priced.';

COMMENT ON COLUMN public.skill_invocations.seen_by IS 'Paths that reported this fire: hook, otlp, relay, transcript, api, sql.';

COMMENT ON COLUMN public.skill_invocations.field_sources IS 'Which path gave which text field; NULL when one path gave all.';

COMMENT ON COLUMN public.skill_invocations.request_bytes IS 'Size of what the tool was asked, in bytes; NULL when nobody told.';

COMMENT ON COLUMN public.skill_invocations.response_bytes IS 'Size of what the tool answered, in bytes; NULL when it has not or nobody told.';

ALTER TABLE public.skill_invocations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.skill_invocations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.tenants (
    id text NOT NULL,
    label text NOT NULL,
    sample boolean DEFAULT false NOT NULL,
    arg_key text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    catch_up jsonb,
    CONSTRAINT tenants_id_check CHECK ((id ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);

ALTER TABLE ONLY public.tenants FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.tenants IS 'Organisations that share this ledger.';

COMMENT ON COLUMN public.tenants.id IS 'Name of the organisation: small letters, digits and hyphens.';

COMMENT ON COLUMN public.tenants.label IS 'Name as the pages show it.';

COMMENT ON COLUMN public.tenants.sample IS 'Whether its rows are made up, to fill the pages of a newcomer.';

COMMENT ON COLUMN public.tenants.arg_key IS 'Key of the HMAC that fingerprints arguments on the laptops of this tenant.';

COMMENT ON COLUMN public.tenants.created_at IS 'When it was added.';

COMMENT ON COLUMN public.tenants.catch_up IS 'When its forges were last asked for deliveries that did not arrive, and what they said.';

CREATE VIEW public.training_rows WITH (security_invoker='true') AS
 SELECT 'decision'::text AS source,
    created_at AS at,
    seq AS place,
    subject AS work,
    (payload ->> 'forge'::text) AS forge,
    (payload ->> 'repo'::text) AS repo,
    ((payload ->> 'number'::text))::integer AS pr,
    (payload -> 'state'::text) AS state,
    created_at AS observed_at,
    (payload -> 'candidates'::text) AS candidates,
    action,
    ((payload ->> 'probability'::text))::double precision AS probability,
    (payload ->> 'reason'::text) AS reason,
    (payload ->> 'policy'::text) AS policy,
    ((payload ->> 'dry_run'::text))::boolean AS dry_run,
    (payload -> 'attempts'::text) AS attempts,
    seq AS outcome_place,
    (payload ->> 'result'::text) AS outcome,
    (payload ->> 'detail'::text) AS outcome_detail,
    ((payload ->> 'resolution_hours'::text))::double precision AS resolution_hours,
    created_at AS ended_at,
    subject,
    (payload ->> 'id'::text) AS decision,
    ((payload ->> 'at'::text))::timestamp with time zone AS decided_at,
    (payload ->> 'trust'::text) AS trust,
    (payload ->> 'held'::text) AS held,
    agent,
    ((payload ->> 'head_seen_at'::text))::timestamp with time zone AS head_seen_at
   FROM (public.events_outbox d
     LEFT JOIN LATERAL ( SELECT seq,
            payload,
            created_at
           FROM public.events_outbox e
          WHERE ((kind = 'outcome'::text) AND (subject = subject) AND (seq > seq))
          ORDER BY seq
         LIMIT 1) o ON (true))
  WHERE (kind = 'decision'::text)
UNION ALL
 SELECT 'points'::text AS source,
    ts AS at,
    ns AS place,
    ((repo_key || '#'::text) || pr) AS work,
    NULL::text AS forge,
    repo,
    pr,
    fields AS state,
    ts AS observed_at,
    NULL::jsonb AS candidates,
    (fields ->> 'action'::text) AS action,
    NULL::double precision AS probability,
    (fields ->> 'reason'::text) AS reason,
    NULL::text AS policy,
    NULL::boolean AS dry_run,
    NULL::jsonb AS attempts,
    ns AS outcome_place,
    (fields ->> 'result'::text) AS outcome,
    (fields ->> 'detail'::text) AS outcome_detail,
    ((fields ->> 'resolution_hours'::text))::double precision AS resolution_hours,
    ts AS ended_at,
    NULL::text AS subject,
    NULL::text AS decision,
    ts AS decided_at,
    NULL::text AS trust,
    NULL::text AS held,
    NULL::text AS agent,
    NULL::timestamp with time zone AS head_seen_at
   FROM ((public.series_points a
     LEFT JOIN LATERAL ( SELECT fields,
            ts
           FROM public.series_points p
          WHERE ((measurement = 'pr_observation'::text) AND (repo_key = repo_key) AND (pr = pr) AND (ns <= ns))
          ORDER BY ns DESC, series
         LIMIT 1) s ON (true))
     LEFT JOIN LATERAL ( SELECT fields,
            ts,
            ns
           FROM public.series_points p
          WHERE ((measurement = 'outcome'::text) AND (repo_key = repo_key) AND (pr = pr) AND (ns >= ns))
          ORDER BY ns, series
         LIMIT 1) o ON (true))
  WHERE ((measurement = 'action_taken'::text) AND (NOT (EXISTS ( SELECT
           FROM public.events_outbox e
          WHERE ((kind = 'decision'::text) AND (replace((payload ->> 'repo'::text), '/'::text, '_'::text) = repo_key) AND (((payload ->> 'number'::text))::integer = pr) AND (((payload ->> 'at'::text))::timestamp with time zone = ts))))));

COMMENT ON VIEW public.training_rows IS 'Every decision about a pull request with the state that was known then and the first outcome after it: decisions of our own, and actions of others that were written as points. An open one has no outcome yet.';

CREATE TABLE public.webhook_secrets (
    id bigint NOT NULL,
    name text NOT NULL,
    sealed text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    tenant text DEFAULT public.tally_tenant() NOT NULL
);

ALTER TABLE ONLY public.webhook_secrets FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.webhook_secrets IS 'Secrets that forges sign deliveries with, sealed under a key that is not in the database.';

COMMENT ON COLUMN public.webhook_secrets.id IS 'Number of the secret.';

COMMENT ON COLUMN public.webhook_secrets.name IS 'What somebody called it.';

COMMENT ON COLUMN public.webhook_secrets.sealed IS 'The secret, encrypted and authenticated (Fernet) with its tenant.';

COMMENT ON COLUMN public.webhook_secrets.created_at IS 'When it was added.';

COMMENT ON COLUMN public.webhook_secrets.expires_at IS 'When it ends by itself; NULL for never.';

COMMENT ON COLUMN public.webhook_secrets.revoked_at IS 'When somebody ended it.';

COMMENT ON COLUMN public.webhook_secrets.tenant IS 'Organisation that the secret signs for.';

ALTER TABLE public.webhook_secrets ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.webhook_secrets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.work_items (
    id bigint NOT NULL,
    project text NOT NULL,
    story_id text NOT NULL,
    phase text NOT NULL,
    attempts integer NOT NULL,
    last_verdict text,
    file_scope text[] DEFAULT '{}'::text[] NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    merged_at timestamp with time zone,
    tenant text DEFAULT public.tally_tenant() NOT NULL,
    agent text,
    CONSTRAINT work_items_phase_check CHECK ((phase = ANY (ARRAY['spec'::text, 'build'::text, 'review'::text, 'merge'::text, 'merged'::text, 'abandoned'::text])))
);

ALTER TABLE ONLY public.work_items FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.work_items IS 'Pieces of work as they stand, kept from the phase.transition events of the outbox.';

COMMENT ON COLUMN public.work_items.id IS 'Number of the item; events and costs name it.';

COMMENT ON COLUMN public.work_items.project IS 'Project it belongs to.';

COMMENT ON COLUMN public.work_items.story_id IS 'Story of the project that it is the work on.';

COMMENT ON COLUMN public.work_items.phase IS 'spec, build, review, merge, merged or abandoned.';

COMMENT ON COLUMN public.work_items.attempts IS 'How many times it was built; 1 at its merge is a first pass.';

COMMENT ON COLUMN public.work_items.last_verdict IS 'Last verdict that was reported of it, such as rebase_conflict.';

COMMENT ON COLUMN public.work_items.file_scope IS 'Paths of the repository that it is to change.';

COMMENT ON COLUMN public.work_items.opened_at IS 'When it was first heard of, by the clock of whoever reported.';

COMMENT ON COLUMN public.work_items.updated_at IS 'When it took its last step, by that clock.';

COMMENT ON COLUMN public.work_items.merged_at IS 'When it was merged; NULL until then.';

COMMENT ON COLUMN public.work_items.tenant IS 'Organisation; set from the token, never from the body.';

COMMENT ON COLUMN public.work_items.agent IS 'Agent that last worked on it, as it was reported; NULL where nobody said.';

ALTER TABLE public.work_items ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.work_items_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.agent_health_stats
    ADD CONSTRAINT agent_health_stats_pkey PRIMARY KEY (tenant, snapshot_date, agent_name);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.capture_reports
    ADD CONSTRAINT capture_reports_pkey PRIMARY KEY (tenant, machine, day, engineer_id);

ALTER TABLE ONLY public.context_fetches
    ADD CONSTRAINT context_fetches_fetch UNIQUE (tenant, fetch_key);

ALTER TABLE ONLY public.context_fetches
    ADD CONSTRAINT context_fetches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.cost_ledger
    ADD CONSTRAINT cost_ledger_pkey PRIMARY KEY (tenant, request_key);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_body UNIQUE (tenant, body_sha256);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_delivery UNIQUE (tenant, sender, delivery_id);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events_outbox
    ADD CONSTRAINT events_outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events_outbox
    ADD CONSTRAINT events_outbox_tenant_seq_key UNIQUE (tenant, seq);

ALTER TABLE ONLY public.pull_requests
    ADD CONSTRAINT pull_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rollup_marks
    ADD CONSTRAINT rollup_marks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rollup_state
    ADD CONSTRAINT rollup_state_pkey PRIMARY KEY (tenant);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.series_points
    ADD CONSTRAINT series_points_key PRIMARY KEY (tenant, series, ns);

ALTER TABLE ONLY public.sink_cursors
    ADD CONSTRAINT sink_cursors_key PRIMARY KEY (tenant, sink);

ALTER TABLE ONLY public.sink_parked
    ADD CONSTRAINT sink_parked_key PRIMARY KEY (tenant, sink, series, ns);

ALTER TABLE ONLY public.skill_invocations
    ADD CONSTRAINT skill_invocations_fire UNIQUE (tenant, fire_key);

ALTER TABLE ONLY public.skill_invocations
    ADD CONSTRAINT skill_invocations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.work_items
    ADD CONSTRAINT work_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.work_items
    ADD CONSTRAINT work_items_story UNIQUE (tenant, project, story_id);

CREATE INDEX api_tokens_tenant ON public.api_tokens USING btree (tenant, id);

CREATE INDEX capture_reports_day ON public.capture_reports USING btree (tenant, day);

CREATE INDEX context_fetches_ts ON public.context_fetches USING btree (tenant, ts);

CREATE INDEX cost_ledger_engineer ON public.cost_ledger USING btree (tenant, engineer_id, ts);

CREATE INDEX cost_ledger_exported_prompt ON public.cost_ledger USING btree (tenant, prompt_id) WHERE ((prompt_id IS NOT NULL) AND (seen_by <@ '{otlp}'::text[]));

CREATE INDEX cost_ledger_session ON public.cost_ledger USING btree (tenant, session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX cost_ledger_transcript_prompt ON public.cost_ledger USING btree (tenant, prompt_id) WHERE ((prompt_id IS NOT NULL) AND ('transcript'::text = ANY (seen_by)));

CREATE INDEX cost_ledger_transcript_session ON public.cost_ledger USING btree (tenant, session_id) WHERE ((session_id IS NOT NULL) AND ('transcript'::text = ANY (seen_by)));

CREATE INDEX cost_ledger_ts ON public.cost_ledger USING btree (tenant, ts);

CREATE INDEX deliveries_due ON public.deliveries USING btree (tenant, id) WHERE (state = 'waiting'::text);

CREATE INDEX deliveries_received ON public.deliveries USING btree (tenant, received_at, id);

CREATE INDEX deliveries_unsettled ON public.deliveries USING btree (tenant, id) WHERE (state = ANY (ARRAY['parked'::text, 'missing'::text]));

CREATE INDEX deliveries_waiting ON public.deliveries USING btree (tenant, subject, id) WHERE (state = 'waiting'::text);

CREATE INDEX events_outbox_decided ON public.events_outbox USING btree (tenant, place, action) WHERE (kind = 'pull_request.decision'::text);

CREATE INDEX events_outbox_ended ON public.events_outbox USING btree (tenant, place) WHERE ((kind = 'phase.transition'::text) AND (target = ANY (ARRAY['merged'::text, 'abandoned'::text])));

CREATE UNIQUE INDEX events_outbox_idempotency ON public.events_outbox USING btree (tenant, idempotency_key) WHERE ((kind = 'phase.transition'::text) AND (idempotency_key IS NOT NULL));

CREATE INDEX events_outbox_item ON public.events_outbox USING btree (tenant, work_item_id, seq) WHERE (work_item_id IS NOT NULL);

CREATE INDEX events_outbox_kind ON public.events_outbox USING btree (tenant, kind, seq);

CREATE INDEX events_outbox_merged ON public.events_outbox USING btree (tenant, place) WHERE ((kind = 'phase.transition'::text) AND (target = 'merged'::text));

CREATE INDEX events_outbox_merged_agent ON public.events_outbox USING btree (tenant, agent, place) WHERE ((kind = 'phase.transition'::text) AND (target = 'merged'::text) AND (agent IS NOT NULL));

CREATE UNIQUE INDEX events_outbox_merged_once ON public.events_outbox USING btree (tenant, work_item_id) WHERE ((kind = 'phase.transition'::text) AND (target = 'merged'::text));

CREATE INDEX events_outbox_merged_project ON public.events_outbox USING btree (tenant, project, place) WHERE ((kind = 'phase.transition'::text) AND (target = 'merged'::text));

CREATE INDEX events_outbox_outcomes ON public.events_outbox USING btree (tenant, subject, seq) WHERE (kind = 'pull_request.outcome'::text);

CREATE INDEX events_outbox_subject ON public.events_outbox USING btree (tenant, subject, seq) WHERE (subject IS NOT NULL);

CREATE INDEX events_outbox_subject_done ON public.events_outbox USING btree (tenant, subject, seq) WHERE ((subject IS NOT NULL) AND (action IS DISTINCT FROM 'wait'::text));

CREATE INDEX events_outbox_turns ON public.events_outbox USING btree (tenant, series, place, seq) WHERE (series IS NOT NULL);

CREATE UNIQUE INDEX pull_requests_by_merge ON public.pull_requests USING btree (tenant, repo, merge_sha) WHERE (number IS NULL);

CREATE UNIQUE INDEX pull_requests_by_name ON public.pull_requests USING btree (tenant, repo, number) WHERE ((repo_id IS NULL) AND (number IS NOT NULL));

CREATE INDEX pull_requests_head ON public.pull_requests USING btree (tenant, head_branch text_pattern_ops);

CREATE INDEX pull_requests_head_sha ON public.pull_requests USING btree (tenant, head_sha) WHERE (head_sha IS NOT NULL);

CREATE INDEX pull_requests_merge_sha ON public.pull_requests USING btree (tenant, merge_sha) WHERE (merge_sha IS NOT NULL);

CREATE INDEX pull_requests_merged ON public.pull_requests USING btree (tenant, merged_at) WHERE (merged_at IS NOT NULL);

CREATE INDEX pull_requests_names ON public.pull_requests USING btree (tenant, forge, repo_id, repo) WHERE (repo_id IS NOT NULL);

CREATE INDEX pull_requests_number ON public.pull_requests USING btree (tenant, repo, number);

CREATE UNIQUE INDEX pull_requests_of_repository ON public.pull_requests USING btree (tenant, forge, repo_id, number) WHERE ((repo_id IS NOT NULL) AND (number IS NOT NULL));

CREATE INDEX pull_requests_opened ON public.pull_requests USING btree (tenant, opened_at) WHERE (opened_at IS NOT NULL);

CREATE INDEX pull_requests_reverts_number ON public.pull_requests USING btree (tenant, repo, reverts_number) WHERE (reverts_number IS NOT NULL);

CREATE INDEX pull_requests_reverts_sha ON public.pull_requests USING btree (tenant, reverts_sha) WHERE (reverts_sha IS NOT NULL);

CREATE INDEX rollup_fires_by_engineer_bucket ON public.rollup_fires_by_engineer USING btree (tenant, hours, bucket);

CREATE INDEX rollup_fires_by_person_bucket ON public.rollup_fires_by_person USING btree (tenant, hours, bucket);

CREATE INDEX rollup_fires_by_place_bucket ON public.rollup_fires_by_place USING btree (tenant, hours, bucket);

CREATE INDEX rollup_fires_by_skill_bucket ON public.rollup_fires_by_skill USING btree (tenant, hours, bucket);

CREATE INDEX rollup_marks_hour ON public.rollup_marks USING btree (tenant, family, hour);

CREATE INDEX rollup_usage_bucket ON public.rollup_usage USING btree (tenant, hours, bucket);

CREATE INDEX series_points_change ON public.series_points USING btree (tenant, change);

CREATE INDEX series_points_ts ON public.series_points USING btree (tenant, measurement, ts);

CREATE INDEX series_points_work ON public.series_points USING btree (tenant, measurement, repo_key, pr, ns);

CREATE INDEX skill_invocations_engineer ON public.skill_invocations USING btree (tenant, engineer_id, ts);

CREATE INDEX skill_invocations_runtime ON public.skill_invocations USING btree (tenant, runtime, ts);

CREATE INDEX skill_invocations_session ON public.skill_invocations USING btree (tenant, session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX skill_invocations_skill ON public.skill_invocations USING btree (tenant, skill_name, ts);

CREATE INDEX skill_invocations_skill_of_session ON public.skill_invocations USING btree (tenant, session_id, ts) WHERE ((kind = 'skill'::text) AND (session_id IS NOT NULL));

CREATE INDEX skill_invocations_ts ON public.skill_invocations USING btree (tenant, ts);

CREATE INDEX webhook_secrets_living ON public.webhook_secrets USING btree (tenant) WHERE (revoked_at IS NULL);

CREATE INDEX work_items_in_flight ON public.work_items USING btree (tenant, project, updated_at) WHERE (phase = ANY (ARRAY['build'::text, 'review'::text, 'merge'::text]));

CREATE INDEX work_items_opened ON public.work_items USING btree (tenant, opened_at, id);

CREATE INDEX work_items_updated ON public.work_items USING btree (tenant, updated_at, id);

CREATE TRIGGER events_outbox_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events_outbox FOR EACH STATEMENT EXECUTE FUNCTION public.tally_refuse_change();

CREATE TRIGGER rollup_added AFTER INSERT ON public.cost_ledger REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_usage();

CREATE TRIGGER rollup_added AFTER INSERT ON public.skill_invocations REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_fires();

CREATE TRIGGER rollup_became AFTER UPDATE ON public.cost_ledger REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_usage();

CREATE TRIGGER rollup_became AFTER UPDATE ON public.skill_invocations REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_fires();

CREATE TRIGGER rollup_begin AFTER INSERT ON public.tenants FOR EACH ROW EXECUTE FUNCTION public.rollup_begin();

CREATE TRIGGER rollup_removed AFTER DELETE ON public.cost_ledger REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_usage();

CREATE TRIGGER rollup_removed AFTER DELETE ON public.skill_invocations REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_fires();

CREATE TRIGGER rollup_were AFTER UPDATE ON public.cost_ledger REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_usage();

CREATE TRIGGER rollup_were AFTER UPDATE ON public.skill_invocations REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.rollup_mark_fires();

ALTER TABLE public.agent_health_stats ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.api_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.capture_reports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.context_fetches ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.cost_ledger ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.deliveries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_outbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY presented_token ON public.api_tokens FOR SELECT USING ((digest = ( SELECT decode(NULLIF(current_setting('tally.token_digest'::text, true), ''::text), 'hex'::text) AS decode)));

ALTER TABLE public.pull_requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rollup_fires_by_engineer ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rollup_fires_by_person ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rollup_fires_by_place ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rollup_fires_by_skill ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rollup_marks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rollup_state ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.rollup_usage ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.series_points ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sink_cursors ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sink_parked ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.skill_invocations ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_isolation ON public.agent_health_stats USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.api_tokens USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.capture_reports USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.context_fetches USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.cost_ledger USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.deliveries USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.events_outbox USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.pull_requests USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.rollup_fires_by_engineer USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.rollup_fires_by_person USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.rollup_fires_by_place USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.rollup_fires_by_skill USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.rollup_marks USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.rollup_state USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.rollup_usage USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.series_points USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.sink_cursors USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.sink_parked USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.skill_invocations USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.tenants USING ((id = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((id = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.webhook_secrets USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

CREATE POLICY tenant_isolation ON public.work_items USING ((tenant = ( SELECT public.tally_tenant() AS tally_tenant))) WITH CHECK ((tenant = ( SELECT public.tally_tenant() AS tally_tenant)));

ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenants_to_process ON public.deliveries FOR SELECT USING (((( SELECT current_setting('tally.processing'::text, true) AS current_setting) = 'on'::text) AND (state = 'waiting'::text)));

CREATE POLICY tenants_to_sum ON public.rollup_state FOR SELECT USING ((( SELECT current_setting('tally.summing'::text, true) AS current_setting) = 'on'::text));

ALTER TABLE public.webhook_secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.work_items ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA public TO tally_app;

REVOKE ALL ON FUNCTION public.rollup_forget(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rollup_forget(most integer) TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.agent_health_stats TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.api_tokens TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.capture_reports TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.context_fetches TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.cost_ledger TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.deliveries TO tally_app;

GRANT SELECT,INSERT ON TABLE public.events_outbox TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pull_requests TO tally_app;

GRANT SELECT ON TABLE public.github_prs TO tally_app;

GRANT SELECT ON TABLE public.metered_requests TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rollup_fires_by_engineer TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rollup_fires_by_person TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rollup_fires_by_place TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rollup_fires_by_skill TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rollup_marks TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rollup_state TO tally_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rollup_usage TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.series_points TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.sink_cursors TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.sink_parked TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.skill_invocations TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.tenants TO tally_app;

GRANT UPDATE(catch_up) ON TABLE public.tenants TO tally_app;

GRANT SELECT ON TABLE public.training_rows TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.webhook_secrets TO tally_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.work_items TO tally_app;
