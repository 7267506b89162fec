-- Has deliveries processed again: the one of this number, or every parked one that could be read.
WITH again AS (
    UPDATE deliveries SET state = 'waiting', tries = 0, next_try_at = now(), processed_at = NULL, reason = NULL
    WHERE tenant = tally_tenant() AND facts IS NOT NULL AND state IN ('parked', 'done')
      AND (id = %(id)s OR (%(id)s::bigint IS NULL AND state = 'parked'))
    RETURNING id
), event AS (
    SELECT tally_append_event('deliveries.replayed', NULL, jsonb_build_object(
        'count', count(*), 'first', min(id), 'last', max(id), 'actor', %(actor)s::text)) AS event_id
    FROM again HAVING count(*) > 0
)
SELECT again.id FROM again, event ORDER BY again.id
