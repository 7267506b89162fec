-- Whether fires still come in, and what the laptops' books of today and yesterday say of what did not.
SELECT
    (
        SELECT max(ts) FROM skill_invocations WHERE tenant = tally_tenant() AND ts <= now()
    ) AS latest_fire,
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
