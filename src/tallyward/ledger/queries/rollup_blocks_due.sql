-- Blocks around some hours that have ended and in which nothing is marked, so that they can be summed.
SELECT DISTINCT b.block
FROM (
    SELECT date_bin(make_interval(hours => %(size)s), hour, '2000-01-01 00:00:00+00') AS block
    FROM unnest(%(hours)s::timestamptz[]) AS hour
) AS b
JOIN rollup_state AS s ON s.tenant = tally_tenant()
WHERE b.block + make_interval(hours => %(size)s) <= s.sealed_until AND NOT EXISTS (
    SELECT FROM rollup_marks AS m
    WHERE m.tenant = tally_tenant() AND m.family = %(family)s AND m.hour >= greatest(b.block, s.raw_from)
        AND m.hour < b.block + make_interval(hours => %(size)s)
)
ORDER BY b.block
