-- Sums of some blocks, from the sums of the next smaller size. First by duration too; the rest is summed where a row's
-- first duration stands.
INSERT INTO rollup_fires_by_place (
    hours, bucket, kind, skill_name, repo, model, runtime, fires, successful, errors, abandoned, seen_by_several,
    latency_count, latency_hist, input_tokens, output_tokens, cost_usd_cents, cost_micros
)
SELECT
    %(size)s, block, kind, skill_name, repo, model, runtime,
    sum(fires), sum(successful), sum(errors), sum(abandoned), sum(seen_by_several), sum(latency_count),
    array_agg((latency << 40) + counted ORDER BY latency) FILTER (WHERE latency IS NOT NULL),
    sum(input_tokens), sum(output_tokens), sum(cost_usd_cents), sum(cost_micros)
FROM (
    SELECT
        date_bin(make_interval(hours => %(size)s), r.bucket, '2000-01-01 00:00:00+00') AS block,
        r.kind, r.skill_name, r.repo, r.model, r.runtime, entry >> 40 AS latency,
        sum(entry & 1099511627775)::bigint AS counted,
        sum(r.fires) FILTER (WHERE nth IS NULL OR nth = 1) AS fires,
        sum(r.successful) FILTER (WHERE nth IS NULL OR nth = 1) AS successful,
        sum(r.errors) FILTER (WHERE nth IS NULL OR nth = 1) AS errors,
        sum(r.abandoned) FILTER (WHERE nth IS NULL OR nth = 1) AS abandoned,
        sum(r.seen_by_several) FILTER (WHERE nth IS NULL OR nth = 1) AS seen_by_several,
        sum(r.latency_count) FILTER (WHERE nth IS NULL OR nth = 1) AS latency_count,
        sum(r.input_tokens) FILTER (WHERE nth IS NULL OR nth = 1) AS input_tokens,
        sum(r.output_tokens) FILTER (WHERE nth IS NULL OR nth = 1) AS output_tokens,
        sum(r.cost_usd_cents) FILTER (WHERE nth IS NULL OR nth = 1) AS cost_usd_cents,
        sum(r.cost_micros) FILTER (WHERE nth IS NULL OR nth = 1) AS cost_micros
    FROM rollup_fires_by_place AS r
    LEFT JOIN LATERAL unnest(r.latency_hist) WITH ORDINALITY AS hist (entry, nth) ON true
    WHERE r.tenant = tally_tenant() AND r.hours = %(smaller)s AND r.bucket >= %(since)s AND r.bucket < %(until)s
        AND date_bin(make_interval(hours => %(size)s), r.bucket, '2000-01-01 00:00:00+00') = ANY(%(buckets)s)
    GROUP BY block, r.kind, r.skill_name, r.repo, r.model, r.runtime, latency
) AS parts
GROUP BY block, kind, skill_name, repo, model, runtime
ORDER BY block
