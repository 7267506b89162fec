-- Adds the tenant with a fresh key where it is new; answers whether it was.
WITH added AS (
    INSERT INTO tenants (id, label, sample, arg_key) VALUES (tally_tenant(), %(label)s, %(sample)s, %(arg_key)s)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), event AS (
    SELECT tally_append_event('tenant.created', NULL, jsonb_build_object('tenant', id, 'sample', %(sample)s::boolean)) AS event_id
    FROM added
)
SELECT count(event.event_id) AS created FROM event
