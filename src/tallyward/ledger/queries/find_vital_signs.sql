-- Whether fires still come in, what the laptops' books of today and yesterday say of what did not, and how far the sums
-- of the tenant reach; they begin with the year 2000.
SELECT
    (
        SELECT max(ts) FROM skill_invocations WHERE tenant = tally_tenant() AND ts <= now()
    ) AS latest_fire,
    (
        SELECT sealed_until FROM rollup_state WHERE tenant = tally_tenant() AND sealed_until > '2000-01-01 00:00:00+00'
    ) AS sums_until,
    (
        SELECT count(DISTINCT (m.family, m.hour))
        FROM rollup_marks AS m JOIN rollup_state AS s ON s.tenant = m.tenant
        WHERE m.tenant = tally_tenant() AND m.hour < s.sealed_until
    ) AS hours_to_sum,
    coalesce(sum(waiting), 0)::bigint AS waiting,
    count(DISTINCT machine) AS machines,
    coalesce((
        SELECT jsonb_object_agg(cause, lost)
        FROM (
            SELECT loss.key AS cause, sum(loss.value::bigint) AS lost
            FROM capture_reports AS r CROSS JOIN LATERAL jsonb_each_text(r.losses) AS loss
            WHERE r.tenant = tally_tenant() AND r.day >= (now() AT TIME ZONE 'UTC')::date - 1
            GROUP BY loss.key
        ) AS causes
    ), '{}') AS losses
FROM capture_reports
WHERE tenant = tally_tenant() AND day >= (now() AT TIME ZONE 'UTC')::date - 1
