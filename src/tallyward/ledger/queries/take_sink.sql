-- A sink that is due, for the one server that gets its lock; nothing where another has it, or it is not due.
SELECT position, failures
FROM sink_cursors
WHERE sink = %(sink)s AND (retry_at IS NULL OR retry_at <= %(now)s)
FOR UPDATE SKIP LOCKED
