-- The step that was reported under an idempotency key.
SELECT seq, work_item_id, payload FROM events_outbox
WHERE kind = 'phase.transition' AND idempotency_key = %(key)s
