-- How often each step was decided on, day by day in the reader's zone.
SELECT (left(place, 27)::timestamptz AT TIME ZONE %(tz)s)::date AS day, action, count(*) AS decisions
FROM events_outbox
WHERE kind = 'pull_request.decision' AND place >= %(since)s AND (%(until)s::text IS NULL OR place < %(until)s)
GROUP BY day, action
ORDER BY day, action
