-- Appends events that are about no work item, in the order in which they are given.
SELECT count(tally_append_event(told.kind, NULL, told.payload)) AS appended
FROM (
    SELECT event.value ->> 'kind' AS kind, event.value -> 'payload' AS payload
    FROM jsonb_array_elements(%(events)s::jsonb) WITH ORDINALITY AS event (value, place)
    ORDER BY event.place
) AS told
