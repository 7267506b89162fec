-- A sink has taken everything up to a place.
UPDATE sink_cursors SET
    position = %(position)s, sent = sent + %(sent)s, failures = 0, retry_at = NULL, last_error = NULL,
    delivered_at = CASE WHEN %(sent)s > 0 THEN %(now)s ELSE delivered_at END
WHERE sink = %(sink)s
