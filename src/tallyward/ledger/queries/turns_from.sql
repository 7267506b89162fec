-- The turns of some series from a place on that were not withdrawn.
SELECT told.series, told.place, told.id, told.state
FROM (
    SELECT DISTINCT ON (series, place) series, place, kind, payload ->> 'crossing' AS id, payload ->> 'state' AS state
    FROM events_outbox
    WHERE series = ANY (%(names)s) AND place >= %(place)s
    ORDER BY series, place, seq DESC
) AS told
WHERE told.kind <> 'metric.threshold_withdrawn'
