-- The state of each series before a place: by its last turn that was not withdrawn.
SELECT named.series, found.place, found.state
FROM unnest(%(names)s::text[]) AS named (series), LATERAL (
    SELECT told.place, told.state
    FROM (
        SELECT DISTINCT ON (place) place, kind, payload ->> 'state' AS state
        FROM events_outbox
        WHERE series = named.series AND place < %(place)s
        ORDER BY place DESC, seq DESC
    ) AS told
    WHERE told.kind <> 'metric.threshold_withdrawn'
    LIMIT 1
) AS found
