-- What each of some buckets holds, in one word.
SELECT 'rollup_fires_by_engineer' AS sums, t.bucket, md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")) AS digest
FROM rollup_fires_by_engineer AS t
WHERE %(family)s = 'fires' AND t.tenant = tally_tenant() AND t.hours = %(size)s AND t.bucket = ANY(%(buckets)s)
GROUP BY t.bucket
UNION ALL
SELECT 'rollup_fires_by_person' AS sums, t.bucket, md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")) AS digest
FROM rollup_fires_by_person AS t
WHERE %(family)s = 'fires' AND t.tenant = tally_tenant() AND t.hours = %(size)s AND t.bucket = ANY(%(buckets)s)
GROUP BY t.bucket
UNION ALL
SELECT 'rollup_fires_by_place' AS sums, t.bucket, md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")) AS digest
FROM rollup_fires_by_place AS t
WHERE %(family)s = 'fires' AND t.tenant = tally_tenant() AND t.hours = %(size)s AND t.bucket = ANY(%(buckets)s)
GROUP BY t.bucket
UNION ALL
SELECT 'rollup_fires_by_skill' AS sums, t.bucket, md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")) AS digest
FROM rollup_fires_by_skill AS t
WHERE %(family)s = 'fires' AND t.tenant = tally_tenant() AND t.hours = %(size)s AND t.bucket = ANY(%(buckets)s)
GROUP BY t.bucket
UNION ALL
SELECT 'rollup_usage' AS sums, t.bucket, md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")) AS digest
FROM rollup_usage AS t
WHERE %(family)s = 'usage' AND t.tenant = tally_tenant() AND t.hours = %(size)s AND t.bucket = ANY(%(buckets)s)
GROUP BY t.bucket
