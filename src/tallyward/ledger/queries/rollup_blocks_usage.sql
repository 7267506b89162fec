-- Sums of some blocks, from the sums of the next smaller size.
INSERT INTO rollup_usage (
    hours, bucket, engineer_id, model, repo, skill_name, runtime, requests, input_tokens, cache_read_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, web_search_requests, cost_micros,
    unpriced_requests, seen_by_several, reports, compared_requests, our_micros, reported_micros
)
SELECT
    %(size)s, date_bin(make_interval(hours => %(size)s), r.bucket, '2000-01-01 00:00:00+00') AS block,
    r.engineer_id, r.model, r.repo, r.skill_name, r.runtime,
    sum(r.requests), sum(r.input_tokens), sum(r.cache_read_tokens), sum(r.cache_write_5m_tokens),
    sum(r.cache_write_1h_tokens), sum(r.output_tokens), sum(r.reasoning_tokens), sum(r.web_search_requests),
    sum(r.cost_micros), sum(r.unpriced_requests), sum(r.seen_by_several), sum(r.reports), sum(r.compared_requests),
    sum(r.our_micros), sum(r.reported_micros)
FROM rollup_usage AS r
WHERE r.tenant = tally_tenant() AND r.hours = %(smaller)s AND r.bucket >= %(since)s AND r.bucket < %(until)s
    AND date_bin(make_interval(hours => %(size)s), r.bucket, '2000-01-01 00:00:00+00') = ANY(%(buckets)s)
GROUP BY block, r.engineer_id, r.model, r.repo, r.skill_name, r.runtime
ORDER BY block
