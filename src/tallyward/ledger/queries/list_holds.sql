-- The last holds, newest first, each with how it ended.
SELECT began.seq, began.payload AS began, ending.payload AS ended
FROM (
    SELECT seq, series, payload FROM events_outbox
    WHERE kind = 'scope.hold_started'
    ORDER BY seq DESC
    LIMIT %(limit)s
) AS began
LEFT JOIN LATERAL (
    SELECT e.payload FROM events_outbox AS e
    WHERE e.series = began.series AND e.kind = 'scope.hold_ended' AND e.payload ->> 'hold' = began.seq::text
    LIMIT 1
) AS ending ON true
ORDER BY began.seq DESC
