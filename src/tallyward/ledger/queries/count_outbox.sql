-- How many events a replay reads.
SELECT count(*) AS events, count(*) FILTER (WHERE kind = 'phase.transition') AS steps FROM events_outbox
