-- The rates after each of the last merges, newest first.
SELECT seq, payload FROM events_outbox WHERE kind = 'metric.rates' ORDER BY seq DESC LIMIT %(limit)s
