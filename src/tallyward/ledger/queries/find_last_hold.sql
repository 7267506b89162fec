-- The last event of the holds of one story, with the one that it ends.
SELECT last.seq, last.kind, last.payload, began.seq AS began_seq, began.payload AS began
FROM (
    SELECT seq, kind, payload, place FROM events_outbox WHERE series = %(series)s ORDER BY place DESC, seq DESC LIMIT 1
) AS last
LEFT JOIN LATERAL (
    SELECT seq, payload FROM events_outbox
    WHERE series = %(series)s AND kind = 'scope.hold_started' AND place <= last.place
    ORDER BY place DESC, seq DESC
    LIMIT 1
) AS began ON true
