-- Each sink that is known, how far it is, and what waits for it.
SELECT
    c.sink, c.position, c.sent, c.failures, c.retry_at, c.last_error, c.failed_at, c.delivered_at, w.waiting,
    w.oldest_waiting, p.parked
FROM sink_cursors AS c
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, min(ts) AS oldest_waiting FROM series_points WHERE change > c.position
) AS w
CROSS JOIN LATERAL (SELECT count(*) AS parked FROM sink_parked AS k WHERE k.sink = c.sink) AS p
ORDER BY c.sink
