-- Adds deliveries that are new, by their number and by their body; the others are left out of the answer.
INSERT INTO deliveries (
    sender, delivery_id, body_sha256, body_bytes, event, action, subject, repo, number, state, reason, facts, processed_at
)
SELECT
    r.sender, r.delivery_id, r.body_sha256, r.body_bytes, r.event, r.action, r.subject, r.repo, r.number, r.state,
    r.reason, r.facts, CASE WHEN r.state <> 'waiting' THEN now() END
FROM ROWS FROM (
    json_to_recordset(%(rows)s) AS (
        sender text, delivery_id text, body_sha256 text, body_bytes integer, event text, action text, subject text,
        repo text, number bigint, state text, reason text, facts jsonb
    )
) WITH ORDINALITY AS r (
    sender, delivery_id, body_sha256, body_bytes, event, action, subject, repo, number, state, reason, facts, place
)
ORDER BY r.place
ON CONFLICT DO NOTHING
RETURNING body_sha256, id
