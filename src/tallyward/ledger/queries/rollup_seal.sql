-- Seals the hours before a moment, a few days at a time where there is much, and marks each as still to be summed. The
-- hour before them is marked too: blocks that end within the new hours contain it, and can be summed now.
WITH first AS (
    SELECT s.sealed_until AS old, least(
        (SELECT min(f.ts) FROM skill_invocations AS f WHERE f.tenant = tally_tenant() AND f.ts >= s.sealed_until),
        (SELECT min(c.ts) FROM cost_ledger AS c WHERE c.tenant = tally_tenant() AND c.ts >= s.sealed_until)
    ) AS ts
    FROM rollup_state AS s
    WHERE s.tenant = tally_tenant() AND s.sealed_until < %(target)s::timestamptz
), step AS (
    SELECT old, rollup_hour(ts) AS begins, CASE WHEN ts < %(target)s::timestamptz
        THEN least(date_bin('1 day', ts, '2000-01-01 00:00:00+00') + make_interval(days => %(days)s), %(target)s::timestamptz)
        ELSE %(target)s::timestamptz END AS ends
    FROM first
), marked AS (
    INSERT INTO rollup_marks (family, hour)
    SELECT family, hour
    FROM (
        SELECT old - interval '1 hour' AS hour FROM step WHERE old > '2000-01-01 00:00:00+00'
        UNION ALL
        SELECT generate_series(begins, ends - interval '1 hour', '1 hour') FROM step WHERE begins < ends
    ) AS hours
    CROSS JOIN unnest(ARRAY['fires', 'usage']) AS family
)
UPDATE rollup_state AS s SET sealed_until = step.ends FROM step WHERE s.tenant = tally_tenant()
RETURNING s.sealed_until
