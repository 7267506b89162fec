-- The points that sinks refused, the latest first.
SELECT sink, series, ns, reason, parked_at FROM sink_parked ORDER BY parked_at DESC, series, ns LIMIT %(limit)s
