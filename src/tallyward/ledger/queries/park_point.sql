-- Writes down a point that a sink will never take.
INSERT INTO sink_parked AS p (sink, series, ns, change, reason, parked_at)
VALUES (%(sink)s, %(series)s, %(ns)s, %(change)s, %(reason)s, %(now)s)
ON CONFLICT (tenant, sink, series, ns) DO UPDATE SET
    change = excluded.change, reason = excluded.reason, parked_at = excluded.parked_at
