-- Marks deliveries of the tenant as begun, the first that are due, and gives them. What waits behind an earlier one of its
-- subject is not due. One that was begun before is taken alone, should it be what ended the process.
WITH due AS (
    SELECT d.id, d.tries
    FROM deliveries AS d
    WHERE d.tenant = tally_tenant() AND d.state = 'waiting' AND d.next_try_at <= now()
      AND NOT EXISTS (
          SELECT FROM deliveries AS earlier
          WHERE earlier.tenant = tally_tenant() AND earlier.subject = d.subject AND earlier.state = 'waiting'
            AND earlier.id < d.id AND earlier.next_try_at > now()
      )
    ORDER BY d.id
    LIMIT %(limit)s
), ranked AS (
    SELECT id, min(id) OVER () AS first, min(id) FILTER (WHERE tries > 0) OVER () AS again FROM due
), taken AS (
    SELECT id FROM ranked WHERE again IS NULL OR id < again OR (id = again AND id = first)
)
UPDATE deliveries AS d SET tries = d.tries + 1 FROM taken
WHERE d.tenant = tally_tenant() AND d.id = taken.id AND d.state = 'waiting'
RETURNING d.id, d.subject, d.facts, d.tries, d.received_at
