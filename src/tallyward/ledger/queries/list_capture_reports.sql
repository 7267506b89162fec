-- The books of all machines by day and engineer, the newest day first, as far as the caller may see them.
SELECT
    day, engineer_id, count(*) AS machines,
    sum(stored + duplicate + refused + waiting + lost)::bigint AS fired,
    sum(stored + duplicate + refused + waiting)::bigint AS spooled,
    sum(lost)::bigint AS lost, sum(waiting)::bigint AS waiting,
    sum(stored + duplicate + refused)::bigint AS sent,
    sum(stored)::bigint AS stored, sum(duplicate)::bigint AS duplicate, sum(refused)::bigint AS refused,
    sum(waiting + lost)::bigint AS gap, max(reported_at) AS reported_at
FROM capture_reports
WHERE tenant = tally_tenant() AND day > (now() AT TIME ZONE 'UTC')::date - %(days)s::integer
    AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
GROUP BY day, engineer_id
ORDER BY day DESC, engineer_id
