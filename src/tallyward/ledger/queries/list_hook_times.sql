-- How long the hooks of each engineer took, over the days of UTC that the range touches: the counts of each book.
SELECT engineer_id, array_agg(hook_ms) AS counts
FROM capture_reports
WHERE tenant = tally_tenant() AND hook_ms IS NOT NULL
    AND day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date
    AND day < %(until)s::timestamptz AT TIME ZONE 'UTC'
    AND (%(engineer)s::text IS NULL OR engineer_id = %(engineer)s)
GROUP BY engineer_id
ORDER BY engineer_id
