-- Points of series after a place, in the order of their places.
SELECT measurement, series, ns, tags, fields, change
FROM series_points
WHERE change > %(position)s
ORDER BY change
LIMIT %(limit)s
