-- Writes down what became of deliveries: done, parked with the reason, or waiting for the next try.
UPDATE deliveries AS d SET
    state = r.state, reason = r.reason, tries = r.tries, next_try_at = now() + make_interval(secs => r.delay),
    processed_at = CASE WHEN r.state <> 'waiting' THEN now() END
FROM json_to_recordset(%(rows)s) AS r (id bigint, state text, reason text, tries integer, delay double precision)
WHERE d.tenant = tally_tenant() AND d.id = r.id AND d.state = 'waiting'
