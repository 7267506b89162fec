-- The last turns of the rates, newest first.
SELECT seq, kind, payload FROM events_outbox
WHERE kind IN ('metric.threshold_crossed', 'metric.threshold_withdrawn', 'metric.window_filled', 'metric.early_warning')
ORDER BY seq DESC
LIMIT %(limit)s
