-- Makes a sink known; it begins before the first point.
INSERT INTO sink_cursors (sink) VALUES (%(sink)s) ON CONFLICT DO NOTHING
