-- What every measure reads: the fires and the metered requests of a span, summed. The bodies here sum the rows
-- themselves; a later step lets them read sums that are kept.

-- Durations are kept as counts in buckets whose bounds grow by 2^(1/16), so a quantile is within 2.2 % of the true one,
-- and exact below 28 ms. A bucket and its count are one number: bucket * 2^40 + count.
CREATE FUNCTION latency_bounds() RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31,
    32, 34, 35, 37, 39, 40, 42, 44, 46, 48, 50, 52, 54, 57, 59, 62, 64, 67, 70, 73, 77, 80, 83, 87, 91, 95, 99, 104,
    108, 113, 118, 123, 128, 134, 140, 146, 153, 159, 166, 174, 182, 190, 198, 207, 216, 225, 235, 246, 256, 268,
    280, 292, 305, 318, 332, 347, 363, 379, 395, 413, 431, 450, 470, 491, 512, 535, 559, 584, 609, 636, 664, 694,
    725, 757, 790, 825, 862, 900, 940, 981, 1024, 1070, 1117, 1167, 1218, 1272, 1328, 1387, 1449, 1513, 1580, 1650,
    1723, 1799, 1879, 1962, 2048, 2139, 2234, 2333, 2436, 2544, 2656, 2774, 2897, 3025, 3159, 3299, 3445, 3597,
    3757, 3923, 4096, 4278, 4467, 4665, 4871, 5087, 5312, 5548, 5793, 6050, 6317, 6597, 6889, 7194, 7513, 7845,
    8192, 8555, 8934, 9329, 9742, 10174, 10624, 11095, 11586, 12099, 12634, 13194, 13778, 14388, 15025, 15690,
    16384, 17110, 17867, 18658, 19484, 20347, 21248, 22189, 23171, 24197, 25268, 26387, 27555, 28775, 30049, 31379,
    32768, 34219, 35734, 37316, 38968, 40694, 42495, 44377, 46341, 48393, 50536, 52773, 55109, 57549, 60097, 62758,
    65536, 68438, 71468, 74632, 77936, 81387, 84990, 88753, 92682, 96786, 101071, 105546, 110218, 115098, 120194,
    125515, 131072, 136876, 142936, 149264, 155872, 162773, 169980, 177505, 185364, 193571, 202141, 211091, 220436,
    230196, 240388, 251030, 262144, 273751, 285871, 298527, 311744, 325546, 339959, 355010, 370728, 387142, 404282,
    422181, 440872, 460391, 480775, 502060, 524288, 547501, 571741, 597054, 623488, 651092, 679918, 710020, 741456,
    774283, 808563, 844361, 881744, 920782, 961549, 1004120, 1048576, 1095001, 1143481, 1194107, 1246975, 1302183,
    1359835, 1420040, 1482911, 1548565, 1617126, 1688722, 1763488, 1841564, 1923097, 2008240, 2097152, 2190001,
    2286961, 2388213, 2493949, 2604365, 2719670, 2840080, 2965821, 3097129, 3234251, 3377444, 3526976, 3683128,
    3846194, 4016480, 4194304, 4380002, 4573921, 4776426, 4987897, 5208730, 5439340, 5680160, 5931642, 6194258,
    6468502, 6754887, 7053951, 7366256, 7692388, 8032959, 8388608, 8760004, 9147842, 9552852, 9975793, 10417459,
    10878679, 11360319, 11863284, 12388516, 12937003, 13509773, 14107901, 14732511, 15384775, 16065918, 16777216,
    17520007, 18295684, 19105703, 19951585, 20834917, 21757358, 22720638, 23726567, 24777032, 25874005, 27019545,
    28215802, 29465022, 30769550, 32131835, 33554432, 35040014, 36591368, 38211406, 39903170, 41669834, 43514715,
    45441276, 47453133, 49554063, 51748009, 54039089, 56431604, 58930044, 61539100, 64263669, 67108864, 70080028,
    73182736, 76422812, 79806339, 83339668, 87029430, 90882552, 94906266, 99108125, 103496017, 108078177, 112863207,
    117860088, 123078200, 128527337, 134217728, 140160055, 146365471, 152845624, 159612678, 166679335, 174058859,
    181765103, 189812532, 198216250, 206992034, 216156354, 225726413, 235720175, 246156399, 257054674, 268435456,
    280320109, 292730941, 305691247, 319225355, 333358669, 348117718, 363530206, 379625063, 396432500, 413984067,
    432312707, 451452826, 471440350, 492312797, 514109347, 536870912, 560640218, 585461881, 611382493, 638450709,
    666717337, 696235435, 727060411, 759250125, 792865000, 827968133, 864625414, 902905651, 942880700, 984625594,
    1028218694, 1073741824, 1121280436, 1170923762, 1222764986, 1276901417, 1333434673, 1392470869, 1454120822,
    1518500250, 1585730000, 1655936265, 1729250827, 1805811302, 1885761399, 1969251188, 2056437387
}'::integer[];
COMMENT ON FUNCTION latency_bounds() IS 'Lower bounds of the buckets in which durations are counted, in milliseconds; bucket 0 is below the first.';

