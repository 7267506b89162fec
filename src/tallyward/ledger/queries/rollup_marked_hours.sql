-- Sealed hours that were marked when no writer was under way, oldest first. What is marked later waits for the next time.
SELECT DISTINCT m.hour
FROM rollup_marks AS m
JOIN rollup_state AS s ON s.tenant = m.tenant
WHERE m.tenant = tally_tenant() AND m.family = %(family)s AND m.id <= %(last_mark)s
    AND m.hour >= s.raw_from AND m.hour < s.sealed_until
ORDER BY m.hour
LIMIT %(limit)s
