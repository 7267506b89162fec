-- One event by its row.
SELECT seq, place, work_item_id, payload FROM events_outbox WHERE id = %(id)s
