-- Marks deliveries of the tenant as begun, the first that are due, and gives them. One that was begun before is taken
-- alone, should it be what ended the process.
WITH due AS MATERIALIZED (
    SELECT id, tries FROM deliveries
    WHERE tenant = tally_tenant() AND state = 'waiting' AND next_try_at <= now() AND subject <> ALL(%(held)s)
    ORDER BY id
    LIMIT %(limit)s
), ranked AS (
    SELECT id, min(id) OVER () AS first, min(id) FILTER (WHERE tries > 0) OVER () AS again FROM due
)
UPDATE deliveries SET tries = tries + 1
WHERE id = ANY(ARRAY(SELECT id FROM ranked WHERE again IS NULL OR id < again OR (id = again AND id = first)))
  AND tenant = tally_tenant() AND state = 'waiting'
RETURNING id, subject, facts, tries, received_at
