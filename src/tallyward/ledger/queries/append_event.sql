-- Appends one event that is about no work item.
SELECT tally_append_event(%(kind)s, NULL, %(payload)s::jsonb) AS event_id
