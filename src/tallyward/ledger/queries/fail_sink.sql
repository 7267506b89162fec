-- A sink took nothing more; when it is tried again, and why it has to be.
UPDATE sink_cursors SET
    failures = failures + 1, retry_at = %(retry_at)s, last_error = %(error)s, failed_at = %(now)s
WHERE sink = %(sink)s
