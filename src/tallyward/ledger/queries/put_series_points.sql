-- Adds points of series. One that is known learns what is new of it, and changes its place only then.
INSERT INTO series_points AS p (measurement, series, ns, ts, repo, pr, tags, fields)
SELECT
    r.measurement, r.series, r.ns, 'epoch'::timestamptz + r.ns / 1000 * interval '1 microsecond', r.repo, r.pr, r.tags,
    r.fields
FROM json_to_recordset(%(rows)s) AS r (
    measurement text, series text, ns bigint, repo text, pr integer, tags jsonb, fields jsonb
)
ORDER BY r.ns
ON CONFLICT (tenant, series, ns) DO UPDATE SET fields = p.fields || excluded.fields, change = excluded.change
WHERE p.fields || excluded.fields IS DISTINCT FROM p.fields
RETURNING 1 AS changed
