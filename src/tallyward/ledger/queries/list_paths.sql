-- The last looks at each of these pull requests that found something else than the one before, oldest first.
SELECT asked.subject, turns.at, turns.action, turns.reason
FROM unnest(%(subjects)s::text[]) AS asked (subject), LATERAL (
    SELECT looks.seq, left(looks.place, 27)::timestamptz AS at, looks.action, looks.reason
    FROM (
        SELECT
            seq, place, action, reason,
            lag(action) OVER (ORDER BY seq) AS action_before,
            lag(reason) OVER (ORDER BY seq) AS reason_before
        FROM (
            SELECT seq, place, action, payload ->> 'reason' AS reason
            FROM events_outbox
            WHERE subject = asked.subject AND kind = 'pull_request.decision'
            ORDER BY seq DESC
            LIMIT %(limit)s
        ) AS last
    ) AS looks
    WHERE (looks.action, looks.reason) IS DISTINCT FROM (looks.action_before, looks.reason_before)
) AS turns
ORDER BY asked.subject, turns.seq
