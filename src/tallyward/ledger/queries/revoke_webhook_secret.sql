-- Ends a secret by its number and writes the act to the audit trail. One that has ended is not ended twice.
WITH ended AS (
    UPDATE webhook_secrets SET revoked_at = now()
    WHERE tenant = tally_tenant() AND revoked_at IS NULL AND id = %(id)s
    RETURNING id, name, created_at, expires_at, revoked_at
), event AS (
    SELECT ended.id, tally_append_event('webhook_secret.revoked', NULL, jsonb_build_object(
        'secret_id', ended.id, 'name', ended.name, 'actor', %(actor)s::text)) AS event_id
    FROM ended
)
SELECT ended.* FROM ended JOIN event USING (id)
