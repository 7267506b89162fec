-- Of the last work items that ended, how many were abandoned.
SELECT count(*) AS ended, count(*) FILTER (WHERE target = 'abandoned') AS abandoned
FROM (
    SELECT target FROM events_outbox
    WHERE kind = 'phase.transition' AND target IN ('merged', 'abandoned')
    ORDER BY place DESC
    LIMIT %(limit)s
) AS last