CREATE FUNCTION latency_bucket(latency_ms integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN width_bucket(latency_ms, latency_bounds());
COMMENT ON FUNCTION latency_bucket IS 'Number of the bucket that a duration falls into.';

CREATE FUNCTION latency_hist(latency_ms integer) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN latency_ms IS NOT NULL THEN ARRAY[(latency_bucket(latency_ms)::bigint << 40) + 1] END;
COMMENT ON FUNCTION latency_hist IS 'The histogram of one duration, NULL when it is unknown.';

-- Of the bucket from `low` to `high` both inclusive: the value whose relative distance to either end is the same.
CREATE FUNCTION latency_of_bucket(bucket integer) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN bucket <= 0 THEN 0
    ELSE 2.0::double precision * (latency_bounds())[bucket]
        * (coalesce((latency_bounds())[bucket + 1]::bigint, 2147483648) - 1)
        / ((latency_bounds())[bucket] + coalesce((latency_bounds())[bucket + 1]::bigint, 2147483648) - 1) END
$$;
COMMENT ON FUNCTION latency_of_bucket IS 'The duration in milliseconds that stands for all in a bucket.';

CREATE FUNCTION latency_hist_tidy(hist bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT array_agg((bucket << 40) + counted ORDER BY bucket)
FROM (
    SELECT entry >> 40 AS bucket, sum(entry & 1099511627775)::bigint AS counted
    FROM unnest(hist) AS entry GROUP BY entry >> 40
) AS buckets
$$;
COMMENT ON FUNCTION latency_hist_tidy IS 'The histogram with each bucket once, in order.';

CREATE FUNCTION latency_hist_add(sum bigint[], more bigint[]) RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF more IS NULL THEN
        RETURN sum;
    END IF;
    sum := sum || more;
    RETURN CASE WHEN cardinality(sum) > 4096 THEN latency_hist_tidy(sum) ELSE sum END;
END $$;
COMMENT ON FUNCTION latency_hist_add IS 'Two histograms as one, tidied when it grows long.';

CREATE AGGREGATE latency_hist_sum(bigint[]) (
    SFUNC = latency_hist_add, STYPE = bigint[], FINALFUNC = latency_hist_tidy, PARALLEL = SAFE
);
COMMENT ON AGGREGATE latency_hist_sum(bigint[]) IS 'Histograms as one; NULL of none.';

CREATE FUNCTION latency_quantile(hist bigint[], fraction double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
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
COMMENT ON FUNCTION latency_quantile IS 'Quantile of a histogram, between two durations as percentile_cont has it; within 2.2 %, NULL of none.';

CREATE FUNCTION fires_by_engineer(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, engineer_id text, kind text, skill_name text, fires bigint, successful bigint, errors bigint, abandoned bigint,
    seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint,
    cost_usd_cents bigint, cost_micros bigint,
    session_ids text[]
) LANGUAGE sql STABLE AS $$
SELECT
    date_bin('1 hour', f.ts, '2000-01-01 00:00:00+00') AS bucket, f.engineer_id, f.kind, f.skill_name,
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
FROM skill_invocations AS f
WHERE f.tenant = (SELECT tally_tenant()) AND f.ts >= since AND f.ts < until
GROUP BY 1, f.engineer_id, f.kind, f.skill_name
$$;
COMMENT ON FUNCTION fires_by_engineer IS 'Fires of a span by engineer, kind and name. bucket is the start of what a row sums: an hour, a day of UTC at most by grain day, or more by grain any.';

CREATE FUNCTION fires_by_place(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, kind text, skill_name text, repo text, model text, runtime text, fires bigint, successful bigint, errors bigint, abandoned bigint,
    seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint,
    cost_usd_cents bigint, cost_micros bigint
) LANGUAGE sql STABLE AS $$
SELECT
    date_bin('1 hour', f.ts, '2000-01-01 00:00:00+00') AS bucket, f.kind, f.skill_name, f.repo, f.model, f.runtime,
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
FROM skill_invocations AS f
WHERE f.tenant = (SELECT tally_tenant()) AND f.ts >= since AND f.ts < until
GROUP BY 1, f.kind, f.skill_name, f.repo, f.model, f.runtime
$$;
COMMENT ON FUNCTION fires_by_place IS 'Fires of a span by kind, name, repository, model and runtime.';

CREATE FUNCTION fires_by_skill(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, kind text, skill_name text, fires bigint, successful bigint, errors bigint, abandoned bigint,
    seen_by_several bigint, latency_count bigint, latency_hist bigint[], input_tokens bigint, output_tokens bigint,
    cost_usd_cents bigint, cost_micros bigint
) LANGUAGE sql STABLE AS $$
SELECT
    date_bin('1 hour', f.ts, '2000-01-01 00:00:00+00') AS bucket, f.kind, f.skill_name,
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
FROM skill_invocations AS f
WHERE f.tenant = (SELECT tally_tenant()) AND f.ts >= since AND f.ts < until
GROUP BY 1, f.kind, f.skill_name
$$;
COMMENT ON FUNCTION fires_by_skill IS 'Fires of a span by kind and name: the fewest rows, for durations of the whole team.';

CREATE FUNCTION usage_by_engineer(since timestamptz, until timestamptz, grain text DEFAULT 'day') RETURNS TABLE (
    bucket timestamptz, engineer_id text, model text, repo text, skill_name text, runtime text, requests bigint,
    input_tokens bigint, cache_read_tokens bigint, cache_write_5m_tokens bigint, cache_write_1h_tokens bigint,
    output_tokens bigint, reasoning_tokens bigint, web_search_requests bigint, cost_micros bigint,
    unpriced_requests bigint, seen_by_several bigint, reports bigint, compared_requests bigint, our_micros bigint,
    reported_micros bigint
) LANGUAGE sql STABLE AS $$
SELECT
    date_bin('1 hour', c.ts, '2000-01-01 00:00:00+00') AS bucket, c.engineer_id, c.model, c.repo,
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
FROM cost_ledger AS c
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
    ) AND NOT EXISTS (
        SELECT FROM cost_ledger AS t
        WHERE t.tenant = c.tenant AND t.prompt_id = c.prompt_id AND 'transcript' = ANY (t.seen_by)
    ) AS metered
) AS counts
WHERE c.tenant = (SELECT tally_tenant()) AND c.ts >= since AND c.ts < until
GROUP BY 1, c.engineer_id, c.model, c.repo, 5, c.runtime
$$;
COMMENT ON FUNCTION usage_by_engineer IS 'Requests of a span by engineer, model, repository, skill (NULL for none) and runtime. requests to unpriced_requests are over metered_requests, the last four over every report.';

-- Newest first, and the edges of a span.
CREATE INDEX skill_invocations_ts ON skill_invocations (tenant, ts);
