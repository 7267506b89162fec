-- Adds a sealed secret and writes the act to the audit trail.
WITH added AS (
    INSERT INTO webhook_secrets (name, sealed, expires_at) VALUES (%(name)s, %(sealed)s, %(expires_at)s)
    RETURNING id, name, created_at, expires_at, revoked_at
), event AS (
    SELECT tally_append_event('webhook_secret.added', NULL, jsonb_build_object(
        'secret_id', id, 'name', name, 'expires_at', expires_at, 'actor', %(actor)s::text)) AS event_id
    FROM added
)
SELECT added.* FROM added, event
