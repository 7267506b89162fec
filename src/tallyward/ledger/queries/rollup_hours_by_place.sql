-- Sums of some hours, from the rows of those hours. First by duration too, so that no row is looked at twice.
INSERT INTO rollup_fires_by_place (
    hours, bucket, kind, skill_name, repo, model, runtime, fires, successful, errors, abandoned, seen_by_several,
    latency_count, latency_hist, input_tokens, output_tokens, cost_usd_cents, cost_micros
)
SELECT
    1, bucket, kind, skill_name, repo, model, runtime, sum(fires), sum(successful), sum(errors), sum(abandoned),
    sum(seen_by_several), coalesce(sum(fires) FILTER (WHERE latency IS NOT NULL), 0),
    array_agg((latency << 40) + fires ORDER BY latency) FILTER (WHERE latency IS NOT NULL),
    sum(input_tokens), sum(output_tokens), sum(cost_usd_cents), sum(cost_micros)
FROM (
    SELECT
        rollup_hour(f.ts) AS bucket, f.kind, f.skill_name, f.repo, f.model, f.runtime,
        latency_bucket(f.latency_ms)::bigint AS latency,
        count(*) AS fires, count(*) FILTER (WHERE f.status = 'success') AS successful,
        count(*) FILTER (WHERE f.status = 'error') AS errors,
        count(*) FILTER (WHERE f.status = 'abandoned') AS abandoned,
        count(*) FILTER (WHERE cardinality(f.seen_by) > 1) AS seen_by_several,
        sum(f.input_tokens) AS input_tokens, sum(f.output_tokens) AS output_tokens,
        sum(f.cost_usd_cents) AS cost_usd_cents, sum(f.cost_micros) AS cost_micros
    FROM skill_invocations AS f
    WHERE f.tenant = tally_tenant() AND f.ts >= %(since)s AND f.ts < %(until)s AND rollup_hour(f.ts) = ANY(%(buckets)s)
    GROUP BY bucket, f.kind, f.skill_name, f.repo, f.model, f.runtime, latency
) AS parts
GROUP BY bucket, kind, skill_name, repo, model, runtime
ORDER BY bucket
