-- Hours of a span that are kept as sums and hold no mark, and whose rows are all there to compare with.
SELECT hour
FROM rollup_state AS s, generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '1 hour', '1 hour') AS hour
WHERE s.tenant = tally_tenant() AND hour >= s.raw_from AND hour < s.sealed_until AND NOT EXISTS (
    SELECT FROM rollup_marks AS m WHERE m.tenant = s.tenant AND m.family = %(family)s AND m.hour = hour
)
ORDER BY hour
