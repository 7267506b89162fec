-- What holds the work of a pull request at this moment, if anything does.
SELECT began.payload FROM events_outbox AS began
WHERE began.kind = 'scope.hold_started' AND began.project = ANY (%(projects)s)
    AND began.payload ->> 'pull_request' = %(number)s::text AND began.payload ->> 'until' > %(now)s
    AND NOT EXISTS (
        SELECT FROM events_outbox AS e
        WHERE e.series = began.series AND e.kind = 'scope.hold_ended' AND e.payload ->> 'hold' = began.seq::text
    )
ORDER BY began.seq DESC
LIMIT 1
